/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be said of a policy as a whole: its digest, which distinguishes two policies by what they let through, and
 * its end.
 */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

/* 64-bit FNV-1a (draft-eastlake-fnv). */
#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    return hash;
}

/* The least significant byte first, so that the digest of a policy is the same on every machine. */
static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = number >> 8 * i;
    return mix(hash, bytes, sizeof(bytes));
}

static uint64_t mix_ports(uint64_t hash, const struct lx_ports *ports)
{
    hash = mix_number(hash, ports->count);
    for (size_t i = 0; i < ports->count; i++)
        hash = mix_number(hash, (uint64_t)ports->ranges[i].first << 16 | ports->ranges[i].last);
    return hash;
}

/* Its addresses alone: neither the name of a set nor who shares it changes a verdict. */
static uint64_t set_digest(const struct lx_prefix_set *set)
{
    uint64_t hash = mix_number(FNV_OFFSET, set->any);

    if (set->any)
        return hash;
    hash = mix_number(hash, set->count);
    for (size_t i = 0; i < set->count; i++) {
        hash = mix(hash, set->items[i].address.bytes, sizeof(set->items[i].address.bytes));
        hash = mix(hash, &set->items[i].length, sizeof(set->items[i].length));
    }
    return hash;
}

static uint64_t mix_bypass(uint64_t hash, const struct lx_bypass *bypass)
{
    if (!lx_bypass_any(bypass))
        return hash;
    hash = mix(mix_number(hash, bypass->count), bypass->vlans, sizeof(bypass->vlans));
    for (size_t i = 0; i < bypass->count; i++) {
        const struct lx_bypassed *bypassed = &bypass->items[i];

        hash = mix(hash, bypassed->prefix.address.bytes, sizeof(bypassed->prefix.address.bytes));
        hash = mix_number(hash, bypassed->prefix.length);
        hash = mix_number(hash, bypassed->bound.count);
        hash = mix(hash, bypassed->bound.cards, bypassed->bound.count * sizeof(bypassed->bound.cards[0]));
    }
    return hash;
}

/* A rule's two sets and their digests. */
struct ends {
    const struct lx_prefix_set *sets[2];
    uint64_t digests[2];
};

/* A set of 100,000 addresses that a thousand rules share is read once: look for the set among earlier rules' first. */
static uint64_t end_digest(const struct ends *seen, size_t count, const struct lx_prefix_set *set)
{
    for (size_t i = 0; i < count; i++)
        for (int end = 0; end < 2; end++)
            if (seen[i].sets[end] == set)
                return seen[i].digests[end];
    return set_digest(set);
}

uint64_t lx_policy_digest(const struct lx_policy *policy)
{
    struct ends seen[LX_MAX_ROWS];
    uint64_t hash = mix_number(FNV_OFFSET, policy->rule_count);

    for (size_t i = 0; i < policy->rule_count && i < LX_MAX_ROWS; i++) {
        const struct lx_rule *rule = &policy->rules[i];
        const struct lx_row *row = rule->row;
        struct ends *ends = &seen[i];

        *ends = (struct ends){.sets = {rule->source, rule->destination}};
        ends->digests[0] = end_digest(seen, i, rule->source);
        ends->digests[1] = end_digest(seen, i, rule->destination);
        hash = mix(hash, row->id, strlen(row->id) + 1);
        hash = mix_number(hash, lx_row_hook(row));
        hash = mix_number(hash, row->transports);
        hash = mix_ports(hash, &row->source_ports);
        hash = mix_ports(hash, &row->destination_ports);
        hash = mix_number(hash, ends->digests[0]);
        hash = mix_number(hash, ends->digests[1]);
    }
    hash = mix_number(hash, policy->protected ? set_digest(policy->protected) : 0);
    hash = mix_number(hash, policy->built_ins);
    hash = mix_number(hash, policy->egress);
    hash = mix_number(hash, policy->audit);
    hash = mix_number(hash, policy->vlans_listed);
    if (policy->vlans_listed)
        hash = mix(hash, policy->vlans, sizeof(policy->vlans));
    if (policy->vlan)
        hash = mix_number(hash, policy->vlan);
    return mix_bypass(hash, &policy->bypass);
}

bool lx_prefix_set_lists(const struct lx_prefix_set *set, const struct lx_address *address)
{
    for (size_t i = 0; i < set->count; i++)
        if (lx_prefix_contains(&set->items[i], address))
            return true;
    return false;
}

enum lx_origin lx_published_origin(const struct lx_publication *publication)
{
    if (publication->traits & LX_TRAIT_CLOSED)
        return LX_ORIGIN_CLOSED;
    return publication->traits & LX_TRAIT_LAST_GOOD ? LX_ORIGIN_LAST_GOOD : LX_ORIGIN_ASKED;
}

bool lx_policy_reads_tags(const struct lx_policy *policy)
{
    return policy->vlans_listed || policy->bypass.has_vlans || policy->vlan;
}

void lx_policy_free(struct lx_policy *policy)
{
    for (size_t i = 0; i < policy->row_count; i++)
        lx_row_free(&policy->rows[i]);
    for (size_t i = 0; i < policy->set_count; i++) {
        free(policy->sets[i]->name);
        free(policy->sets[i]->items);
        free(policy->sets[i]);
    }
    free(policy->rows);
    free(policy->rules);
    free(policy->sets);
    free(policy->edition);
    free(policy->bypass.items);
    free(policy->watch_ports);
    lx_words_free(&policy->roles);
    *policy = (struct lx_policy){0};
}
