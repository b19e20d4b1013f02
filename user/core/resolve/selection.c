/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Picks the rows of a request: the roles are gathered, a side is chosen, and the roles' rows are filtered. Nothing here
 * knows an address.
 */
#include "selection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "request_check.h"

/* What a selection is made of. */
struct inputs {
    const struct lx_policy_file *file;
    const struct lx_site *site; /* may be NULL */
    const struct lx_request *request;
    struct lx_diagnostics *diagnostics;
};

static const struct lx_place nowhere = {0};

/* Adds a role once: whoever reaches it first is its parent. */
static void add_part(struct lx_selection *selection, const struct lx_role *role, size_t parent)
{
    for (size_t i = 0; i < selection->part_count; i++)
        if (selection->parts[i].role == role)
            return;
    selection->parts[selection->part_count++] = (struct lx_part){.role = role, .parent = parent};
}

/* Gathers the roles asked for and, each behind the role that includes it, all that they include. */
static int gather_parts(const struct inputs *inputs, struct lx_selection *selection)
{
    const struct lx_words *asked = &inputs->request->roles;

    size_t roles = 0;

    for (const struct lx_policy_file *file = inputs->file; file; file = file->next)
        roles += file->role_count;
    selection->parts = calloc(roles + 1, sizeof(*selection->parts));
    if (!selection->parts)
        return -ENOMEM;
    for (size_t i = 0; i < asked->count; i++)
        add_part(selection, lx_policy_file_role(inputs->file, asked->items[i]), LX_NO_PART);
    for (size_t i = 0; i < selection->part_count; i++) {
        const struct lx_role *role = selection->parts[i].role;

        for (size_t j = 0; j < role->include_count; j++)
            add_part(selection, role->includes[j], i);
    }
    return 0;
}

/* External where the roles have sides; a side that they do not have is an error. */
static int choose_side(const struct inputs *inputs, struct lx_selection *selection)
{
    const char *role = inputs->request->roles.items[0];
    enum lx_side side = inputs->request->side;
    bool external = false, internal = false;

    for (size_t i = 0; i < selection->part_count; i++) {
        external = external || selection->parts[i].role->external;
        internal = internal || selection->parts[i].role->internal;
    }
    if (side == LX_SIDE_NONE) {
        selection->side = external ? LX_SIDE_EXTERNAL : internal ? LX_SIDE_INTERNAL : LX_SIDE_NONE;
        return 0;
    }
    if (side == LX_SIDE_EXTERNAL ? external : internal) {
        selection->side = side;
        return 0;
    }
    if (!external && !internal)
        lx_diagnose(inputs->diagnostics, LX_ERROR, nowhere, NULL, "the role '%s' has no sides; leave --side out", role);
    else
        lx_diagnose(inputs->diagnostics, LX_ERROR, nowhere, NULL, "the role '%s' has no %s side; write --side %s", role,
                    lx_side_name(side), lx_side_name(external ? LX_SIDE_EXTERNAL : LX_SIDE_INTERNAL));
    return -ENOTSUP;
}

static bool option_off(const struct lx_policy_file *file, const char *option)
{
    for (; file; file = file->next) {
        const struct lx_term *term = lx_terms_find(&file->options, option);

        if (term)
            return term->closed;
    }
    return false;
}

/* The command line first, then the site, then what the policy says of the option. */
static enum lx_closed option_closed(const struct inputs *inputs, const char *option)
{
    bool said = inputs->site && lx_terms_find(&inputs->site->options, option);
    bool off = said && lx_words_contain(&inputs->site->closed_options, option);

    if (lx_words_contain(&inputs->request->without, option))
        return LX_CLOSED_OPTION;
    if (lx_words_contain(&inputs->request->open, option) || (said && !off))
        return LX_OPEN;
    return off ? LX_CLOSED_OPTION : option_off(inputs->file, option) ? LX_CLOSED_DEFAULT : LX_OPEN;
}

/* True when the site or a setting gives the group addresses. */
static bool is_set(const struct inputs *inputs, const char *group)
{
    for (size_t i = 0; i < inputs->request->setting_count; i++)
        if (!strcmp(inputs->request->settings[i].name, group))
            return true;
    return inputs->site && lx_site_group(inputs->site, group);
}

/* Options are alternatives: the row is open while one of them is on, or where it has none. */
static enum lx_closed closed_by_options(const struct inputs *inputs, const struct lx_row *row)
{
    enum lx_closed closed = row->options.count ? LX_CLOSED_OPTION : LX_OPEN;

    for (size_t i = 0; i < row->options.count; i++) {
        enum lx_closed why = option_closed(inputs, row->options.items[i]);

        if (why == LX_OPEN)
            return LX_OPEN;
        if (why == LX_CLOSED_DEFAULT)
            closed = why;
    }
    return closed;
}

