/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict on a packet, as `explain` gives it, as JSON (report_json.h). */
#ifndef LYNCXDP_CORE_REPORT_VERDICT_H
#define LYNCXDP_CORE_REPORT_VERDICT_H

#include <jansson.h>
#include <lyncxdp/abi.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/core/explain/near_miss.h"
#include "user/core/explain/probe.h"

/*
 * The verdict on a probe. `row`, `source` and `override` are NULL when no row was credited, it has no citation, or it
 * is as printed. `nearest` and its text (near_miss_text.h) are NULL unless no row allows the packet, and when the rows
 * are not at hand.
 */
struct lx_explanation {
    const struct lx_probe *probe;
    enum lx_hook hook;
    enum lx_egress egress; /* under `track` the role's packets pass that would be dropped */
    bool audit;            /* so does everything */
    uint32_t reason;
    const char *row;
    const char *source;
    const char *override; /* the lines of a site that have changed the row */
    const struct lx_near_miss *nearest;
    const char *nearest_text;
};

json_t *lx_report_explanation(const struct lx_explanation *explanation);

#endif
