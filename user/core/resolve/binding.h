/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The second half of resolving: what a name means here. Each end of a row becomes a set of prefixes, from the settings
 * of the request first, then from the site; ends that mean the same share one set.
 */
#ifndef LYNCXDP_CORE_BINDING_H
#define LYNCXDP_CORE_BINDING_H

#include "policy.h"
#include "selection.h"

/* A group that open rows name and nobody gives addresses. */
struct lx_missing {
    const char *group;        /* borrowed from `row` */
    const struct lx_row *row; /* the first one that names it */
    size_t others;            /* how many more do */
};

struct lx_binding {
    const struct lx_selection *selection;
    const struct lx_site *site; /* may be NULL */
    const struct lx_request *request;
    struct lx_policy *policy;            /* its `sets` grow; nothing else of it changes */
    const struct lx_prefix_set **selves; /* owned: by part; parts without picked rows have none */
    struct lx_missing *missing;          /* owned: groups without addresses, found so far */
    size_t missing_count;
};

/*
 * Binds every part's `self`, policy->own and policy->protected. `selection`, `site`, `request` and `policy` are set by
 * the caller, the rest is zero. Returns 0 or -ENOMEM.
 */
int lx_bind_selves(struct lx_binding *binding);

/*
 * Binds one end of a picked row. A group without addresses is remembered as missing and leaves `set` NULL. Returns 0
 * or -ENOMEM.
 */
int lx_bind(struct lx_binding *binding, const struct lx_pick *pick, const struct lx_endpoint *endpoint,
            const struct lx_prefix_set **set);

/* The addresses of a group: of the request's settings, else of the site. False where neither has it. */
bool lx_find_group(const struct lx_binding *binding, const char *name, const struct lx_prefix **prefixes,
                   size_t *count);

/* Diagnoses the missing groups, if any. Returns 0 or -EINVAL. */
int lx_binding_check(const struct lx_binding *binding, struct lx_diagnostics *diagnostics);

void lx_binding_free(struct lx_binding *binding); /* what it owns; the sets stay with the policy */

#endif