/* Workloads are alternatives, too; a row without any belongs to all. */
static enum lx_closed why_closed(const struct inputs *inputs, const struct lx_row *row)
{
    const struct lx_words *asked = &inputs->request->workloads;
    enum lx_lb lb = inputs->request->lb == LX_LB_ANY ? LX_LB_HARDWARE : inputs->request->lb;
    bool workload_on = !row->workloads.count || !asked->count;
    enum lx_closed by_options = closed_by_options(inputs, row);

    for (size_t i = 0; i < row->workloads.count && !workload_on; i++)
        workload_on = lx_words_contain(asked, row->workloads.items[i]);
    if (row->lb != LX_LB_ANY && row->lb != lb)
        return LX_CLOSED_LB;
    if (row->needs && !is_set(inputs, row->needs))
        return LX_CLOSED_NEEDS;
    if (by_options != LX_OPEN)
        return by_options;
    if (!workload_on)
        return LX_CLOSED_WORKLOAD;
    if (row->closed)
        return LX_CLOSED_OVERRIDE;
    return row->unresolved ? LX_CLOSED_UNRESOLVED : LX_OPEN;
}

/* The row as the site changes it, in place of `row`. Returns 0 or -ENOMEM. */
static int override(const struct inputs *inputs, struct lx_selection *selection, const struct lx_row **row)
{
    struct lx_overriding overriding;
    struct lx_row *changed;

    if (!inputs->site || !lx_override_find(&inputs->site->overrides, *row, &overriding, NULL, NULL))
        return 0;
    changed = calloc(1, sizeof(*changed));
    if (!changed || lx_override_apply(&overriding, *row, changed)) {
        free(changed);
        return -ENOMEM;
    }
    selection->changed[selection->changed_count++] = changed;
    *row = changed;
    return 0;
}

static void pick(const struct inputs *inputs, struct lx_selection *selection, const struct lx_row *row, size_t part)
{
    enum lx_closed closed = why_closed(inputs, row);

    selection->picks[selection->pick_count++] = (struct lx_pick){.row = row, .part = part, .closed = closed};
    selection->open_count += closed == LX_OPEN;
}

/* A site may keep a row of its own to one role or to one side. */
static bool site_row_applies(const struct lx_selection *selection, const struct lx_row *row)
{
    if (row->side != LX_SIDE_NONE && row->side != selection->side)
        return false;
    for (size_t i = 0; row->role && i < selection->part_count; i++)
        if (!strcmp(selection->parts[i].role->name, row->role))
            return true;
    return !row->role;
}

static int pick_rows(const struct inputs *inputs, struct lx_selection *selection)
{
    size_t count = inputs->site ? inputs->site->row_count : 0;

    for (size_t i = 0; i < selection->part_count; i++)
        count += selection->parts[i].role->row_count;
    selection->picks = calloc(count + 1, sizeof(*selection->picks));
    selection->changed = calloc(count + 1, sizeof(*selection->changed));
    if (!selection->picks || !selection->changed)
        return -ENOMEM;
    for (size_t i = 0; i < selection->part_count; i++) {
        struct lx_part *part = &selection->parts[i];

        for (size_t j = 0; j < part->role->row_count; j++) {
            const struct lx_row *row = &part->role->rows[j];

            if (row->side != LX_SIDE_NONE && row->side != selection->side)
                continue;
            part->picked = true;
            if (override(inputs, selection, &row))
                return -ENOMEM;
            pick(inputs, selection, row, i);
        }
    }
    for (size_t i = 0; inputs->site && i < inputs->site->row_count; i++)
        if (site_row_applies(selection, &inputs->site->rows[i]))
            pick(inputs, selection, &inputs->site->rows[i], LX_NO_PART);
    return 0;
}

static int check_size(const struct inputs *inputs, const struct lx_selection *selection)
{
    if (selection->open_count <= LX_MAX_ROWS)
        return 0;
    lx_diagnose(inputs->diagnostics, LX_ERROR, nowhere, NULL,
                "the policy has %zu open rows and the limit is %d; close options with --without, or attach fewer roles",
                selection->open_count, LX_MAX_ROWS);
    return -E2BIG;
}

int lx_select(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
              struct lx_selection *selection, struct lx_diagnostics *diagnostics)
{
    struct inputs inputs = {.file = file, .site = site, .request = request, .diagnostics = diagnostics};
    struct lx_selection found = {0};
    int result = lx_request_check(file, site, request, diagnostics);

    if (!result)
        result = gather_parts(&inputs, &found);
    if (!result)
        result = choose_side(&inputs, &found);
    if (!result)
        result = pick_rows(&inputs, &found);
    if (!result)
        result = check_size(&inputs, &found);
    if (result)
        lx_selection_free(&found);
    else
        *selection = found;
    return result;
}

void lx_selection_free(struct lx_selection *selection)
{
    free(selection->parts);
    free(selection->picks);
    for (size_t i = 0; i < selection->changed_count; i++) {
        lx_row_free(selection->changed[i]);
        free(selection->changed[i]);
    }
    free(selection->changed);
    *selection = (struct lx_selection){0};
}
