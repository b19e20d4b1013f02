/* SPDX-License-Identifier: GPL-2.0-only */
/* What a candidate would change at one hook: what it would newly drop, what newly pass, and why. */
#ifndef LYNCXDP_CORE_REPORT_SHADOW_H
#define LYNCXDP_CORE_REPORT_SHADOW_H

#include <jansson.h>
#include <lyncxdp/abi.h>

/* What a hook's shadow has counted: sums, and the parts of them by change, in no order. */
struct lx_divergence_count {
    struct lx_divergence change;
    struct lx_counter counter;
};

struct lx_shadow_counts {
    struct lx_comparison sum;
    struct lx_divergence_count *changes; /* owned */
    size_t count;
};

/*
 * What a candidate would change at one hook: packets compared, and by transport, destination port, reason and row what
 * would newly be dropped and newly pass, most packets first; puts `counts` into that order. `labels` are LX_ROW_SLOTS.
 */
json_t *lx_report_shadow(struct lx_shadow_counts *counts, const struct lx_publication *candidate,
                         const struct lx_row_label *labels);

#endif
