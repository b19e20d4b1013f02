/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports are cut at every edge of every range; addresses are cut already, by class, and only have to be grouped. */
#include "field_partition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_GROUPS (1u << 20)

static int partition_init(struct lx_partition *partition, size_t others, size_t parts)
{
    *partition = (struct lx_partition){0};
    partition->parts = calloc(parts + 1, sizeof(*partition->parts));
    if (!partition->parts)
        return -ENOMEM;
    return lx_rule_sets_init(&partition->groups, others, MOST_GROUPS);
}

/* Once all groups are known. */
static int find_everywhere(struct lx_partition *partition)
{
    size_t words = partition->groups.words;

    partition->everywhere = malloc(words * sizeof(*partition->everywhere));
    if (!partition->everywhere)
        return -ENOMEM;
    memset(partition->everywhere, 0xff, words * sizeof(*partition->everywhere));
    for (uint32_t group = 0; group < partition->groups.count; group++)
        for (size_t w = 0; w < words; w++)
            partition->everywhere[w] &= lx_rule_sets_get(&partition->groups, group)[w];
    return 0;
}

static const struct lx_ports *ports_of(const struct lx_numbered_rule *rule, enum lx_port_end end)
{
    return end == LX_SOURCE_PORT ? &rule->rule->row->source_ports : &rule->rule->row->destination_ports;
}

static int compare_cuts(const void *left, const void *right)
{
    const uint32_t *l = left, *r = right;

    return *l < *r ? -1 : *l > *r;
}

static size_t add_cuts(uint32_t *cuts, size_t count, const struct lx_ports *ports)
{
    for (size_t i = 0; i < ports->count; i++) {
        cuts[count++] = ports->ranges[i].first;
        cuts[count++] = ports->ranges[i].last + 1u;
    }
    return count;
}

/* Where parts begin, in order, each once, and the end of the last. Caller frees; NULL when out of memory. */
static uint32_t *list_cuts(const struct lx_numbered_rule *rule, const struct lx_others *others, enum lx_port_end end,
                           size_t *count)
{
    uint32_t *cuts = calloc((others->count + 1) * 2 * LX_PORT_RANGES + 2, sizeof(*cuts));
    size_t listed = 2, kept = 0;

    if (!cuts)
        return NULL;
    cuts[0] = 1;
    cuts[1] = 65536;
    listed = add_cuts(cuts, listed, ports_of(rule, end));
    for (size_t i = 0; i < others->count; i++)
        listed = add_cuts(cuts, listed, ports_of(others->items[i], end));
    qsort(cuts, listed, sizeof(*cuts), compare_cuts);
    for (size_t i = 0; i < listed; i++)
        if (!kept || cuts[i] != cuts[kept - 1])
            cuts[kept++] = cuts[i];
    *count = kept;
    return cuts;
}

/* Gives the part of ports from one cut to the next its group, if it is one of the rule's at all. */
static int add_ports(struct lx_partition *partition, const struct lx_numbered_rule *rule,
                     const struct lx_others *others, enum lx_port_end end, const uint32_t cut[2])
{
    struct lx_field_part *part = &partition->parts[partition->part_count];
    uint64_t bits[2 * LX_MAX_ROWS / 64] = {0};

    if (!lx_ports_contain(ports_of(rule, end), (uint16_t)cut[0]))
        return 0;
    for (size_t i = 0; i < others->count; i++)
        if (lx_ports_contain(ports_of(others->items[i], end), (uint16_t)cut[0]))
            lx_rule_bits_set(bits, i);
    part->ports = (struct lx_port_range){(uint16_t)cut[0], (uint16_t)(cut[1] - 1)};
    partition->part_count++;
    return lx_rule_sets_intern(&partition->groups, bits, &part->group);
}

int lx_partition_ports(const struct lx_numbered_rule *rule, const struct lx_others *others, enum lx_port_end end,
                       struct lx_partition *partition)
{
    struct lx_partition cut = {0};
    size_t count = 0;
    uint32_t *cuts = list_cuts(rule, others, end, &count);
    int error = cuts ? partition_init(&cut, others->count, count) : -ENOMEM;

    for (size_t i = 0; !error && i + 1 < count; i++)
        error = add_ports(&cut, rule, others, end, cuts + i);
    error = error ?: find_everywhere(&cut);
    free(cuts);
    if (error)
        lx_partition_free(&cut);
    else
        *partition = cut;
    return error;
}

/* Whether each of the others holds all addresses that the rule has at this end. */
static bool all_around(const struct lx_numbered_rule *rule, const struct lx_others *others, enum lx_address_end end,
                       const struct lx_address_classes *classes)
{
    for (size_t i = 0; i < others->count; i++)
        if (!lx_address_set_within(classes, rule->sets[end], others->items[i]->sets[end]))
            return false;
    return true;
}

