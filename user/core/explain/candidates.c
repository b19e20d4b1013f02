/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Selects and binds as lx_resolve does, once for each side of the roles, but keeps closed rows and does not mind a
 * group without addresses.
 */
#include "candidates.h"

#include <errno.h>
#include <stdlib.h>

#include "user/core/resolve/binding.h"

/* Makes a candidate of every pick. */
static int add_picks(struct lx_candidates *candidates, struct lx_binding *binding)
{
    const struct lx_selection *selection = binding->selection;
    size_t room = candidates->count + selection->pick_count + 1;
    struct lx_candidate_row *items = reallocarray(candidates->items, room, sizeof(*items));
    int error = 0;

    if (!items)
        return -ENOMEM;
    candidates->items = items;
    for (size_t i = 0; i < selection->pick_count && !error; i++) {
        const struct lx_pick *pick = &selection->picks[i];
        const struct lx_row *row = pick->row;
        bool inbound = lx_row_hook(row) == LX_HOOK_TO_ROLE;
        struct lx_candidate_row *candidate = &items[candidates->count];

        if (row->unresolved)
            continue;
        *candidate = (struct lx_candidate_row){.row = row, .side = selection->side, .closed = pick->closed};
        error = lx_bind(binding, pick, inbound ? &row->to : &row->from, &candidate->self);
        if (!error)
            error = lx_bind(binding, pick, inbound ? &row->from : &row->to, &candidate->partner);
        candidates->count++;
    }
    return error;
}

/* The side that the roles have besides `side`, or LX_SIDE_NONE. */
static enum lx_side other_side(const struct lx_selection *selection)
{
    bool external = false, internal = false;

    for (size_t i = 0; i < selection->part_count; i++) {
        external = external || selection->parts[i].role->external;
        internal = internal || selection->parts[i].role->internal;
    }
    if (selection->side == LX_SIDE_EXTERNAL && internal)
        return LX_SIDE_INTERNAL;
    return selection->side == LX_SIDE_INTERNAL && external ? LX_SIDE_EXTERNAL : LX_SIDE_NONE;
}

/* Gathers one side. `other` receives the one that is left, or LX_SIDE_NONE. */
static int gather_side(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
                       struct lx_policy *bound, struct lx_candidates *candidates, enum lx_side *other)
{
    struct lx_diagnostics unheard = {0};
    struct lx_selection selection = {0};
    struct lx_binding binding = {.selection = &selection, .site = site, .request = request, .policy = bound};
    int error = lx_select(file, site, request, &selection, &unheard);

    if (!error)
        error = lx_bind_selves(&binding);
    if (!error)
        error = add_picks(candidates, &binding);
    *other = other_side(&selection);
    if (bound == &candidates->bound[0])
        candidates->side = selection.side;
    lx_binding_free(&binding);
    lx_selection_free(&selection);
    lx_diagnostics_free(&unheard);
    return error;
}

int lx_candidates_gather(const struct lx_policy_file *file, const struct lx_site *site,
                         const struct lx_request *request, struct lx_candidates *candidates)
{
    struct lx_candidates found = {0};
    struct lx_request opposite = *request;
    enum lx_side none;
    int error = gather_side(file, site, request, &found.bound[0], &found, &opposite.side);

    if (!error && opposite.side != LX_SIDE_NONE)
        error = gather_side(file, site, &opposite, &found.bound[1], &found, &none);
    if (error == -E2BIG)
        error = 0; /* that side is too large to be attached at all: nothing of it is near */
    if (error)
        lx_candidates_free(&found);
    else
        *candidates = found;
    return error;
}

void lx_candidates_free(struct lx_candidates *candidates)
{
    free(candidates->items);
    lx_policy_free(&candidates->bound[0]);
    lx_policy_free(&candidates->bound[1]);
    *candidates = (struct lx_candidates){0};
}
