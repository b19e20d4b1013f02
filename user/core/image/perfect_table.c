/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A perfect hash for addresses that are known beforehand (Belazzougui et al., "Hash, Displace, and Compress", 2009):
 * hashes fall into small groups; for one group after the other, the largest first, a number is sought, its pilot, that
 * sends all its members to slots which are still free. Looking one up takes the pilot and one slot.
 */
#include "perfect_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lyncxdp/hash.h>

#define FEWEST_BITS 1u
#define MOST_BITS 20u         /* 1,048,576 slots: more do not fit an image */
#define GROUP_BITS 2u         /* a group for every four slots */
#define MOST_LOAD_PERCENT 80u /* of the slots; with more, the last groups take long to place */
#define MOST_PILOT 65535u
#define SEEDS_PER_SIZE 64

struct member {
    uint64_t hash;
    uint32_t group, host;
};

struct group {
    uint32_t first, count; /* its members */
};

struct filling {
    const struct lx_classed_host *hosts;
    bool ipv4;
    size_t count;
    struct member *members; /* owned, by group */
    struct group *groups;   /* owned, the largest first while they are placed */
    uint16_t *pilots;       /* owned, by group */
    uint32_t *slots;        /* owned: index + 1 of the host in each, or 0 */
    uint32_t seed, slot_bits, group_bits;
};

static int compare_hosts(const void *left, const void *right)
{
    const struct lx_classed_host *l = left, *r = right;

    return memcmp(&l->address, &r->address, sizeof(l->address));
}

static int by_group(const void *left, const void *right)
{
    const struct member *l = left, *r = right;

    return l->group < r->group ? -1 : l->group > r->group;
}

/* Equal ones in the order of their members, so that the same addresses always make the same table. */
static int largest_first(const void *left, const void *right)
{
    const struct group *l = left, *r = right;

    if (l->count != r->count)
        return l->count < r->count ? 1 : -1;
    return l->first < r->first ? -1 : l->first > r->first;
}

static uint64_t hash_of(const struct filling *filling, const struct lx_address *address)
{
    __u32 words[4];
    __u64 halves[2];

    memcpy(words, address->bytes, sizeof(words));
    lx_address_words(words, halves);
    return filling->ipv4 ? lx_hash4(filling->seed, words[3]) : lx_hash6(filling->seed, halves);
}

static uint32_t slot_mask(const struct filling *filling)
{
    return ((1u << filling->slot_bits) - 1) * 4;
}

static uint32_t slot_of(const struct filling *filling, uint64_t hash, uint32_t pilot)
{
    return lx_hash_slot(hash, (__u16)pilot, slot_mask(filling)) / 4;
}

/* Two of a group that one pilot sends to the same slot, every pilot does. */
static bool is_hopeless(const struct filling *filling, const struct group *group)
{
    const struct member *members = &filling->members[group->first];

    for (uint32_t i = 1; i < group->count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (slot_of(filling, members[i].hash, 0) == slot_of(filling, members[j].hash, 0))
                return true;
    return false;
}

static void make_groups(struct filling *filling)
{
    memset(filling->groups, 0, sizeof(*filling->groups) << filling->group_bits);
    for (size_t i = 0; i < filling->count; i++) {
        struct member *member = &filling->members[i];

        member->host = (uint32_t)i;
        member->hash = hash_of(filling, &filling->hosts[i].address);
        member->group = lx_hash_group(member->hash, 64 - filling->group_bits);
        filling->groups[member->group].count++;
    }
    qsort(filling->members, filling->count, sizeof(*filling->members), by_group);
    for (uint32_t group = 1; group < 1u << filling->group_bits; group++)
        filling->groups[group].first = filling->groups[group - 1].first + filling->groups[group - 1].count;
    qsort(filling->groups, (size_t)1 << filling->group_bits, sizeof(*filling->groups), largest_first);
}

/* Puts the members of a group into the slots that a pilot gives them; into none if one of those is taken. */
static bool put(struct filling *filling, const struct group *group, uint32_t pilot)
{
    const struct member *members = &filling->members[group->first];

    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t slot = slot_of(filling, members[i].hash, pilot);

        if (filling->slots[slot]) {
            while (i--)
                filling->slots[slot_of(filling, members[i].hash, pilot)] = 0;
            return false;
        }
        filling->slots[slot] = members[i].host + 1;
    }
    return true;
}

static bool place(struct filling *filling, const struct group *group)
{
    uint32_t pilot = 0;

    while (!put(filling, group, pilot))
        if (pilot++ == MOST_PILOT)
            return false;
    filling->pilots[filling->members[group->first].group] = (uint16_t)pilot;
    return true;
}

static bool fill(struct filling *filling)
{
    make_groups(filling);
    for (const struct group *group = filling->groups; group->count; group++)
        if (is_hopeless(filling, group))
            return false;
    memset(filling->slots, 0, sizeof(*filling->slots) << filling->slot_bits);
    memset(filling->pilots, 0, sizeof(*filling->pilots) << filling->group_bits);
    for (const struct group *group = filling->groups; group->count; group++)
        if (!place(filling, group))
            return false;
    return true;
}

