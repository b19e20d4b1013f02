/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the verbs report, as JSON values: the one form that every renderer starts from. The command line prints them as
 * they are (--json) or picks columns out of them for people, so the two can never tell different stories.
 *
 * Every function returns a new value that the caller owns, or NULL when out of memory. Member names are part of the
 * command line's contract: more may be added, none renamed.
 */
#ifndef LYNCXDP_CORE_REPORT_H
#define LYNCXDP_CORE_REPORT_H

#include <jansson.h>

#include "counters.h"
#include "flow_numbers.h"
#include "user/core/diff/policy_diff.h"
#include "user/core/explain/near_miss.h"
#include "user/core/explain/probe.h"
#include "user/core/policy/policy_file.h"
#include "user/core/resolve/policy.h"
#include "user/core/text/diagnostic.h"

/* How the program of a hook runs: "native", "generic", "tc", or "unknown". */
const char *lx_hook_mode(const struct lx_metadata *metadata, enum lx_hook hook);

/* True when libxdp's dispatcher calls it. */
bool lx_hook_dispatched(const struct lx_metadata *metadata, enum lx_hook hook);

/*
 * One hook of an attachment. `state` is the word for it: "filtering", "not-running"; `flows` are those of the
 * attachment, NULL when they could not be counted. While a trial is pending, `trial` tells the seconds left;
 * once it has run out, the fallback is in force and `fallback` is true.
 */
struct lx_status {
    const struct lx_metadata *metadata;
    const struct lx_publication *publication; /* of the policy in force */
    const struct lx_publication *shadow;      /* of the candidate beside it, or NULL */
    uint64_t control;                         /* the control word */
    uint64_t now_ms;                          /* milliseconds of CLOCK_BOOTTIME */
    const char *state;
    const char *vlan_tags; /* "judged", "stripped": the list of VLANs does not hold; NULL: none is listed, or unknown */
    const struct lx_flow_numbers *flows;
};

json_t *lx_report_status(const struct lx_status *status, enum lx_hook hook);

/* A flow, as it is at `now` (nanoseconds of CLOCK_MONOTONIC). `labels` are LX_ROW_SLOTS. */
json_t *lx_report_flow(const struct lx_metadata *metadata, const struct lx_flow *flow, uint64_t now,
                       const struct lx_row_label *labels);

/*
 * The counters of one hook, where reason `row` is already the sum over the rows; `labels` are LX_ROW_SLOTS. Rows: every
 * labelled one, in the order of their slots; reasons and ports: the non-zero ones, reasons in the order of the ABI,
 * what was dropped before what would have been, ports with the most of both together first.
 */
json_t *lx_report_counters(const struct lx_metadata *metadata, enum lx_hook hook, const struct lx_counters *counters,
                           const struct lx_row_label *labels);

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

/*
 * Adds to reports of counters what was counted a second since `before`, which is the same some seconds ago (NULL: there
 * is none, and nothing was): `packets_per_second` and `bytes_per_second`, of ports `per_second`. Returns 0 or -1.
 */
int lx_report_rates(json_t *reports, const json_t *before, double seconds);

/* The items with the largest members first: `members` are numbers, the first one decides, and end with NULL. */
json_t *lx_report_sorted(const json_t *items, const char *const *members);

/* A sample, with what was made of it. */
struct lx_sampled {
    const struct lx_sample *sample;
    const char *interface;
    uint64_t time;       /* nanoseconds of CLOCK_REALTIME */
    const char *row;     /* that is credited, or of what is dropped comes nearest; NULL: none, or not known */
    const char *nearest; /* in what the packet differs from it; NULL: not known */
};

json_t *lx_report_sample(const struct lx_sampled *sampled);

/* Describes a frame of which all bytes are there. What its headers do not say, or not rightly, is zero. */
void lx_sample_read(const void *frame, size_t length, struct lx_sample *sample);

/* The packet of a sample as a probe. False when it has no ports. */
bool lx_sample_probe(const struct lx_sample *sample, struct lx_probe *probe);

/*
 * A role of a policy file, with the number of rows that its tables print, those of the roles it includes among them:
 * rows that cite one place count once, rows that cite nothing one by one.
 */
json_t *lx_report_role(const struct lx_policy_file *file, const struct lx_role *role);

/* A row. With a rule, also what its two ends resolved to: `source_addresses` and `destination_addresses`. */
json_t *lx_report_row(const struct lx_row *row, const struct lx_rule *rule);

/*
 * The verdict on a probe. `row` and `source` are NULL when no row was credited, or it has no citation. `nearest` and
 * its text (near_miss_text.h) are NULL unless no row allows the packet, and when the rows are not at hand.
 */
struct lx_explanation {
    const struct lx_probe *probe;
    enum lx_hook hook;
    enum lx_egress egress; /* under `track` the role's packets pass that would be dropped */
    bool audit;            /* so does everything */
    uint32_t reason;
    const char *row;
    const char *source;
    const struct lx_near_miss *nearest;
    const char *nearest_text;
};

json_t *lx_report_explanation(const struct lx_explanation *explanation);

/*
 * What a change of policy does: `allowed` and `dropped`, the regions, each with its verdicts `before` and `after`, and
 * `switches`, what is not about rows. A region's addresses are `source_addresses` without `source_except`, and so for
 * the destination. Large sets are one value, however many regions refer to them.
 */
json_t *lx_report_diff(const struct lx_policy_diff *diff);

/* A diagnostic, for `check --json`. */
json_t *lx_report_diagnostic(const struct lx_diagnostic *diagnostic);

#endif
