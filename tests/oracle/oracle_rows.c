/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Row matching as one would do it by hand: go down the rules, ask each of its five conditions, stop at the first that
 * holds. Prefixes are compared bit by bit, ports range by range.
 */
#include "oracle.h"

#include <string.h>

static bool bit_of(const uint8_t *bytes, unsigned index)
{
    return (bytes[index / 8] >> (7 - index % 8)) & 1;
}

/* IPv4 is kept as ::ffff:a.b.c.d/(96 + n): a prefix that begins with those 96 bits. */
static bool is_ipv4_prefix(const struct lx_prefix *prefix)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return prefix->length >= 96 && memcmp(prefix->address.bytes, mapped, 12) == 0;
}

/* A prefix of one family says nothing about the other one: ::/0 does not cover 192.0.2.1. */
static bool prefix_covers(const struct lx_prefix *prefix, bool ipv6, const uint8_t *address)
{
    unsigned skip = ipv6 ? 0 : 96, index;

    if (is_ipv4_prefix(prefix) == ipv6)
        return false;
    for (index = skip; index < prefix->length; index++) {
        if (bit_of(prefix->address.bytes, index) != bit_of(address, index - skip))
            return false;
    }
    return true;
}

bool oracle_set_covers(const struct lx_prefix_set *set, bool ipv6, const uint8_t *address)
{
    size_t index;

    if (set->any)
        return true;
    for (index = 0; index < set->count; index++) {
        if (prefix_covers(&set->items[index], ipv6, address))
            return true;
    }
    return false;
}

static bool ports_cover(const struct lx_ports *ports, uint16_t port)
{
    size_t index;

    if (ports->count == 0)
        return true;
    for (index = 0; index < ports->count; index++) {
        if (ports->ranges[index].first <= port && port <= ports->ranges[index].last)
            return true;
    }
    return false;
}

/* `to: self` is a row of to-role, `from: self` one of from-role. */
static bool is_of_hook(const struct lx_row *row, enum lx_hook hook)
{
    if (hook == LX_HOOK_TO_ROLE)
        return row->to.kind == LX_ENDPOINT_SELF;
    return row->from.kind == LX_ENDPOINT_SELF;
}

uint32_t oracle_first_row(const struct lx_policy *policy, enum lx_hook hook, const struct oracle_tuple *tuple)
{
    size_t index;

    for (index = 0; index < policy->rule_count; index++) {
        const struct lx_rule *rule = &policy->rules[index];
        const struct lx_row *row = rule->row;

        if (!is_of_hook(row, hook))
            continue;
        if (!((row->transports >> tuple->transport) & 1))
            continue;
        if (!ports_cover(&row->destination_ports, tuple->destination_port))
            continue;
        if (!ports_cover(&row->source_ports, tuple->source_port))
            continue;
        if (!oracle_set_covers(rule->destination, tuple->ipv6, tuple->destination))
            continue;
        if (!oracle_set_covers(rule->source, tuple->ipv6, tuple->source))
            continue;
        return rule->slot;
    }
    return LX_NO_ROW;
}