/* The others that hold the addresses of a class, as a group. */
static int group_class(struct lx_partition *partition, const struct lx_others *others, enum lx_address_end end,
                       const struct lx_address_classes *classes, uint32_t class, uint32_t *group)
{
    uint64_t bits[2 * LX_MAX_ROWS / 64] = {0};

    for (size_t i = 0; i < others->count; i++)
        if (lx_address_class_in(classes, class, others->items[i]->sets[end]))
            lx_rule_bits_set(bits, i);
    return lx_rule_sets_intern(&partition->groups, bits, group);
}

/*
 * The sets at this end of the others decide: classes that the same of them hold are of one group, which is worked out
 * for the first of such classes only. `kinds` are those subsets, `groups` the group of each.
 */
struct grouping {
    struct lx_rule_sets kinds;
    uint32_t *groups; /* owned */
    uint64_t *mask;   /* owned: the sets at this end of the others */
    uint64_t *bits;   /* owned: scratch */
};

static int grouping_init(struct grouping *grouping, const struct lx_others *others, enum lx_address_end end,
                         const struct lx_address_classes *classes)
{
    size_t words = classes->holders.words;

    *grouping = (struct grouping){0};
    grouping->groups = calloc(classes->holders.count + 1, sizeof(*grouping->groups));
    grouping->mask = calloc(words, sizeof(*grouping->mask));
    grouping->bits = calloc(words, sizeof(*grouping->bits));
    if (!grouping->groups || !grouping->mask || !grouping->bits)
        return -ENOMEM;
    for (size_t i = 0; i < others->count; i++)
        lx_rule_bits_set(grouping->mask, others->items[i]->sets[end]);
    return lx_rule_sets_init(&grouping->kinds, words * 64, UINT32_MAX);
}

static void grouping_free(struct grouping *grouping)
{
    lx_rule_sets_free(&grouping->kinds);
    free(grouping->groups);
    free(grouping->mask);
    free(grouping->bits);
}

static int add_class(struct lx_partition *partition, struct grouping *grouping, const struct lx_others *others,
                     enum lx_address_end end, const struct lx_address_classes *classes, uint32_t class)
{
    struct lx_field_part *part = &partition->parts[partition->part_count];
    const uint64_t *holders = lx_rule_sets_get(&classes->holders, class);
    uint32_t known = grouping->kinds.count, kind;
    int error;

    for (size_t w = 0; w < classes->holders.words; w++)
        grouping->bits[w] = holders[w] & grouping->mask[w];
    error = lx_rule_sets_intern(&grouping->kinds, grouping->bits, &kind);
    if (!error && kind == known)
        error = group_class(partition, others, end, classes, class, &grouping->groups[kind]);
    if (error)
        return error;
    part->class = class;
    part->group = grouping->groups[kind];
    partition->part_count++;
    return 0;
}

/* All the addresses of the rule are one group. */
static int one_group(const struct lx_others *others, struct lx_partition *partition)
{
    uint64_t bits[2 * LX_MAX_ROWS / 64] = {0};
    uint32_t group;
    int error = partition_init(partition, others->count, 0);

    for (size_t i = 0; i < others->count; i++)
        lx_rule_bits_set(bits, i);
    return error ?: lx_rule_sets_intern(&partition->groups, bits, &group);
}

static int many_groups(const struct lx_numbered_rule *rule, const struct lx_others *others, enum lx_address_end end,
                       const struct lx_address_classes *classes, struct lx_partition *partition)
{
    uint32_t set = rule->sets[end];
    struct grouping grouping;
    int error = partition_init(partition, others->count, classes->holders.count);

    if (error)
        return error;
    error = grouping_init(&grouping, others, end, classes);
    for (uint32_t class = 0; !error && class < classes->holders.count; class ++)
        if (lx_address_class_in(classes, class, set) && classes->first[class] < classes->first[class + 1])
            error = add_class(partition, &grouping, others, end, classes, class);
    grouping_free(&grouping);
    return error;
}

int lx_partition_addresses(const struct lx_numbered_rule *rule, const struct lx_others *others, enum lx_address_end end,
                           const struct lx_address_classes *classes, struct lx_partition *partition)
{
    struct lx_partition cut = {0};
    int error = all_around(rule, others, end, classes) ? one_group(others, &cut)
                                                       : many_groups(rule, others, end, classes, &cut);

    error = error ?: find_everywhere(&cut);
    if (error)
        lx_partition_free(&cut);
    else
        *partition = cut;
    return error;
}

void lx_partition_free(struct lx_partition *partition)
{
    lx_rule_sets_free(&partition->groups);
    free(partition->parts);
    free(partition->everywhere);
    *partition = (struct lx_partition){0};
}
