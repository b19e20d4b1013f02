/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a tuple to the first row that matches it, through the tables of an image (image.h shows how they hang together).
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
    __u32 slot;      /* of the programs: where to find it again */
    bool any_source; /* what is sent comes from a host that need not be behind the role: the box of an inline pair */
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

lx_inline __u32 lx_port_class(const struct lx_view *view, const struct lx_port_table *table, __u32 service)
{
    __u32 page = table->page[service >> 8] * LX_PAGE_UNIT;
    return *(const __u16 *)lx_at(view, page + (service & 0xff) * sizeof(__u16));
}

/*
 * 1 for a number whose top bit is set, else 0. Never by a branch: whether an address is in a table is what those who
 * send from random addresses decide, and no processor foresees. And a factor, not a mask of all ones or none, which
 * verifiers from Linux 6.16 on follow as two cases.
 */
lx_inline __u32 lx_top_bit(__u64 number)
{
    __u32 bit;

    lx_opaque(number);
    bit = number >> 63;
    lx_opaque(bit);
    return bit;
}

/* 1 for 0, else 0. */
lx_inline __u32 lx_is_zero4(__u32 difference)
{
    return lx_top_bit((__u64)difference - 1);
}

lx_inline __u32 lx_is_zero6(__u64 difference)
{
    return lx_top_bit(difference | -difference) ^ 1;
}

/* How many words of four bytes the only slot that an address can be in is from the first. */
lx_inline __u32 lx_slot_of(const struct lx_view *view, const struct lx_hosts *hosts, __u64 hash)
{
    __u32 group = lx_hash_group(hash, hosts->group_shift);
    __u16 pilot = *(const __u16 *)lx_at(view, hosts->pilots + group * sizeof(pilot));

    return lx_hash_slot(hash, pilot, hosts->slot_mask);
}

/* Looks for an address among the hosts of one length: 1 if it is there, with its class, else 0. */
lx_inline __u32 lx_find4(const struct lx_view *view, const struct lx_hosts *hosts, __u32 address, __u32 *class)
{
    __u32 slot = lx_slot_of(view, hosts, lx_hash4(hosts->seed, address));
    const struct lx_host4 *host;

    if (hosts->class) {
        *class = hosts->class - 1;
        return lx_is_zero4(*(const __u32 *)lx_at(view, hosts->slots + slot) ^ address);
    }
    host = lx_at(view, hosts->slots + slot * (sizeof(*host) / 4));
    *class = host->class;
    return lx_is_zero4(host->address ^ address);
}

lx_inline __u32 lx_find6(const struct lx_view *view, const struct lx_hosts *hosts, const __u64 address[2], __u32 *class)
{
    __u32 slot = lx_slot_of(view, hosts, lx_hash6(hosts->seed, address));
    const struct lx_host6 *host = lx_at(view, hosts->slots + slot * (sizeof(*host) / 4));

    *class = host->class;
    return lx_is_zero6((host->address[0] ^ address[0]) | (host->address[1] ^ address[1]));
}

/* One of two by a bit. Without a branch. */
lx_inline __u32 lx_choose(__u32 bit, __u32 if_set, __u32 if_clear)
{
    return if_clear + (if_set - if_clear) * bit;
}

lx_inline __u32 lx_class4(const struct lx_view *view, const struct lx_address_table *table, __u32 address)
{
    __u32 class, node, there, its_class;

    if ((address & table->common4_mask) != table->common4)
        return table->outside;
    class = table->class4;
    node = table->root4;
    for (int step = 0; step < LX_SEARCH_STEPS4 && node; step++) {
        const struct lx_length4 *length = lx_at(view, node);

        there = lx_find4(view, &length->hosts, address & length->mask, &its_class);
        class = lx_choose(there, its_class, class);
        if (lx_likely(!length->next.any))
            break;
        node = lx_choose(there, length->next.hit, length->next.miss);
    }
    return class;
}

lx_inline __u32 lx_class6(const struct lx_view *view, const struct lx_address_table *table, const __u32 address[4])
{
    __u32 class, node, there, its_class;
    __u64 words[2];

    lx_address_words(address, words);
    if ((words[0] & table->common6_mask[0]) != table->common6[0] ||
        (words[1] & table->common6_mask[1]) != table->common6[1])
        return table->outside;
    class = table->class6;
    node = table->root6;
    for (int step = 0; step < LX_SEARCH_STEPS6 && node; step++) {
        const struct lx_length6 *length = lx_at(view, node);
        __u64 cut[2] = {words[0] & length->mask[0], words[1] & length->mask[1]};

        there = lx_find6(view, &length->hosts, cut, &its_class);
        class = lx_choose(there, its_class, class);
        if (lx_likely(!length->next.any))
            break;
        node = lx_choose(there, length->next.hit, length->next.miss);
    }
    return class;
}

lx_inline __u32 lx_address_class(const struct lx_view *view, const struct lx_address_table *table,
                                 const __u32 address[4], bool ipv4)
{
    return ipv4 ? lx_class4(view, table, address[3]) : lx_class6(view, table, address);
}

/* Where the source matters, or its port, or the one and then the other. */
lx_inline __u32 lx_entry_by_source(const struct lx_view *view, const struct lx_section *section, __u32 entry,
                                   const struct lx_tuple *tuple, __u32 service, bool ipv4)
{
    if (entry >> LX_ENTRY_KIND_SHIFT == LX_ENTRY_SOURCE) {
        __u32 source = lx_address_class(view, &section->sources, tuple->source, ipv4);

        entry = lx_entry_at(view, section, (entry & LX_ENTRY_VALUE_MASK) + source);
    }
    if (entry >> LX_ENTRY_KIND_SHIFT == LX_ENTRY_SOURCE_PORT) {
        __u32 port = lx_port_class(view, &section->source_ports, lx_service(service >> 16, tuple->source_port));

        entry = lx_entry_at(view, section, (entry & LX_ENTRY_VALUE_MASK) + port);
    }
    return entry;
}

/* What the hosts have to say once the class of the port is known, which no row is without. */
lx_inline __u32 lx_classify_hosts(const struct lx_view *view, const struct lx_section *section, __u32 port,
                                  const struct lx_tuple *tuple, __u32 service, bool ipv4)
{
    __u32 host, entry;

    host = lx_address_class(view, &section->destinations, tuple->destination, ipv4);
    entry = lx_entry_at(view, section, port * section->destination_classes + host);
    if (lx_unlikely(entry >> LX_ENTRY_KIND_SHIFT != LX_ENTRY_ROW))
        entry = lx_entry_by_source(view, section, entry, tuple, service, ipv4);
    lx_opaque(entry);
    return entry;
}

/*
 * The slot of the first row of `section` that matches the tuple, or LX_NO_ROW. `service` is the tuple's transport and
 * destination port. The source is looked up only where a row in question names one, so a flood on a closed port pays
 * for nothing but its port.
 */
lx_inline __u32 lx_classify(const struct lx_view *view, const struct lx_section *section, const struct lx_tuple *tuple,
                            __u32 service, bool ipv4)
{
    __u32 port = lx_port_class(view, &section->destination_ports, service);

    return port ? lx_classify_hosts(view, section, port, tuple, service, ipv4) : LX_NO_ROW;
}

#endif
