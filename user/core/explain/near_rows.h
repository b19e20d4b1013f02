/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every row that could have been about a packet: the rows of a policy, and those that it leaves out because they are
 * closed or belong to the other side of its roles. near_miss.h looks among them for the one that comes nearest.
 */
#ifndef LYNCXDP_CORE_NEAR_ROWS_H
#define LYNCXDP_CORE_NEAR_ROWS_H

#include "user/core/resolve/policy.h"
#include "user/core/resolve/selection.h"

struct lx_near_row {
    const struct lx_row *row; /* borrowed from the policy file or the site */
    enum lx_side side;        /* on which the row was looked at, when the roles have sides */
    enum lx_closed closed;
    const struct lx_prefix_set *self, *partner; /* of its two ends; `partner` NULL: a group without addresses */
};

struct lx_near_rows {
    enum lx_side side;         /* that the request is about */
    struct lx_near_row *items; /* owned; rows of that side first, in the policy's order */
    size_t count;
    struct lx_policy bound[2];         /* own the sets, by side */
    struct lx_selection selections[2]; /* own the rows that a site changes, likewise */
};

/*
 * Gathers. The request is one that lx_resolve took, so that whatever is wrong with it was reported then. Rows that are
 * unresolved in the tables are left out: nothing opens them. Returns 0 or -errno; the output is untouched unless 0.
 * `site` may be NULL.
 */
int lx_near_rows_gather(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
                        struct lx_near_rows *near_rows);

void lx_near_rows_free(struct lx_near_rows *near_rows); /* what they own, not the near rows themselves */

#endif
