/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a tuple to the first row that matches it, through the tables of an image (image.h tells how they hang together).
 */
#ifndef LYNCXDP_CLASSIFY_H
#define LYNCXDP_CLASSIFY_H

#include "hash.h"
#include "image.h"
#include "packet.h"

/* An image in memory. `mask` is its capacity - 1. */
struct lx_view {
    const struct lx_image *image;
    __u32 mask;
};

/* The bytes at an offset of the image; up to LX_IMAGE_SLACK of them may be read. */
lx_inline const void *lx_at(const struct lx_view *view, __u32 offset)
{
    __u64 within = offset & view->mask;
    return (const __u8 *)view->image + within;
}

lx_inline __u32 lx_entry_at(const struct lx_view *view, const struct lx_section *section, __u32 index)
{
    return *(const __u32 *)lx_at(view, section->entries + index * sizeof(__u32));
}

lx_inline __u32 lx_port_class(const struct lx_view *view, const struct lx_port_table *table, __u16 port)
{
    __u32 page = table->page[port >> 8];
    return *(const __u16 *)lx_at(view, page + (port & 0xff) * sizeof(__u16));
}

/* Finds an address in one node's slots: its class + 1, or 0. */
lx_inline __u32 lx_find4(const struct lx_view *view, const struct lx_length4 *length, __u32 address)
{
    __u64 hash = lx_hash4(address, length->seed);
    __u32 bucket = lx_first_bucket(hash, length->buckets);
    const struct lx_host4 *host = lx_at(view, length->slots + bucket * 2 * sizeof(*host));

    if (host[0].address == address)
        return host[0].found;
    if (host[1].address == address)
        return host[1].found;
    if (length->buckets == 1)
        return 0;
    bucket = lx_second_bucket(hash, length->buckets);
    host = lx_at(view, length->slots + bucket * 2 * sizeof(*host));
    if (host[0].address == address)
        return host[0].found;
    return host[1].address == address ? host[1].found : 0;
}

lx_inline __u32 lx_class4(const struct lx_view *view, __u32 root, __u32 address)
{
    __u32 class = 0, node = root;

    lx_opaque(class); /* the verifier follows a step once, not once for "nothing found yet" and once for the rest */
    for (int step = 0; step < LX_SEARCH_STEPS4 && node; step++) {
        const struct lx_length4 *length = lx_at(view, node);
        __u32 found = lx_find4(view, length, address & length->mask);

        if (found)
            class = found - 1;
        node = found ? length->hit : length->miss;
    }
    return class;
}

lx_inline bool lx_same6(const struct lx_host6 *host, const __u64 address[2])
{
    return host->address[0] == address[0] && host->address[1] == address[1];
}

lx_inline __u32 lx_find6(const struct lx_view *view, const struct lx_length6 *length, const __u64 address[2])
{
    __u64 hash = lx_hash6(address, length->seed);
    __u32 bucket = lx_first_bucket(hash, length->buckets);
    const struct lx_host6 *host = lx_at(view, length->slots + bucket * 2 * sizeof(*host));

    if (lx_same6(&host[0], address))
        return host[0].found;
    if (lx_same6(&host[1], address))
        return host[1].found;
    if (length->buckets == 1)
        return 0;
    bucket = lx_second_bucket(hash, length->buckets);
    host = lx_at(view, length->slots + bucket * 2 * sizeof(*host));
    if (lx_same6(&host[0], address))
        return host[0].found;
    return lx_same6(&host[1], address) ? host[1].found : 0;
}

lx_inline __u32 lx_class6(const struct lx_view *view, __u32 root, const __u32 address[4])
{
    __u32 class = 0, node = root;
    __u64 high, low;

    /* Copied, not cast: the words were stored as __u32, and a __u64 may not alias them. The code is the same. */
    __builtin_memcpy(&high, &address[0], sizeof(high));
    __builtin_memcpy(&low, &address[2], sizeof(low));
    lx_opaque(class);
    for (int step = 0; step < LX_SEARCH_STEPS6 && node; step++) {
        const struct lx_length6 *length = lx_at(view, node);
        __u64 cut[2] = {high & length->mask[0], low & length->mask[1]};
        __u32 found = lx_find6(view, length, cut);

        if (found)
            class = found - 1;
        node = found ? length->hit : length->miss;
    }
    return class;
}

lx_inline __u32 lx_address_class(const struct lx_view *view, const struct lx_address_table *table,
                                 const __u32 address[4], bool ipv4)
{
    return ipv4 ? lx_class4(view, table->root4, address[3]) : lx_class6(view, table->root6, address);
}

/*
 * The slot of the first row of `section` that matches the tuple, or LX_NO_ROW. The source is looked up only where a
 * row in question names one, so a flood on a closed port pays for nothing but its port.
 */
lx_inline __u32 lx_classify(const struct lx_view *view, const struct lx_section *section, const struct lx_tuple *tuple,
                            __u8 transport, bool ipv4)
{
    __u32 port, host, entry;

    transport &= 1;
    port = lx_port_class(view, &section->destination_ports[transport], tuple->destination_port);
    if (!port)
        return LX_NO_ROW;
    host = lx_address_class(view, &section->destinations, tuple->destination, ipv4);
    entry = lx_entry_at(view, section, port * section->destination_classes + host);
    if (entry >> LX_ENTRY_KIND_SHIFT == LX_ENTRY_SOURCE) {
        __u32 source = lx_address_class(view, &section->sources, tuple->source, ipv4);
        entry = lx_entry_at(view, section, (entry & LX_ENTRY_VALUE_MASK) + source);
    }
    if (entry >> LX_ENTRY_KIND_SHIFT == LX_ENTRY_SOURCE_PORT) {
        __u32 source_port = lx_port_class(view, &section->source_ports[transport], tuple->source_port);
        entry = lx_entry_at(view, section, (entry & LX_ENTRY_VALUE_MASK) + source_port);
    }
    entry = entry ? (entry & LX_ENTRY_VALUE_MASK) - 1 : LX_NO_ROW;
    lx_opaque(entry);
    return entry;
}

#endif
