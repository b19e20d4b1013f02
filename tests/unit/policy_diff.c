/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a change of policy newly allows and drops: the regions against the oracle, packet by packet, for random pairs of
 * policies, and as large a change as there can be.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/generate.h"
#include "user/core/diff/policy_diff.h"

static struct lx_policy_diff diff_of(const struct lx_policy *before, const struct lx_policy *after)
{
    struct lx_policy_diff diff;
    int error = lx_policy_diff(before, after, &diff);

    cr_assert_eq(error, 0, "the policies cannot be compared: %d", error);
    return diff;
}

static bool addresses_have(const struct lx_region_addresses *addresses, bool ipv6, const uint8_t *address)
{
    return oracle_set_covers(addresses->in, ipv6, address) &&
           !(addresses->except && oracle_set_covers(addresses->except, ipv6, address));
}

static bool ports_have(const struct lx_port_ranges *ports, uint16_t port)
{
    for (size_t i = 0; i < ports->count; i++)
        if (port >= ports->items[i].first && port <= ports->items[i].last)
            return true;
    return false;
}

static bool region_has(const struct lx_region *region, enum lx_hook hook, const struct oracle_tuple *tuple)
{
    return lx_row_hook(region->row) == hook && region->transports & LX_TRANSPORT_BIT(tuple->transport) &&
           ports_have(&region->destination_ports, tuple->destination_port) &&
           ports_have(&region->source_ports, tuple->source_port) &&
           addresses_have(&region->destination, tuple->ipv6, tuple->destination) &&
           addresses_have(&region->source, tuple->ipv6, tuple->source);
}

/* How many regions have a packet; `row` receives the row of one of them. */
static size_t count_regions(const struct lx_regions *regions, enum lx_hook hook, const struct oracle_tuple *tuple,
                            const struct lx_row **row)
{
    size_t count = 0;

    for (size_t i = 0; i < regions->count; i++)
        if (region_has(&regions->items[i], hook, tuple)) {
            *row = regions->items[i].row;
            count++;
        }
    return count;
}

static const struct lx_row *row_of_slot(const struct lx_policy *policy, uint32_t slot)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        if (policy->rules[i].slot == slot)
            return policy->rules[i].row;
    return NULL;
}

static bool is_mapped(const uint8_t *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return !memcmp(address, mapped, sizeof(mapped));
}

/* What the regions say of a packet is what the two policies say, row by row; it is in one region at most. */
static void check_tuple(const struct lx_policy *before, const struct lx_policy *after,
                        const struct lx_policy_diff *diff, enum lx_hook hook, const struct oracle_tuple *tuple,
                        size_t counts[2])
{
    uint32_t old = oracle_first_row(before, hook, tuple), new = oracle_first_row(after, hook, tuple);
    const struct lx_row *row = NULL;
    bool allowed = old == LX_NO_ROW && new != LX_NO_ROW, dropped = old != LX_NO_ROW &&new == LX_NO_ROW;
    bool off = before->egress == LX_EGRESS_OFF && after->egress == LX_EGRESS_OFF;

    /* Such addresses are never on a wire, and in the tables they are how IPv4 is written. */
    if (tuple->ipv6 && (is_mapped(tuple->source) || is_mapped(tuple->destination)))
        return;
    /* Nobody looks at what the role sends. */
    if (hook == LX_HOOK_FROM_ROLE && off)
        allowed = dropped = false;
    cr_assert_eq(count_regions(&diff->allowed, hook, tuple, &row), allowed, "newly allowed: %d", allowed);
    cr_assert(!allowed || row == row_of_slot(after, new), "told of a row that is not the first");
    cr_assert_eq(count_regions(&diff->dropped, hook, tuple, &row), dropped, "newly dropped: %d", dropped);
    cr_assert(!dropped || row == row_of_slot(before, old), "told of a row that was not the first");
    counts[0] += allowed;
    counts[1] += dropped;
}

