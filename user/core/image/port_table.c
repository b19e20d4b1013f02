/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports to classes: cut the ports where any rule begins or ends, and give each piece the set of rules that name it. */
#include "port_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_PORTS 256
#define PAGE_BYTES (PAGE_PORTS * sizeof(uint16_t))

static const struct lx_ports *ports_at(const struct lx_rule *rule, enum lx_port_end end)
{
    return end == LX_SOURCE_PORT ? &rule->row->source_ports : &rule->row->destination_ports;
}

/* Marks the ports at which the set of rules may change. */
static void mark_cuts(const struct lx_rule *const *rules, size_t count, enum lx_port_end end, bool cuts[65537])
{
    memset(cuts, 0, 65537 * sizeof(*cuts));
    cuts[0] = cuts[1] = true;
    for (size_t i = 0; i < count; i++) {
        const struct lx_ports *ports = ports_at(rules[i], end);

        for (size_t r = 0; r < ports->count; r++) {
            cuts[ports->ranges[r].first] = true;
            cuts[ports->ranges[r].last + 1] = true;
        }
    }
}

static void rules_of_port(const struct lx_rule *const *rules, size_t count, enum lx_port_end end, unsigned transport,
                          uint16_t port, uint64_t *bits, size_t words)
{
    memset(bits, 0, words * sizeof(*bits));
    for (size_t i = 0; i < count; i++)
        if (rules[i]->row->transports & LX_TRANSPORT_BIT(transport) && lx_ports_contain(ports_at(rules[i], end), port))
            lx_rule_bits_set(bits, i);
}

static int classify_transport(const struct lx_rule *const *rules, size_t count, enum lx_port_end end,
                              unsigned transport, const bool *cuts, struct lx_rule_sets *sets, uint64_t *bits,
                              uint16_t *classes, uint32_t ports)
{
    uint32_t class = 0;
    int error;

    /* Port 0 never gets here: the packet path drops it before it looks at rows. */
    classes[0] = 0;
    for (uint32_t port = 1; port < ports; port++) {
        if (cuts[port]) {
            rules_of_port(rules, count, end, transport, port, bits, sets->words);
            error = lx_rule_sets_intern(sets, bits, &class);
            if (error)
                return error;
        }
        classes[port] = class;
    }
    return 0;
}

int lx_port_classes_build(const struct lx_rule *const *rules, size_t count, enum lx_port_end end,
                          struct lx_rule_sets *sets, struct lx_port_classes *classes)
{
    uint64_t *bits = calloc(sets->words, sizeof(*bits));
    bool *cuts = malloc(65537 * sizeof(*cuts));
    uint32_t empty;
    int error = -ENOMEM;

    if (!bits || !cuts)
        goto out;
    error = lx_rule_sets_intern(sets, bits, &empty);
    mark_cuts(rules, count, end, cuts);
    for (unsigned transport = 0; !error && transport < LX_TRANSPORT_COUNT; transport++)
        error = classify_transport(rules, count, end, transport, cuts, sets, bits, classes->of[transport], 65536);
    error =
        error ?: classify_transport(rules, count, end, LX_PORTLESS, cuts, sets, bits, classes->protocols, PAGE_PORTS);
out:
    free(bits);
    free(cuts);
    return error;
}

_Static_assert(PAGE_BYTES % LX_PAGE_UNIT == 0, "pages follow each other without gaps");

/* The offset of a page with these classes; 0 for want of memory. */
static uint32_t find_or_write_page(struct lx_image_writer *writer, const uint16_t *classes)
{
    uint32_t at = (sizeof(struct lx_image) + LX_PAGE_UNIT - 1) / LX_PAGE_UNIT * LX_PAGE_UNIT;

    for (; at + PAGE_BYTES <= writer->size; at += PAGE_BYTES)
        if (memcmp(lx_image_bytes(writer, at), classes, PAGE_BYTES) == 0)
            return at;
    if (lx_image_reserve(writer, PAGE_BYTES, &at))
        return 0;
    memcpy(lx_image_bytes(writer, at), classes, PAGE_BYTES);
    return at;
}

int lx_protocol_page_write(struct lx_image_writer *writer, const uint16_t classes[256], uint32_t *page)
{
    uint32_t protocol = 0;

    *page = 0;
    while (protocol < PAGE_PORTS && !classes[protocol])
        protocol++;
    if (protocol == PAGE_PORTS)
        return 0;
    *page = find_or_write_page(writer, classes);
    return *page ? 0 : -ENOMEM;
}

/* All tables together have at most 2048 pages, 1 MiB: that far a directory's offsets reach. */
int lx_port_table_write(struct lx_image_writer *writer, const uint16_t classes[65536], uint16_t directory[256])
{
    for (size_t i = 0; i < 256; i++) {
        uint32_t page = find_or_write_page(writer, classes + i * PAGE_PORTS);

        if (!page)
            return -ENOMEM;
        directory[i] = (uint16_t)(page / LX_PAGE_UNIT);
    }
    return 0;
}
