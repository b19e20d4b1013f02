/* SPDX-License-Identifier: GPL-2.0-only */
/* The built-in cases by name, as a site switches them, and what each is for. */
#ifndef LYNCXDP_CORE_BUILT_INS_H
#define LYNCXDP_CORE_BUILT_INS_H

#include <stdint.h>

#define LX_BUILT_INS 11

struct lx_built_in_name {
    const char *name;
    uint32_t bit;        /* enum lx_built_in */
    const char *lets_in; /* what passes while it is on */
};

/* What a host loses by a case that is off, as a sentence; NULL for one that it does not live by. */
const char *lx_built_in_loss(uint32_t bit);

extern const struct lx_built_in_name lx_built_ins[LX_BUILT_INS];

#endif
