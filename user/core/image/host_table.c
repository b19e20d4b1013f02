/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Classed prefixes into the image. Each length in use is a node of a balanced search tree; a prefix leaves a marker at
 * every shorter length on the way to its own, so that the search knows to look further.
 */
#include "host_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "perfect_table.h"

/* One length in use: a node of the search. */
struct node {
    uint8_t length;                /* of the mapped form, 0 to 128 */
    int hit, miss;                 /* indexes of the next nodes, or -1 */
    struct lx_classed_host *hosts; /* owned: entries and markers, not yet sorted */
    size_t count;
    uint32_t offset; /* in the image */
};

struct search {
    struct node nodes[129];
    int count;
    int root;
};

/* Makes the nodes of lengths[first..last] into a balanced tree; returns its root. */
static int balance(struct search *search, int first, int last)
{
    int middle = (first + last) / 2;

    if (first > last)
        return -1;
    search->nodes[middle].miss = balance(search, first, middle - 1);
    search->nodes[middle].hit = balance(search, middle + 1, last);
    return middle;
}

static void search_init(struct search *search, const struct lx_classed_prefix *prefixes, size_t count)
{
    bool used[129] = {0};

    memset(search, 0, sizeof(*search));
    for (size_t i = 0; i < count; i++)
        used[prefixes[i].prefix.length] = true;
    for (int length = 0; length <= 128; length++)
        if (used[length])
            search->nodes[search->count++].length = (uint8_t)length;
    search->root = balance(search, 0, search->count - 1);
}

static void search_free(struct search *search)
{
    for (int i = 0; i < search->count; i++)
        free(search->nodes[i].hosts);
}

static struct lx_address cut(const struct lx_address *address, uint8_t length)
{
    struct lx_address result = {0};

    memcpy(result.bytes, address->bytes, length / 8);
    if (length % 8)
        result.bytes[length / 8] = address->bytes[length / 8] & (uint8_t)(0xff00 >> length % 8);
    return result;
}

/* The class that a prefix has when it is cut to `length`: that of the longest prefix around it that short. */
static uint32_t class_when_cut(const struct lx_classed_prefix *prefixes, size_t index, uint8_t length)
{
    size_t at = index + 1;

    while (at && prefixes[at - 1].prefix.length > length)
        at = prefixes[at - 1].around;
    return at ? prefixes[at - 1].class : 0;
}

/* Calls for every node that a prefix must be present at: its own length, and markers on the way there. */
static int visit(struct search *search, const struct lx_classed_prefix *prefixes, size_t index,
                 int (*at_node)(struct node *node, const struct lx_classed_prefix *prefixes, size_t index))
{
    uint8_t length = prefixes[index].prefix.length;
    int error = 0;

    for (int at = search->root; !error && at >= 0;) {
        struct node *node = &search->nodes[at];

        if (node->length <= length)
            error = at_node(node, prefixes, index);
        if (node->length == length)
            break;
        at = node->length < length ? node->hit : node->miss;
    }
    return error;
}

static int count_host(struct node *node, const struct lx_classed_prefix *prefixes, size_t index)
{
    (void)prefixes;
    (void)index;
    node->count++;
    return 0;
}

static int add_host(struct node *node, const struct lx_classed_prefix *prefixes, size_t index)
{
    node->hosts[node->count++] = (struct lx_classed_host){
        .address = cut(&prefixes[index].prefix.address, node->length),
        .class = (uint16_t)class_when_cut(prefixes, index, node->length),
    };
    return 0;
}

static int collect_hosts(struct search *search, const struct lx_classed_prefix *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        visit(search, prefixes, i, count_host);
    for (int n = 0; n < search->count; n++) {
        search->nodes[n].hosts = malloc((search->nodes[n].count + 1) * sizeof(*search->nodes[n].hosts));
        if (!search->nodes[n].hosts)
            return -ENOMEM;
        search->nodes[n].count = 0;
    }
    for (size_t i = 0; i < count; i++)
        visit(search, prefixes, i, add_host);
    return 0;
}

static uint32_t node_offset(const struct search *search, int node)
{
    return node < 0 ? 0 : search->nodes[node].offset;
}

static void write_node4(struct lx_image_writer *writer, const struct search *search, const struct node *node,
                        const struct lx_hosts *hosts)
{
    struct lx_length4 *out = lx_image_bytes(writer, node->offset);
    int bits = node->length - 96;

    out->mask = bits ? LX_BE32(0xffffffffu << (32 - bits)) : 0;
    out->next.hit = node_offset(search, node->hit);
    out->next.miss = node_offset(search, node->miss);
    out->hosts = *hosts;
}

static void write_node6(struct lx_image_writer *writer, const struct search *search, const struct node *node,
                        const struct lx_hosts *hosts)
{
    struct lx_length6 *out = lx_image_bytes(writer, node->offset);
    struct lx_address ones, mask;

    memset(&ones, 0xff, sizeof(ones));
    mask = cut(&ones, node->length);
    memcpy(out->mask, mask.bytes, sizeof(out->mask));
    out->next.hit = node_offset(search, node->hit);
    out->next.miss = node_offset(search, node->miss);
    out->hosts = *hosts;
}

static int write_nodes(struct lx_image_writer *writer, struct search *search, bool ipv4)
{
    size_t size = ipv4 ? sizeof(struct lx_length4) : sizeof(struct lx_length6);
    struct lx_hosts hosts;
    int error = 0;

    for (int n = 0; !error && n < search->count; n++)
        error = lx_image_reserve(writer, size, &search->nodes[n].offset);
    for (int n = 0; !error && n < search->count; n++) {
        struct node *node = &search->nodes[n];

        error = lx_perfect_table_write(writer, node->hosts, node->count, ipv4, &hosts);
        if (error)
            break;
        if (ipv4)
            write_node4(writer, search, node, &hosts);
        else
            write_node6(writer, search, node, &hosts);
    }
    return error;
}

int lx_host_tables_write(struct lx_image_writer *writer, const struct lx_classed_prefix *prefixes, size_t count,
                         bool ipv4, uint32_t *root)
{
    struct search *search;
    int error;

    search = malloc(sizeof(*search));
    if (!search)
        return -ENOMEM;
    search_init(search, prefixes, count);
    error = collect_hosts(search, prefixes, count);
    error = error ?: write_nodes(writer, search, ipv4);
    if (!error)
        *root = search->nodes[search->root].offset;
    search_free(search);
    free(search);
    return error;
}