/* One more group than there are, for an empty one to end with. */
static int allocate(struct filling *filling)
{
    size_t slot_count = (size_t)1 << filling->slot_bits, group_count = (size_t)1 << filling->group_bits;
    struct group *groups = reallocarray(filling->groups, group_count + 1, sizeof(*groups));
    uint16_t *pilots;
    uint32_t *slots;

    if (!groups)
        return -ENOMEM;
    filling->groups = groups;
    groups[group_count] = (struct group){0};
    pilots = reallocarray(filling->pilots, group_count, sizeof(*pilots));
    if (!pilots)
        return -ENOMEM;
    filling->pilots = pilots;
    slots = reallocarray(filling->slots, slot_count, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    filling->slots = slots;
    return 0;
}

/* Finds a size and a seed with which every host has a slot of its own. */
static int fill_somehow(struct filling *filling)
{
    uint32_t bits = FEWEST_BITS;
    int error;

    while (filling->count * 100 > ((size_t)MOST_LOAD_PERCENT << bits))
        bits++;
    for (; bits <= MOST_BITS; bits++) {
        filling->slot_bits = bits;
        filling->group_bits = bits > GROUP_BITS ? bits - GROUP_BITS : FEWEST_BITS;
        error = allocate(filling);
        if (error)
            return error;
        for (uint32_t seed = 0; seed < SEEDS_PER_SIZE; seed++) {
            filling->seed = seed * 0x85ebca6bu;
            if (fill(filling))
                return 0;
        }
    }
    return -E2BIG;
}

/* Where an address is looked for, whether it is there or not. */
static uint32_t slot_of_address(const struct filling *filling, const struct lx_address *address)
{
    uint64_t hash = hash_of(filling, address);

    return slot_of(filling, hash, filling->pilots[lx_hash_group(hash, 64 - filling->group_bits)]);
}

/* What is in a slot: its host, or for an unused one an address that is looked for in another slot, so never found. */
static struct lx_classed_host content_of(const struct filling *filling, size_t slot)
{
    struct lx_classed_host nobody = {0};

    if (filling->slots[slot])
        return filling->hosts[filling->slots[slot] - 1];
    for (uint32_t tried = 0; slot_of_address(filling, &nobody.address) == slot; tried++)
        memcpy(nobody.address.bytes + 12, &tried, sizeof(tried));
    return nobody;
}

/* 1 + the class that all of them have, or 0. */
static uint32_t common_class(const struct filling *filling)
{
    for (size_t i = 1; i < filling->count; i++)
        if (filling->hosts[i].class != filling->hosts[0].class)
            return 0;
    return filling->count ? filling->hosts[0].class + 1u : 0;
}

static void write_addresses4(uint32_t *out, const struct filling *filling)
{
    for (size_t slot = 0; slot < (size_t)1 << filling->slot_bits; slot++)
        memcpy(&out[slot], content_of(filling, slot).address.bytes + 12, sizeof(out[slot]));
}

static void write_slots4(struct lx_host4 *out, const struct filling *filling)
{
    for (size_t slot = 0; slot < (size_t)1 << filling->slot_bits; slot++) {
        struct lx_classed_host host = content_of(filling, slot);

        memcpy(&out[slot].address, host.address.bytes + 12, sizeof(out[slot].address));
        out[slot].class = host.class;
    }
}

static void write_slots6(struct lx_host6 *out, const struct filling *filling)
{
    for (size_t slot = 0; slot < (size_t)1 << filling->slot_bits; slot++) {
        struct lx_classed_host host = content_of(filling, slot);

        memcpy(out[slot].address, host.address.bytes, sizeof(out[slot].address));
        out[slot].class = host.class;
    }
}

static void write_slots(void *out, const struct filling *filling, const struct lx_hosts *hosts)
{
    if (hosts->class)
        write_addresses4(out, filling);
    else if (filling->ipv4)
        write_slots4(out, filling);
    else
        write_slots6(out, filling);
}

static int write_table(struct lx_image_writer *writer, const struct filling *filling, struct lx_hosts *table)
{
    size_t pilots_size = sizeof(*filling->pilots) << filling->group_bits, slot_size;
    struct lx_hosts hosts = {.seed = filling->seed,
                             .group_shift = 64 - filling->group_bits,
                             .slot_mask = slot_mask(filling),
                             .class = filling->ipv4 ? common_class(filling) : 0};
    int error = lx_image_reserve(writer, pilots_size, &hosts.pilots);

    slot_size = hosts.class ? sizeof(uint32_t) : filling->ipv4 ? sizeof(struct lx_host4) : sizeof(struct lx_host6);
    error = error ?: lx_image_reserve(writer, slot_size << filling->slot_bits, &hosts.slots);
    if (error)
        return error;
    memcpy(lx_image_bytes(writer, hosts.pilots), filling->pilots, pilots_size);
    write_slots(lx_image_bytes(writer, hosts.slots), filling, &hosts);
    *table = hosts;
    return 0;
}

int lx_perfect_table_write(struct lx_image_writer *writer, struct lx_classed_host *hosts, size_t count, bool ipv4,
                           struct lx_hosts *table)
{
    struct filling filling = {.hosts = hosts, .ipv4 = ipv4};
    int error;

    qsort(hosts, count, sizeof(*hosts), compare_hosts);
    for (size_t i = 0; i < count; i++)
        if (!filling.count || compare_hosts(&hosts[filling.count - 1], &hosts[i]) != 0)
            hosts[filling.count++] = hosts[i];
    filling.members = calloc(filling.count + 1, sizeof(*filling.members));
    error = filling.members ? fill_somehow(&filling) : -ENOMEM;
    error = error ?: write_table(writer, &filling, table);
    free(filling.members);
    free(filling.groups);
    free(filling.pilots);
    free(filling.slots);
    return error;
}