/* An address of a set, or just beside one: the first or last of a prefix, moved by -1, 0 or 1. */
static bool edge_address(struct generator *generator, const struct lx_prefix_set *set, bool *ipv6, uint8_t address[16])
{
    const struct lx_prefix *prefix;
    unsigned __int128 value = 0;
    int bytes;

    if (set->any || !set->count)
        return false;
    prefix = &set->items[generate_below(generator, set->count)];
    *ipv6 = !lx_prefix_is_ipv4(prefix);
    for (int i = 0; i < 16; i++)
        value = value << 8 | prefix->address.bytes[i];
    if (generate_chance(generator, 50))
        value |= prefix->length ? ((unsigned __int128)1 << (128 - prefix->length) % 128) - 1 : ~(unsigned __int128)0;
    value += generate_below(generator, 3);
    value -= 1;
    bytes = *ipv6 ? 16 : 4;
    for (int i = 0; i < bytes; i++)
        address[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    return true;
}

static uint16_t edge_port(struct generator *generator, const struct lx_port_ranges *ports)
{
    const struct lx_port_range *range = &ports->items[generate_below(generator, ports->count)];
    int port = generate_chance(generator, 50) ? range->first : range->last;

    port += (int)generate_below(generator, 3) - 1;
    return (uint16_t)(port < 1 ? 1 : port > 65535 ? 65535 : port);
}

/* A packet at the edge of a region. */
static struct oracle_tuple edge_of(struct generator *generator, const struct lx_region *region,
                                   struct oracle_tuple tuple)
{
    bool except = region->source.except && generate_chance(generator, 50);
    bool other = region->destination.except && generate_chance(generator, 50);
    bool ipv6 = tuple.ipv6;

    if (edge_address(generator, except ? region->source.except : region->source.in, &ipv6, tuple.source))
        tuple.ipv6 = ipv6;
    if (edge_address(generator, other ? region->destination.except : region->destination.in, &ipv6, tuple.destination))
        tuple.ipv6 = ipv6;
    tuple.source_port = edge_port(generator, &region->source_ports);
    tuple.destination_port = edge_port(generator, &region->destination_ports);
    return tuple;
}

static void check_edges(struct generator *generator, const struct lx_policy *before, const struct lx_policy *after,
                        const struct lx_policy_diff *diff, const struct lx_regions *regions, size_t counts[2])
{
    for (size_t i = 0; regions->count && i < 100; i++) {
        const struct lx_region *region = &regions->items[generate_below(generator, regions->count)];
        enum lx_hook hook = lx_row_hook(region->row);
        struct oracle_tuple tuple = edge_of(
            generator, region, generate_tuple(generator, generate_chance(generator, 50) ? before : after, hook));

        check_tuple(before, after, diff, hook, &tuple, counts);
    }
}

static void check_pair(struct generator *generator, const struct lx_policy *before, const struct lx_policy *after,
                       const struct lx_policy_diff *diff, size_t tuples, size_t counts[2])
{
    for (size_t i = 0; i < tuples; i++) {
        enum lx_hook hook = (enum lx_hook)(i % LX_HOOK_COUNT);
        struct oracle_tuple tuple = generate_tuple(generator, i & 2 ? before : after, hook);

        check_tuple(before, after, diff, hook, &tuple, counts);
    }
    check_edges(generator, before, after, diff, &diff->allowed, counts);
    check_edges(generator, before, after, diff, &diff->dropped, counts);
}

static bool same_addresses(const struct lx_prefix_set *left, const struct lx_prefix_set *right)
{
    if (!left || !right || left->any || right->any)
        return left == right || (left && right && left->any == right->any);
    return left->count == right->count && !memcmp(left->items, right->items, left->count * sizeof(*left->items));
}

static bool same_ranges(const struct lx_port_ranges *left, const struct lx_port_ranges *right)
{
    return left->count == right->count && !memcmp(left->items, right->items, left->count * sizeof(*left->items));
}

static void check_same(const struct lx_regions *left, const struct lx_regions *right)
{
    cr_assert_eq(left->count, right->count);
    for (size_t i = 0; i < left->count; i++) {
        const struct lx_region *l = &left->items[i], *r = &right->items[i];

        cr_assert(l->row == r->row && l->transports == r->transports);
        cr_assert(same_addresses(l->source.in, r->source.in) && same_addresses(l->source.except, r->source.except));
        cr_assert(same_addresses(l->destination.in, r->destination.in));
        cr_assert(same_addresses(l->destination.except, r->destination.except));
        cr_assert(same_ranges(&l->source_ports, &r->source_ports));
        cr_assert(same_ranges(&l->destination_ports, &r->destination_ports));
    }
}

/* The way back allows what the way there drops, in the same regions. */
static void check_symmetry(const struct lx_policy *before, const struct lx_policy *after,
                           const struct lx_policy_diff *diff)
{
    struct lx_policy_diff back = diff_of(after, before);

    check_same(&diff->allowed, &back.dropped);
    check_same(&diff->dropped, &back.allowed);
    cr_assert_eq(diff->switches.built_ins_on, back.switches.built_ins_off);
    cr_assert_eq(diff->switches.built_ins_off, back.switches.built_ins_on);
    cr_assert(!memcmp(diff->switches.vlans_on, back.switches.vlans_off, sizeof(back.switches.vlans_off)));
    cr_assert(same_addresses(diff->switches.protected_on, back.switches.protected_off));
    cr_assert(same_addresses(diff->switches.protected_off, back.switches.protected_on));
    lx_policy_diff_free(&back);
}

/* A policy of the generator and the same once more, to be changed. */
static void twins(struct generator *generator, size_t rules, struct lx_policy *policies[2])
{
    struct generator again = *generator;

    policies[0] = generate_policy(generator, rules);
    policies[1] = generate_policy(&again, rules);
    cr_assert(policies[0] && policies[1]);
}

static void swap_rules(struct generator *generator, struct lx_policy *policy)
{
    struct lx_rule *left = &policy->rules[generate_below(generator, policy->rule_count)];
    struct lx_rule *right = &policy->rules[generate_below(generator, policy->rule_count)];
    struct lx_rule rule = *left;

    *left = *right;
    *right = rule;
}

/* One of the small things that people change. */
static void change(struct generator *generator, struct lx_policy *policy)
{
    struct lx_rule *rule = &policy->rules[generate_below(generator, policy->rule_count)];
    struct lx_row *row = (struct lx_row *)rule->row;
    struct lx_prefix_set *set = policy->sets[generate_below(generator, policy->set_count)];

    switch (generate_below(generator, 7)) {
    case 0:
        *rule = policy->rules[--policy->rule_count];
        policy->rule_count += policy->rule_count == 0;
        break;
    case 1:
        swap_rules(generator, policy);
        break;
    case 2:
        row->transports = 1 + (unsigned)generate_below(generator, 3);
        break;
    case 3:
        row->destination_ports.count = 1;
        row->destination_ports.ranges[0].first = (uint16_t)(1 + generate_below(generator, 65000));
        row->destination_ports.ranges[0].last = (uint16_t)(row->destination_ports.ranges[0].first + 500);
        break;
    case 4:
        rule->source = set;
        break;
    case 5:
        set->count = set->count ? generate_below(generator, set->count + 1) : 0;
        break;
    default:
        rule->destination = set;
        break;
    }
}

Test(policy_diff, regions_are_what_the_oracle_says_of_random_changes)
{
    struct generator generator = generator_from(generator_seed("policy_diff/changes"));
    size_t counts[2] = {0};

    for (size_t i = 0; i < 1000; i++) {
        struct lx_policy *policies[2];
        struct lx_policy_diff diff;

        twins(&generator, 1 + generate_below(&generator, 40), policies);
        for (size_t n = generate_below(&generator, 6); n > 0; n--)
            change(&generator, policies[1]);
        diff = diff_of(policies[0], policies[1]);
        check_pair(&generator, policies[0], policies[1], &diff, 300, counts);
        check_symmetry(policies[0], policies[1], &diff);
        lx_policy_diff_free(&diff);
        generated_policy_free(policies[0]);
        generated_policy_free(policies[1]);
    }
    cr_expect_gt(counts[0], 5000, "%zu packets newly allowed", counts[0]);
    cr_expect_gt(counts[1], 5000, "%zu packets newly dropped", counts[1]);
}

Test(policy_diff, regions_are_what_the_oracle_says_of_unrelated_policies)
{
    struct generator generator = generator_from(generator_seed("policy_diff/unrelated"));
    size_t counts[2] = {0};

    for (size_t i = 0; i < 300; i++) {
        struct lx_policy *before = generate_policy(&generator, 1 + generate_below(&generator, 30));
        struct lx_policy *after = generate_policy(&generator, 1 + generate_below(&generator, 30));
        struct lx_policy_diff diff;

        cr_assert(before && after);
        diff = diff_of(before, after);
        check_pair(&generator, before, after, &diff, 300, counts);
        check_symmetry(before, after, &diff);
        lx_policy_diff_free(&diff);
        generated_policy_free(before);
        generated_policy_free(after);
    }
    cr_expect_gt(counts[0], 5000, "%zu packets newly allowed", counts[0]);
    cr_expect_gt(counts[1], 5000, "%zu packets newly dropped", counts[1]);
}

Test(policy_diff, a_policy_and_itself_do_not_differ)
{
    struct generator generator = generator_from(generator_seed("policy_diff/identical"));

    for (size_t i = 0; i < 200; i++) {
        struct lx_policy *policies[2];
        struct lx_policy_diff diff;

        twins(&generator, generate_rule_count(&generator), policies);
        diff = diff_of(policies[0], policies[1]);
        cr_assert(lx_policy_diff_none(&diff));
        lx_policy_diff_free(&diff);
        generated_policy_free(policies[0]);
        generated_policy_free(policies[1]);
    }
}

/* 1,024 rows about a group of 100,000 hosts, half of which are replaced. */
Test(policy_diff, as_many_rows_and_addresses_as_there_may_be)
{
    struct generator generator = generator_from(generator_seed("policy_diff/large"));
    struct lx_policy *before = generate_policy(&generator, LX_MAX_ROWS), after;
    struct lx_prefix_set groups[2] = {{.count = 100000}, {.count = 100000}};
    struct lx_rule *rules = malloc(LX_MAX_ROWS * sizeof(*rules));
    struct lx_policy_diff diff;

    cr_assert(before && rules);
    for (int g = 0; g < 2; g++) {
        groups[g].items = calloc(groups[g].count, sizeof(*groups[g].items));
        cr_assert_not_null(groups[g].items);
        for (size_t i = 0; i < groups[g].count; i++) {
            uint32_t host = (uint32_t)(0x0a000000 + 3 * (i + (g && i % 2 ? 200000 : 0)));
            uint8_t bytes[16] = {[10] = 0xff,          0xff,         (uint8_t)(host >> 24), (uint8_t)(host >> 16),
                                 (uint8_t)(host >> 8), (uint8_t)host};

            memcpy(groups[g].items[i].address.bytes, bytes, 16);
            groups[g].items[i].length = 128;
        }
    }
    after = *before;
    after.rules = rules;
    for (size_t i = 0; i < LX_MAX_ROWS; i++) {
        struct lx_row *row = &before->rows[i];

        row->transports = LX_TRANSPORT_BIT(LX_TCP);
        row->source_ports.count = 0;
        row->destination_ports = (struct lx_ports){.count = 1};
        row->destination_ports.ranges[0] = (struct lx_port_range){(uint16_t)(2 * i + 1), (uint16_t)(2 * i + 1)};
        rules[i] = before->rules[i];
        before->rules[i].source = &groups[0];
        rules[i].source = &groups[1];
        rules[i].destination = before->rules[i].destination = before->sets[0];
    }
    diff = diff_of(before, &after);
    cr_assert_eq(diff.allowed.count, before->egress ? LX_MAX_ROWS : diff.allowed.count);
    cr_assert_eq(diff.dropped.count, diff.allowed.count);
    for (size_t i = 0; i < diff.allowed.count; i++) {
        cr_assert_eq(diff.allowed.items[i].source.in, diff.allowed.items[0].source.in, "every region has its own copy");
        cr_assert_eq(diff.dropped.items[i].source.in->count, 50000);
        cr_assert_eq(diff.allowed.items[i].source.in->count, 50000);
    }
    lx_policy_diff_free(&diff);
    free(groups[0].items);
    free(groups[1].items);
    free(rules);
    generated_policy_free(before);
}
