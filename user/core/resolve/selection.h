/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first half of resolving: which rows a request picks, before any name has an address. Roles bring in the roles
 * that they include; the side, the options and the workloads then decide which rows are there and which are open.
 */
#ifndef LYNCXDP_CORE_SELECTION_H
#define LYNCXDP_CORE_SELECTION_H

#include "user/core/policy/request.h"
#include "user/core/policy/site_file.h"
#include "user/core/text/diagnostic.h"

#define LX_NO_PART ((size_t)-1)

/* A role in use: asked for, or included by one that is. */
struct lx_part {
    const struct lx_role *role; /* borrowed from the file */
    size_t parent;              /* index of the part that includes it, or LX_NO_PART: asked for */
    bool picked;                /* has a row in the selection */
};

/* Why a row that was picked gets no rule. The first that is true counts. */
enum lx_closed {
    LX_OPEN,
    LX_CLOSED_LB,         /* belongs to the other way of load balancing */
    LX_CLOSED_NEEDS,      /* the group that it needs is not set */
    LX_CLOSED_OPTION,     /* all of its options are closed */
    LX_CLOSED_DEFAULT,    /* likewise, one of them by default alone */
    LX_CLOSED_WORKLOAD,   /* none of its workloads was asked for */
    LX_CLOSED_OVERRIDE,   /* the site closes it */
    LX_CLOSED_UNRESOLVED, /* printed without a port or transport */
};

#define LX_CLOSED_REASONS (LX_CLOSED_UNRESOLVED + 1)

struct lx_pick {
    const struct lx_row *row; /* borrowed from the file, the site or, where the site changes it, the selection */
    size_t part;              /* whose row it is, or LX_NO_PART: the site's own */
    enum lx_closed closed;
};

struct lx_selection {
    enum lx_side side;     /* LX_SIDE_NONE: no role in use has sides */
    struct lx_part *parts; /* owned; each role once */
    size_t part_count;
    struct lx_pick *picks; /* owned; in the policy's order, the site's own last */
    size_t pick_count;
    size_t open_count;
    struct lx_row **changed; /* owned: copies of the rows that the site overrides */
    size_t changed_count;
};

/* Picks. Results and errors are those of lx_resolve; the output is untouched unless 0. `site` may be NULL. */
int lx_select(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
              struct lx_selection *selection, struct lx_diagnostics *diagnostics);

void lx_selection_free(struct lx_selection *selection); /* what it owns, not the selection itself */

#endif
