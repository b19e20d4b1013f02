/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One hash table of the image, filled by cuckoo hashing: a host whose two buckets are full pushes another one on to its
 * own second choice. With two slots a bucket this works up to a load of nearly 0.9; the tables here are filled to 0.8.
 */
#include "bucket_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lyncxdp/hash.h>

#define SLOTS 2
#define MOST_PUSHES 512
#define SEEDS_PER_SIZE 16
#define EMPTY UINT32_MAX

struct filling {
    const struct lx_classed_host *hosts;
    bool ipv4;
    uint32_t seed, buckets;
    uint32_t *slots; /* owned: index of the host in each slot, or EMPTY */
};

static int compare_hosts(const void *left, const void *right)
{
    const struct lx_classed_host *l = left, *r = right;

    return memcmp(&l->address, &r->address, sizeof(l->address));
}

static uint64_t hash_of(const struct filling *filling, const struct lx_address *address)
{
    __u32 word[4];
    __u64 half[2];

    memcpy(word, address->bytes, sizeof(word));
    memcpy(half, address->bytes, sizeof(half));
    return filling->ipv4 ? lx_hash4(word[3], filling->seed) : lx_hash6(half, filling->seed);
}

static bool put_in_bucket(struct filling *filling, uint32_t bucket, uint32_t host)
{
    for (uint32_t slot = bucket * SLOTS; slot < (bucket + 1) * SLOTS; slot++)
        if (filling->slots[slot] == EMPTY) {
            filling->slots[slot] = host;
            return true;
        }
    return false;
}

static bool put(struct filling *filling, uint32_t host)
{
    uint32_t bucket = 0;

    for (unsigned push = 0; push < MOST_PUSHES; push++) {
        uint64_t hash = hash_of(filling, &filling->hosts[host].address);
        uint32_t first = lx_first_bucket(hash, filling->buckets), second = lx_second_bucket(hash, filling->buckets);
        uint32_t slot, pushed;

        if (put_in_bucket(filling, first, host) || put_in_bucket(filling, second, host))
            return true;
        /* Push out whoever sits in the bucket that this one did not just come from. */
        bucket = push && first == bucket ? second : first;
        slot = bucket * SLOTS + (push * 7 >> 2) % SLOTS;
        pushed = filling->slots[slot];
        filling->slots[slot] = host;
        host = pushed;
    }
    return false;
}

static bool fill(struct filling *filling, size_t count)
{
    memset(filling->slots, 0xff, (size_t)filling->buckets * SLOTS * sizeof(*filling->slots));
    for (size_t i = 0; i < count; i++)
        if (!put(filling, (uint32_t)i))
            return false;
    return true;
}

/* Finds a size and a seed with which every host has a slot. */
static int fill_somehow(struct filling *filling, size_t count)
{
    size_t buckets = count <= 8 ? count + !count : count * 5 / 8 + 1;

    for (; buckets <= LX_IMAGE_MAX_CAPACITY / SLOTS / sizeof(struct lx_host4); buckets += buckets / 8 + 1) {
        uint32_t *slots = realloc(filling->slots, buckets * SLOTS * sizeof(*slots));

        if (!slots)
            return -ENOMEM;
        filling->slots = slots;
        filling->buckets = (uint32_t)buckets;
        for (uint32_t seed = 0; seed < SEEDS_PER_SIZE; seed++) {
            filling->seed = seed * 0x85ebca6bu;
            if (fill(filling, count))
                return 0;
        }
    }
    return -E2BIG;
}

static void write_slots4(struct lx_host4 *out, const struct filling *filling)
{
    for (size_t slot = 0; slot < (size_t)filling->buckets * SLOTS; slot++) {
        const struct lx_classed_host *host = &filling->hosts[filling->slots[slot]];

        out[slot].address = UINT32_MAX;
        if (filling->slots[slot] == EMPTY)
            continue;
        memcpy(&out[slot].address, host->address.bytes + 12, sizeof(out[slot].address));
        out[slot].found = host->class + 1u;
    }
}

static void write_slots6(struct lx_host6 *out, const struct filling *filling)
{
    for (size_t slot = 0; slot < (size_t)filling->buckets * SLOTS; slot++) {
        const struct lx_classed_host *host = &filling->hosts[filling->slots[slot]];

        out[slot].address[0] = out[slot].address[1] = UINT64_MAX;
        if (filling->slots[slot] == EMPTY)
            continue;
        memcpy(out[slot].address, host->address.bytes, sizeof(out[slot].address));
        out[slot].found = host->class + 1u;
    }
}

int lx_bucket_table_write(struct lx_image_writer *writer, struct lx_classed_host *hosts, size_t count, bool ipv4,
                          struct lx_bucket_table *table)
{
    struct filling filling = {.hosts = hosts, .ipv4 = ipv4};
    size_t kept = 0, size = ipv4 ? sizeof(struct lx_host4) : sizeof(struct lx_host6);
    int error;

    qsort(hosts, count, sizeof(*hosts), compare_hosts);
    for (size_t i = 0; i < count; i++)
        if (!kept || compare_hosts(&hosts[kept - 1], &hosts[i]) != 0)
            hosts[kept++] = hosts[i];
    error = fill_somehow(&filling, kept);
    error = error ?: lx_image_reserve(writer, (size_t)filling.buckets * SLOTS * size, &table->offset);
    if (!error) {
        if (ipv4)
            write_slots4(lx_image_bytes(writer, table->offset), &filling);
        else
            write_slots6(lx_image_bytes(writer, table->offset), &filling);
        table->buckets = filling.buckets;
        table->seed = filling.seed;
    }
    free(filling.slots);
    return error;
}
