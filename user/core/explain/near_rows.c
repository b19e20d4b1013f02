/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Selects and binds as lx_resolve does, once for each side of the roles, but keeps closed rows and does not mind a
 * group without addresses.
 */
#include "near_rows.h"

#include <errno.h>
#include <stdlib.h>

#include "user/core/resolve/binding.h"

/* Makes a near row of every pick. */
static int add_picks(struct lx_near_rows *near_rows, struct lx_binding *binding)
{
    const struct lx_selection *selection = binding->selection;
    size_t room = near_rows->count + selection->pick_count + 1;
    struct lx_near_row *items = reallocarray(near_rows->items, room, sizeof(*items));
    int error = 0;

    if (!items)
        return -ENOMEM;
    near_rows->items = items;
    for (size_t i = 0; i < selection->pick_count && !error; i++) {
        const struct lx_pick *pick = &selection->picks[i];
        const struct lx_row *row = pick->row;
        bool inbound = lx_row_hook(row) == LX_HOOK_TO_ROLE;
        struct lx_near_row *near_row = &items[near_rows->count];

        if (row->unresolved)
            continue;
        *near_row = (struct lx_near_row){.row = row, .side = selection->side, .closed = pick->closed};
        error = lx_bind(binding, pick, inbound ? &row->to : &row->from, &near_row->self);
        if (!error)
            error = lx_bind(binding, pick, inbound ? &row->from : &row->to, &near_row->partner);
        near_rows->count++;
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
                       size_t which, struct lx_near_rows *near_rows, enum lx_side *other)
{
    struct lx_diagnostics unheard = {0};
    struct lx_selection *selection = &near_rows->selections[which];
    struct lx_binding binding = {
        .selection = selection, .site = site, .request = request, .policy = &near_rows->bound[which]};
    int error = lx_select(file, site, request, selection, &unheard);

    if (!error)
        error = lx_bind_selves(&binding);
    if (!error)
        error = add_picks(near_rows, &binding);
    *other = other_side(selection);
    if (!which)
        near_rows->side = selection->side;
    lx_binding_free(&binding);
    lx_diagnostics_free(&unheard);
    return error;
}

int lx_near_rows_gather(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
                        struct lx_near_rows *near_rows)
{
    struct lx_near_rows found = {0};
    struct lx_request opposite = *request;
    enum lx_side none;
    int error = gather_side(file, site, request, 0, &found, &opposite.side);

    if (!error && opposite.side != LX_SIDE_NONE)
        error = gather_side(file, site, &opposite, 1, &found, &none);
    if (error == -E2BIG)
        error = 0; /* that side is too large to be attached at all: nothing of it is near */
    if (error)
        lx_near_rows_free(&found);
    else
        *near_rows = found;
    return error;
}

void lx_near_rows_free(struct lx_near_rows *near_rows)
{
    free(near_rows->items);
    for (size_t side = 0; side < 2; side++) {
        lx_policy_free(&near_rows->bound[side]);
        lx_selection_free(&near_rows->selections[side]);
    }
    *near_rows = (struct lx_near_rows){0};
}
