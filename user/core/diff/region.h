/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A region: packets as a box of transports, addresses and ports, all of which one row lists. Answers go with what they
 * answer, and are not listed.
 */
#ifndef LYNCXDP_CORE_REGION_H
#define LYNCXDP_CORE_REGION_H

#include "field_partition.h"
#include "set_maker.h"

/* Ports as ranges, in order, with a gap between one and the next. */
struct lx_port_ranges {
    struct lx_port_range *items; /* owned */
    size_t count;
};

/* Addresses at one end: those in `in` that are not in `except`. Sets are borrowed from the policy or the set maker. */
struct lx_region_addresses {
    const struct lx_prefix_set *in;     /* the rule's own set where the region has all or nearly all of it */
    const struct lx_prefix_set *except; /* NULL: none */
};

struct lx_region {
    const struct lx_row *row; /* borrowed from the policy: the first row that lists these packets */
    unsigned transports;      /* LX_TRANSPORT_BITs */
    struct lx_region_addresses source, destination;
    struct lx_port_ranges source_ports, destination_ports;
};

struct lx_regions {
    struct lx_region *items; /* owned */
    size_t count;
};

/* Whether these are all the ports that a packet can have. */
static inline bool lx_port_ranges_any(const struct lx_port_ranges *ports)
{
    return ports->count == 1 && ports->items[0].first == 1 && ports->items[0].last == UINT16_MAX;
}

/*
 * Appends what `rule` lists, of some transports, and none of the others does: regions that do not overlap. Returns 0,
 * -ENOMEM, or -E2BIG when they are too many.
 */
int lx_regions_add(struct lx_regions *regions, const struct lx_numbered_rule *rule, unsigned transports,
                   const struct lx_others *others, struct lx_set_maker *maker);

void lx_regions_free(struct lx_regions *regions);

#endif
