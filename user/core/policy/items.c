/* SPDX-License-Identifier: GPL-2.0-only */
/* Values that may stand alone or in a list: `options: federation` says the same as `options: [federation]`. */
#include "items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "prefix_text.h"

const struct lx_node *lx_first_item(const struct lx_node *node)
{
    return node->kind == LX_NODE_LIST ? lx_node_first(node) : node;
}

const struct lx_node *lx_next_item(const struct lx_node *node, const struct lx_node *item)
{
    return node->kind == LX_NODE_LIST ? lx_node_next(item) : NULL;
}

size_t lx_count_items(const struct lx_node *node)
{
    return node->kind == LX_NODE_LIST ? node->value : 1;
}

bool lx_expect_items(struct lx_reader *reader, const struct lx_node *node, const char *instead)
{
    return node->kind == LX_NODE_LIST ? lx_expect(reader, node, LX_NODE_LIST, instead)
                                      : lx_expect(reader, node, LX_NODE_TEXT, instead);
}

bool lx_read_words(struct lx_reader *reader, const struct lx_node *node, const char *what, struct lx_words *words)
{
    struct lx_words read = {0};
    bool sound = true;

    if (!lx_expect_items(reader, node, "a word, or a list of words like [one, two]"))
        return false;
    read.items = lx_reader_room(reader, lx_count_items(node), sizeof(*read.items));
    if (!read.items)
        return false;
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item)) {
        const char *word = lx_read_name(reader, item, what);
        char *copy = word ? lx_reader_copy(reader, word) : NULL;

        if (copy)
            read.items[read.count++] = copy;
        else
            sound = false;
    }
    if (sound)
        *words = read;
    else
        lx_words_free(&read);
    return sound;
}

static bool read_port_item(struct lx_reader *reader, const struct lx_node *item, bool alone, struct lx_ports *ports)
{
    const char *text = lx_read_text(reader, item, "a port like 443"), *problem;
    struct lx_ports read;

    if (!text)
        return false;
    if (lx_ports_parse(text, &read, &problem)) {
        lx_mistake(reader, item, "'%s': %s", lx_show(text).text, problem);
        return false;
    }
    if (lx_ports_any(&read) && !alone) {
        lx_mistake(reader, item, "'any' in a list of ports; write port: any without other ports");
        return false;
    }
    if (read.count > LX_PORT_RANGES - ports->count) {
        lx_mistake(reader, item, "more than %d ports and ranges in one list; write the rest as another row",
                   LX_PORT_RANGES);
        return false;
    }
    memcpy(ports->ranges + ports->count, read.ranges, read.count * sizeof(*read.ranges));
    ports->count += read.count;
    return true;
}

bool lx_read_ports(struct lx_reader *reader, const struct lx_node *node, struct lx_ports *ports)
{
    struct lx_ports read = {.count = 0};
    bool alone = lx_count_items(node) == 1, sound = true;

    if (!lx_expect_items(reader, node, "443, 50000-59999, [443, 3478] or any"))
        return false;
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item)) {
        if (read.count == LX_PORT_RANGES) {
            lx_mistake(reader, item, "more than %d ports and ranges in one list; write the rest as another row",
                       LX_PORT_RANGES);
            return false;
        }
        sound = read_port_item(reader, item, alone, &read) && sound;
    }
    if (sound)
        *ports = read;
    return sound;
}

bool lx_read_prefix(struct lx_reader *reader, const struct lx_node *item, lx_unusable *unusable,
                    struct lx_prefix *prefix)
{
    const char *text = lx_read_text(reader, item, "an address like 192.0.2.1");

    return text && lx_prefix_read(&reader->text, reader->diagnostics, item->line, item->column, text, unusable, prefix);
}

bool lx_read_prefixes(struct lx_reader *reader, const struct lx_node *node, lx_unusable *unusable,
                      struct lx_prefix **prefixes, size_t *count)
{
    struct lx_prefix *read;
    size_t sound = 0, all = lx_count_items(node);

    if (!lx_expect_items(reader, node, "an address, a prefix, or a list of them like [192.0.2.1, 198.51.100.0/24]"))
        return false;
    read = lx_reader_room(reader, all, sizeof(*read));
    if (!read)
        return false;
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item))
        sound += lx_read_prefix(reader, item, unusable, &read[sound]);
    if (sound < all) {
        free(read);
        return false;
    }
    *prefixes = read;
    *count = all;
    return true;
}
