/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of `override:`. Whether a row is there that a pattern matches is for site_names.h to say. */
#include "override_text.h"

#include <stdlib.h>
#include <string.h>

#include "items.h"
#include "row_text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

static void read_end(struct lx_reader *reader, const struct lx_node *node, enum lx_override_key key,
                     struct lx_override *override)
{
    struct lx_endpoint *end = &override->ends[key];

    if (lx_read_endpoint(reader, node, end) && end->kind == LX_ENDPOINT_SELF)
        lx_mistake(reader, node, "the far end of a row is never the role itself; write a group, addresses or any");
}

static void read_ports(struct lx_reader *reader, const struct lx_node *node, enum lx_override_key key,
                       struct lx_override *override)
{
    lx_read_ports(reader, node, &override->ports[key]);
}

static void read_closed(struct lx_reader *reader, const struct lx_node *node, enum lx_override_key key,
                        struct lx_override *override)
{
    (void)key;
    lx_read_flag(reader, node, &override->closed);
}

static void (*const readers[LX_OVERRIDE_KEYS])(struct lx_reader *, const struct lx_node *, enum lx_override_key,
                                               struct lx_override *) = {
    [LX_OVERRIDE_FROM] = read_end,          [LX_OVERRIDE_TO] = read_end,
    [LX_OVERRIDE_PORT] = read_ports,        [LX_OVERRIDE_EXCEPT_PORT] = read_ports,
    [LX_OVERRIDE_SOURCE_PORT] = read_ports, [LX_OVERRIDE_EXCEPT_SOURCE_PORT] = read_ports,
    [LX_OVERRIDE_CLOSED] = read_closed,
};

/* True for what can be the id of a row, with stars in its last part. */
static bool check_pattern(struct lx_reader *reader, const struct lx_node *key, const char *pattern)
{
    const char *shown = lx_show(pattern).text, *last = strrchr(pattern, '/');

    if (!last || last == pattern || !last[1] || pattern[strspn(pattern, LETTERS "/*")])
        lx_mistake(reader, key, "'%s' is not the id of a row; write ROLE/SIDE/NAME as 'lyncxdp show ROLE' prints it",
                   shown);
    else if (strchr(pattern, '*') && strchr(pattern, '*') < last)
        lx_mistake(reader, key, "a * outside the last part of '%s'; write the role and the side in full", shown);
    else if (!strncmp(pattern, "site/", strlen("site/")))
        lx_mistake(reader, key, "'%s' is a row of a site itself; change it where it stands, under rows:", shown);
    else if (strlen(pattern) >= sizeof(((struct lx_row_label *)0)->id))
        lx_mistake(reader, key, "'%s' is longer than the id of any row", shown);
    else
        return true;
    return false;
}

static void read_override(struct lx_reader *reader, const struct lx_node *key, const char *file,
                          struct lx_override *override)
{
    const char *pattern = lx_node_text(&reader->tree, key);
    const struct lx_node *values[LX_OVERRIDE_KEYS];
    struct lx_field fields[LX_OVERRIDE_KEYS];

    for (int i = 0; i < LX_OVERRIDE_KEYS; i++)
        fields[i] = (struct lx_field){lx_override_key_names[i], NULL};
    check_pattern(reader, key, pattern);
    override->pattern = lx_reader_copy(reader, pattern);
    override->place = lx_node_place(key, file);
    lx_read_mapping(reader, lx_node_next(key), "an override", fields, LX_OVERRIDE_KEYS, values);
    for (int i = 0; i < LX_OVERRIDE_KEYS; i++) {
        if (!values[i])
            continue;
        override->places[i] = lx_node_place(values[i], file);
        readers[i](reader, values[i], (enum lx_override_key)i, override);
    }
}

void lx_read_overrides(struct lx_reader *reader, const struct lx_node *node, const char *file, bool included,
                       struct lx_overrides *overrides)
{
    size_t count = node->kind == LX_NODE_MAPPING ? node->value / 2 : 0;
    struct lx_override *grown;

    if (!lx_expect(reader, node, LX_NODE_MAPPING, "ROW: {port: ...} for each row to change"))
        return;
    if (count > LX_OVERRIDE_LIMIT - overrides->count) {
        lx_mistake(reader, node, "more than %d overrides; let a * stand for what ids have in common",
                   LX_OVERRIDE_LIMIT);
        return;
    }
    grown = reallocarray(overrides->items, overrides->count + count, sizeof(*grown));
    if (!grown) {
        reader->out_of_memory = true;
        return;
    }
    overrides->items = grown;
    for (const struct lx_node *key = lx_node_first(node); key; key = lx_node_next(lx_node_next(key))) {
        if (key->kind != LX_NODE_TEXT)
            continue;
        grown[overrides->count] = (struct lx_override){.included = included};
        read_override(reader, key, file, &grown[overrides->count++]);
    }
}
