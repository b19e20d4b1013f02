/* SPDX-License-Identifier: GPL-2.0-only */
/* What monitor listens to, and how much of it to show. */
#ifndef LYNCXDP_CLI_MONITOR_OPTIONS_H
#define LYNCXDP_CLI_MONITOR_OPTIONS_H

#include "options.h"
#include "user/kernel/read/sampling.h"

/* Samples a second unless another rate is asked for. */
#define LX_MONITOR_RATE 20

struct lx_monitor_options {
    const char *write;
    struct lx_sample_filter filter;
    uint32_t rate, count;
    bool json;
};

struct lx_option_set lx_monitor_option_set(struct lx_monitor_options *options);

#endif
