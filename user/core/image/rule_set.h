/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of rules, each kept once and known by a small number. Classification is all about them: two ports, or two hosts,
 * are of one class when the same set of rules names them.
 */
#ifndef LYNCXDP_CORE_RULE_SET_H
#define LYNCXDP_CORE_RULE_SET_H

#include <stddef.h>
#include <stdint.h>

struct lx_rule_sets {
    size_t words;      /* 64-bit words of a set */
    uint32_t count;    /* number of sets; ids are 0 to count - 1 */
    uint32_t limit;    /* most that there may be */
    uint64_t *bits;    /* owned: count * words */
    uint32_t capacity; /* sets that `bits` has room for */
    uint32_t *index;   /* owned: open-addressed hash of id + 1 */
    uint32_t index_size;
};

/* Prepares for sets over `rules` rules, at most `limit` of them. Returns 0 or -ENOMEM. */
int lx_rule_sets_init(struct lx_rule_sets *sets, size_t rules, uint32_t limit);
void lx_rule_sets_free(struct lx_rule_sets *sets);

/* The id of a set, which is added when it is new. `bits` may point into `sets`. Returns 0, -ENOMEM or -E2BIG. */
int lx_rule_sets_intern(struct lx_rule_sets *sets, const uint64_t *bits, uint32_t *id);

/* Valid until the next lx_rule_sets_intern. */
const uint64_t *lx_rule_sets_get(const struct lx_rule_sets *sets, uint32_t id);

static inline void lx_rule_bits_set(uint64_t *bits, size_t rule)
{
    bits[rule / 64] |= 1ull << rule % 64;
}

/* Leaves only the rules before `rule`. */
static inline void lx_rule_bits_cut(uint64_t *bits, size_t words, size_t rule)
{
    if (rule / 64 >= words)
        return;
    bits[rule / 64] &= (1ull << rule % 64) - 1;
    for (size_t word = rule / 64 + 1; word < words; word++)
        bits[word] = 0;
}

#define LX_NO_RULE SIZE_MAX

/* The first rule of a set that is not before `from`, or LX_NO_RULE. */
static inline size_t lx_rule_bits_next(const uint64_t *bits, size_t words, size_t from)
{
    size_t word = from / 64;
    uint64_t rest;

    if (word >= words)
        return LX_NO_RULE;
    rest = bits[word] & ~0ull << from % 64;
    while (!rest) {
        if (++word == words)
            return LX_NO_RULE;
        rest = bits[word];
    }
    return word * 64 + (size_t)__builtin_ctzll(rest);
}

#endif
