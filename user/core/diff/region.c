/* SPDX-License-Identifier: GPL-2.0-only */
/* Boxes to regions: adjacent ports become one range, classes of addresses the fewest prefixes, or a set less a few. */
#include "region.h"

#include <errno.h>
#include <stdlib.h>

#include "rule_subtraction.h"

/* More than anybody would read, or any change that was meant would make. */
#define MOST_REGIONS (256u * 1024)

/* What turning the boxes of one rule into regions takes. */
struct making {
    struct lx_regions *regions;
    const struct lx_numbered_rule *rule;
    unsigned transports;
    struct lx_partition partitions[LX_RULE_FIELDS];
    struct lx_set_maker *maker;
    uint64_t *in, *out; /* owned: the classes of one end that are in the box, and those that are not */
};

static int take_ports(const struct lx_partition *partition, const bool *has, struct lx_port_ranges *ports)
{
    ports->items = calloc(partition->part_count + 1, sizeof(*ports->items));
    if (!ports->items)
        return -ENOMEM;
    for (size_t i = 0; i < partition->part_count; i++) {
        const struct lx_field_part *part = &partition->parts[i];
        struct lx_port_range *last = ports->count ? &ports->items[ports->count - 1] : NULL;

        if (!has[part->group])
            continue;
        if (last && last->last + 1 == part->ports.first)
            last->last = part->ports.last;
        else
            ports->items[ports->count++] = part->ports;
    }
    return 0;
}

/* Parts the classes of an address field. Returns whether the box has all of them. */
static bool part_classes(struct making *making, const struct lx_partition *partition, const bool *has)
{
    bool all = true;

    for (size_t w = 0; w < making->maker->asked.words; w++)
        making->in[w] = making->out[w] = 0;
    for (size_t i = 0; i < partition->part_count; i++) {
        const struct lx_field_part *part = &partition->parts[i];

        lx_rule_bits_set(has[part->group] ? making->in : making->out, part->class);
        all = all && has[part->group];
    }
    return all;
}

/* Says the addresses in the shorter way: as they are, or as the rule's set without the rest of it. */
static int take_addresses(struct making *making, const struct lx_partition *partition, const bool *has,
                          const struct lx_prefix_set *own, struct lx_region_addresses *addresses)
{
    const struct lx_prefix_set *in, *out;
    int error;

    addresses->in = own;
    if (part_classes(making, partition, has))
        return 0;
    error = lx_set_maker_make(making->maker, making->in, &in);
    error = error ?: lx_set_maker_make(making->maker, making->out, &out);
    if (error)
        return error;
    if ((own->any ? 1 : own->count) + out->count < in->count)
        addresses->except = out;
    else
        addresses->in = in;
    return 0;
}

static void region_free(struct lx_region *region)
{
    free(region->source_ports.items);
    free(region->destination_ports.items);
}

static struct lx_region *add_region(struct lx_regions *regions)
{
    struct lx_region *items = regions->items;

    if ((regions->count & (regions->count - 1)) == 0) { /* full whenever it is a power of two */
        items = reallocarray(items, regions->count ? 2 * regions->count : 1, sizeof(*items));
        if (!items)
            return NULL;
        regions->items = items;
    }
    items[regions->count] = (struct lx_region){0};
    return &items[regions->count++];
}

static int take_box(void *context, const struct lx_box *box)
{
    struct making *making = context;
    const struct lx_partition *partitions = making->partitions;
    const struct lx_rule *rule = making->rule->rule;
    struct lx_region *region;
    int error;

    if (making->regions->count == MOST_REGIONS)
        return -E2BIG;
    region = add_region(making->regions);
    if (!region)
        return -ENOMEM;
    region->row = rule->row;
    region->transports = making->transports;
    error = take_ports(&partitions[LX_DESTINATION_PORTS], box->has[LX_DESTINATION_PORTS], &region->destination_ports);
    error = error ?: take_ports(&partitions[LX_SOURCE_PORTS], box->has[LX_SOURCE_PORTS], &region->source_ports);
    error = error
                ?: take_addresses(making, &partitions[LX_DESTINATIONS], box->has[LX_DESTINATIONS], rule->destination,
                                  &region->destination);
    return error
               ?: take_addresses(making, &partitions[LX_SOURCES], box->has[LX_SOURCES], rule->source, &region->source);
}

static int cut_fields(struct making *making, const struct lx_others *others)
{
    const struct lx_address_classes *classes = making->maker->classes;
    const struct lx_numbered_rule *rule = making->rule;
    struct lx_partition *partitions = making->partitions;
    int error = lx_partition_ports(rule, others, LX_DESTINATION_PORT, &partitions[LX_DESTINATION_PORTS]);

    error = error ?: lx_partition_ports(rule, others, LX_SOURCE_PORT, &partitions[LX_SOURCE_PORTS]);
    error =
        error ?: lx_partition_addresses(rule, others, LX_DESTINATION_ADDRESS, classes, &partitions[LX_DESTINATIONS]);
    return error ?: lx_partition_addresses(rule, others, LX_SOURCE_ADDRESS, classes, &partitions[LX_SOURCES]);
}

int lx_regions_add(struct lx_regions *regions, const struct lx_numbered_rule *rule, unsigned transports,
                   const struct lx_others *others, struct lx_set_maker *maker)
{
    struct making making = {.regions = regions, .rule = rule, .transports = transports, .maker = maker};
    size_t before = regions->count;
    int error = -ENOMEM;

    making.in = calloc(maker->asked.words, sizeof(*making.in));
    making.out = calloc(maker->asked.words, sizeof(*making.out));
    if (making.in && making.out)
        error = cut_fields(&making, others);
    error = error ?: lx_subtract_rules(making.partitions, others->count, take_box, &making);
    while (error && regions->count > before)
        region_free(&regions->items[--regions->count]);
    for (unsigned field = 0; field < LX_RULE_FIELDS; field++)
        lx_partition_free(&making.partitions[field]);
    free(making.in);
    free(making.out);
    return error;
}

void lx_regions_free(struct lx_regions *regions)
{
    for (size_t i = 0; i < regions->count; i++)
        region_free(&regions->items[i]);
    free(regions->items);
    *regions = (struct lx_regions){0};
}
