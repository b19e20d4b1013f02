/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of rules, interned in a hash table. */
#include "rule_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16u

int lx_rule_sets_init(struct lx_rule_sets *sets, size_t rules, uint32_t limit)
{
    struct lx_rule_sets fresh = {.words = rules ? (rules + 63) / 64 : 1, .limit = limit, .capacity = FIRST_CAPACITY};

    fresh.index_size = FIRST_CAPACITY * 2;
    fresh.bits = calloc(fresh.capacity, fresh.words * sizeof(*fresh.bits));
    fresh.index = calloc(fresh.index_size, sizeof(*fresh.index));
    if (!fresh.bits || !fresh.index) {
        lx_rule_sets_free(&fresh);
        return -ENOMEM;
    }
    *sets = fresh;
    return 0;
}

void lx_rule_sets_free(struct lx_rule_sets *sets)
{
    free(sets->bits);
    free(sets->index);
    memset(sets, 0, sizeof(*sets));
}

const uint64_t *lx_rule_sets_get(const struct lx_rule_sets *sets, uint32_t id)
{
    return sets->bits + (size_t)id * sets->words;
}

static uint64_t hash_bits(const uint64_t *bits, size_t words)
{
    uint64_t hash = 0x9e3779b97f4a7c15ull;

    for (size_t i = 0; i < words; i++) {
        hash = (hash ^ bits[i]) * 0xd6e8feb86659fd93ull;
        hash ^= hash >> 32;
    }
    return hash;
}

/* The place of a set in the index: where it is, or the free place where it belongs. */
static uint32_t find_place(const struct lx_rule_sets *sets, const uint64_t *bits)
{
    uint32_t place = hash_bits(bits, sets->words) & (sets->index_size - 1);

    while (sets->index[place] &&
           memcmp(lx_rule_sets_get(sets, sets->index[place] - 1), bits, sets->words * sizeof(*bits)) != 0)
        place = (place + 1) & (sets->index_size - 1);
    return place;
}

static int grow(struct lx_rule_sets *sets)
{
    uint32_t capacity = sets->capacity * 2;
    uint64_t *bits = realloc(sets->bits, (size_t)capacity * sets->words * sizeof(*bits));
    uint32_t *index;

    if (!bits)
        return -ENOMEM;
    sets->bits = bits;
    index = calloc((size_t)capacity * 2, sizeof(*index));
    if (!index)
        return -ENOMEM;
    free(sets->index);
    sets->index = index;
    sets->index_size = capacity * 2;
    sets->capacity = capacity;
    for (uint32_t id = 0; id < sets->count; id++)
        sets->index[find_place(sets, lx_rule_sets_get(sets, id))] = id + 1;
    return 0;
}

int lx_rule_sets_intern(struct lx_rule_sets *sets, const uint64_t *bits, uint32_t *id)
{
    uint32_t place = find_place(sets, bits);

    if (sets->index[place]) {
        *id = sets->index[place] - 1;
        return 0;
    }
    if (sets->count == sets->limit)
        return -E2BIG;
    memcpy(sets->bits + (size_t)sets->count * sets->words, bits, sets->words * sizeof(*bits));
    sets->index[place] = ++sets->count;
    *id = sets->count - 1;
    return sets->count == sets->capacity ? grow(sets) : 0;
}
