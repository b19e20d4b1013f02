/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of a policy, depth first. Two files may include a third; one that includes itself, by whatever way, is a
 * mistake where the circle closes.
 */
#include "policy_includes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"

static const struct lx_unit *find_unit(const struct lx_policy_reader *policy, const char *identity)
{
    for (size_t i = 0; identity && i < policy->unit_count; i++)
        if (policy->units[i]->identity && !strcmp(policy->units[i]->identity, identity))
            return policy->units[i];
    return NULL;
}

/* Reads an opened file, unless it is known. Returns whether all of it is known now. */
static bool read_opened(struct lx_policy_reader *policy, struct lx_unit *unit, const struct lx_node *item,
                        struct lx_opened *opened)
{
    const struct lx_unit *known = find_unit(policy, opened->identity);
    struct lx_shown shown = lx_show(lx_node_text(&unit->reader.tree, item));
    int error;

    if (known && known->open)
        lx_mistake(&unit->reader, item, "including '%s' here goes round in a circle; take it out of one of the files",
                   shown.text);
    if (known)
        return !known->open;
    error = lx_read_unit(policy, opened->stream, opened->name, opened->identity, unit->depth + 1);
    opened->identity = NULL;
    unit->reader.out_of_memory |= error == -ENOMEM;
    if (error == -EIO)
        lx_mistake(&unit->reader, item, "'%s' cannot be included: input/output error", shown.text);
    return !error;
}

/* Returns false after a mistake that leaves names unknown. */
static bool include(struct lx_policy_reader *policy, struct lx_unit *unit, const struct lx_node *item)
{
    const char *what = lx_read_text(&unit->reader, item, "an edition's name, or the path of a file");
    char problem[256] = "it cannot be opened";
    struct lx_opened opened = {0};
    bool known;
    int error;

    if (!what)
        return false;
    if (!policy->opener || unit->depth == LX_INCLUDE_DEPTH || policy->unit_count == LX_INCLUDE_FILES) {
        lx_mistake(&unit->reader, item, "'%s' cannot be included: %s", lx_show(what).text,
                   !policy->opener                   ? "there is nowhere to look for other files"
                   : unit->depth == LX_INCLUDE_DEPTH ? "files include each other more than 8 deep"
                                                     : "more than 64 files come together");
        return false;
    }
    error = policy->opener->open(policy->opener, unit->name, what, &opened, problem);
    unit->reader.out_of_memory |= error == -ENOMEM;
    if (error) {
        if (error != -ENOMEM)
            lx_mistake(&unit->reader, item, "'%s' cannot be included: %s", lx_show(what).text, problem);
        return false;
    }
    known = read_opened(policy, unit, item, &opened);
    fclose(opened.stream);
    free(opened.name);
    free(opened.identity);
    return known;
}

void lx_read_policy_includes(struct lx_policy_reader *policy, struct lx_unit *unit, const struct lx_node *node)
{
    if (!lx_expect_items(&unit->reader, node, "an edition's name or the path of a file, or a list of them")) {
        policy->incomplete = true;
        return;
    }
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item))
        if (!include(policy, unit, item))
            policy->incomplete = true;
}
