/* SPDX-License-Identifier: GPL-2.0-only */
/* Groups that nobody knows stand in comments, so that attaching names each that is still missing. */
#include "site_draft.h"

#include <errno.h>
#include <string.h>

#include "user/core/text/words.h"

static const char *const side_names[] = {"external", "internal"};

/* An address, or a list of them where there are several. */
static void print_addresses(const struct lx_draft_side *side, FILE *stream)
{
    char text[LX_PREFIX_TEXT];

    if (side->count != 1)
        fputc('[', stream);
    for (size_t i = 0; i < side->count; i++)
        fprintf(stream, "%s\"%s\"", i ? ", " : "", lx_address_format(&side->addresses[i], text));
    if (side->count != 1)
        fputc(']', stream);
}

static bool has_role(const struct lx_draft_side *side, const char *role)
{
    for (size_t i = 0; i < side->selection.part_count; i++)
        if (side->selection.parts[i].picked && !strcmp(side->selection.parts[i].role->name, role))
            return true;
    return false;
}

static void print_role(const struct lx_site_draft *draft, const char *role, FILE *stream)
{
    const bool sides = draft->side[0].selection.side != LX_SIDE_NONE || draft->side[1].selection.side != LX_SIDE_NONE;
    const char *before = "";

    fprintf(stream, "  %s: %s", role, sides ? "{" : "");
    for (size_t i = 0; i < (sides ? 2 : 1); i++) {
        const struct lx_draft_side *side = &draft->side[i];

        if (!side->interface || !has_role(side, role))
            continue;
        if (sides)
            fprintf(stream, "%s%s: ", before, side_names[i]);
        print_addresses(side, stream);
        before = ", ";
    }
    fputs(sides ? "}\n" : "\n", stream);
}

static void print_self(const struct lx_site_draft *draft, FILE *stream)
{
    fputs("\n# The roles' own addresses. Where an interface has several, leave each role its own.\nself:\n", stream);
    for (size_t i = 0; i < 2; i++) {
        const struct lx_selection *selection = &draft->side[i].selection;

        for (size_t j = 0; draft->side[i].interface && j < selection->part_count; j++)
            if (selection->parts[j].picked && !(i && has_role(&draft->side[0], selection->parts[j].role->name)))
                print_role(draft, selection->parts[j].role->name, stream);
    }
}

/* The name that a row's far end goes by, or NULL. */
static const char *group_of(const struct lx_row *row)
{
    const struct lx_endpoint *far = row->from.kind == LX_ENDPOINT_GROUP ? &row->from : &row->to;

    return far->kind == LX_ENDPOINT_GROUP ? far->group : NULL;
}

/* Adds a group that a row speaks of, and says who it is by that row. */
static int print_group(const struct lx_row *row, const char *group, struct lx_words *said, FILE *stream)
{
    for (size_t i = 0; i < said->count; i++)
        if (!strcmp(said->items[i], group))
            return 0;
    if (!said->count)
        fputs("\n# Whom the rows name. Put the addresses in, and take the # away.\n#groups:\n", stream);
    fprintf(stream, "#  %s: []  # %s%s%s\n", group, row->application ?: "", row->application ? ", " : "", row->id);
    return lx_words_add(said, group);
}

static int print_groups(const struct lx_site_draft *draft, FILE *stream)
{
    struct lx_words said = {0};
    int error = 0;

    for (size_t i = 0; i < 2; i++) {
        const struct lx_selection *selection = &draft->side[i].selection;

        for (size_t j = 0; j < selection->pick_count && !error; j++) {
            const char *group = selection->picks[j].closed == LX_OPEN ? group_of(selection->picks[j].row) : NULL;

            if (group)
                error = print_group(selection->picks[j].row, group, &said, stream);
        }
    }
    lx_words_free(&said);
    return error;
}

int lx_site_draft_print(const struct lx_site_draft *draft, FILE *stream)
{
    int error;

    fputs("# Written by lyncxdp setup from the addresses of", stream);
    for (size_t i = 0; i < 2; i++)
        if (draft->side[i].interface)
            fprintf(stream, "%s %s", i && draft->side[0].interface ? " and" : "", draft->side[i].interface);
    fprintf(stream, ". Look it over before it is used.\n\nsite: \"%s\"\n", draft->name);
    print_self(draft, stream);
    error = print_groups(draft, stream);
    return error ?: ferror(stream) ? -EIO : 0;
}
