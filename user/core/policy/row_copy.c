/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row is a tree of owned texts, lists and addresses; its copy shares nothing with it. A field added to struct lx_row
 * that owns memory needs its line here.
 */
#include "row_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An absent text is no failure: the copy is absent too. */
static bool copy_text(const char *text, char **copy)
{
    *copy = text ? strdup(text) : NULL;
    return *copy || !text;
}

static bool copy_words(const struct lx_words *words, struct lx_words *copy)
{
    for (size_t i = 0; i < words->count; i++)
        if (lx_words_add(copy, words->items[i]))
            return false;
    return true;
}

int lx_endpoint_copy(const struct lx_endpoint *endpoint, struct lx_endpoint *copy)
{
    *copy = (struct lx_endpoint){.kind = endpoint->kind};
    if (!copy_text(endpoint->group, &copy->group))
        return -ENOMEM;
    if (!endpoint->prefix_count)
        return 0;
    copy->prefixes = calloc(endpoint->prefix_count, sizeof(*copy->prefixes));
    if (!copy->prefixes)
        return -ENOMEM;
    memcpy(copy->prefixes, endpoint->prefixes, endpoint->prefix_count * sizeof(*copy->prefixes));
    copy->prefix_count = endpoint->prefix_count;
    return 0;
}

int lx_row_copy(const struct lx_row *row, struct lx_row *copy)
{
    struct lx_row result = {
        .side = row->side,
        .source_ports = row->source_ports,
        .destination_ports = row->destination_ports,
        .transports = row->transports,
        .lb = row->lb,
        .unresolved = row->unresolved,
        .closed = row->closed,
    };

    if (copy_text(row->id, &result.id) && copy_text(row->role, &result.role) &&
        !lx_endpoint_copy(&row->from, &result.from) && !lx_endpoint_copy(&row->to, &result.to) &&
        copy_text(row->application, &result.application) && copy_text(row->direction, &result.direction) &&
        copy_text(row->source, &result.source) && copy_text(row->citation, &result.citation) &&
        copy_words(&row->repeats, &result.repeats) && copy_text(row->needs, &result.needs) &&
        copy_text(row->note, &result.note) && copy_text(row->missed, &result.missed) &&
        copy_text(row->override, &result.override) && copy_words(&row->options, &result.options) &&
        copy_words(&row->workloads, &result.workloads)) {
        *copy = result;
        return 0;
    }
    lx_row_free(&result);
    return -ENOMEM;
}
