/* SPDX-License-Identifier: GPL-2.0-only */
/* The flows of an attachment in numbers, as user/kernel counts them and the reports show them. */
#ifndef LYNCXDP_CORE_FLOW_NUMBERS_H
#define LYNCXDP_CORE_FLOW_NUMBERS_H

#include <stdint.h>

struct lx_flow_numbers {
    uint64_t live;      /* neither expired nor evicted */
    uint64_t picked_up; /* of these, so many were running when they were first seen */
    uint64_t evicted;   /* made room for others, expired by then or not */
};

#endif
