/* SPDX-License-Identifier: GPL-2.0-only */
/* What one hook of an attachment is: what is in force there, and what may soon be instead. As JSON (report_json.h). */
#ifndef LYNCXDP_CORE_REPORT_STATUS_H
#define LYNCXDP_CORE_REPORT_STATUS_H

#include <jansson.h>
#include <lyncxdp/abi.h>
#include <stdbool.h>
#include <stdint.h>

#include "flow_numbers.h"
#include "user/core/resolve/policy.h"

/* How the program of a hook runs: "native", "generic", "tc", or "unknown". */
const char *lx_hook_mode(const struct lx_metadata *metadata, enum lx_hook hook);

/* True when libxdp's dispatcher calls it. */
bool lx_hook_dispatched(const struct lx_metadata *metadata, enum lx_hook hook);

/* One of the interfaces, or pairs, that an attachment stands on, and the word for the state of the hook there. */
struct lx_member_status {
    const struct lx_metadata *metadata;
    const char *state;
};

/*
 * One hook of an attachment. `state` is the word for it: "filtering", "not-running"; `flows` are those of the
 * attachment, NULL when they could not be counted. While a trial is pending, `trial` shows the seconds left;
 * once it has run out, the fallback is in force and `fallback` is true.
 */
struct lx_status {
    const struct lx_metadata *metadata;
    const struct lx_publication *publication; /* of the policy in force */
    const struct lx_publication *shadow;      /* of the candidate beside it, or NULL */
    uint64_t control;                         /* the control word */
    uint64_t now_ms;                          /* milliseconds of CLOCK_BOOTTIME */
    const char *state;
    struct lx_member_status members[LX_MEMBERS]; /* the first is the attachment's own */
    size_t member_count;
    const char *open_port; /* of the same bond, and not filtered; NULL: there is none, or nobody looked */
    const char *tcx;       /* a program that judges what the role sends before it; NULL: none, or nobody looked */
    const char *vlan_tags; /* "judged", "stripped": the list of VLANs does not hold; NULL: none is listed, or unknown */
    const struct lx_flow_numbers *flows;
};

json_t *lx_report_status(const struct lx_status *status, enum lx_hook hook);

#endif
