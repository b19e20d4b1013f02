/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All addresses of both families, cut into classes by sets of addresses: two addresses are of one class when the same
 * sets hold both. What is worked out over classes comes back as prefixes, as few as say it exactly.
 */
#ifndef LYNCXDP_CORE_ADDRESS_CLASSES_H
#define LYNCXDP_CORE_ADDRESS_CLASSES_H

#include "user/core/image/rule_set.h"
#include "user/core/resolve/policy.h"

struct lx_address_classes {
    const struct lx_prefix_set **sets; /* owned array of borrowed sets, each once; a set's number is its place here */
    size_t set_count;
    struct lx_rule_sets holders; /* by class: the numbers of the sets that hold its addresses */
    uint64_t *around;            /* owned, by set: the sets that hold all of its addresses */
    uint64_t *meeting;           /* owned, by set: the sets that hold one of its addresses */
    struct lx_span *spans;       /* owned: stretches of addresses of one class, IPv4 first, in order */
    size_t span_count;
    uint32_t *by_class; /* owned: the places in `spans`, those of class 0 first, in order within a class */
    uint32_t *first;    /* owned, by class and one beyond: where its places begin in `by_class` */
};

/*
 * Cuts. A set may be there several times. Returns 0, -ENOMEM, or -E2BIG when the sets overlap in so many ways that the
 * classes would take more memory than a verdict on them is worth; the output is untouched unless 0.
 */
int lx_address_classes_build(const struct lx_prefix_set *const *sets, size_t count, struct lx_address_classes *classes);
void lx_address_classes_free(struct lx_address_classes *classes);

/* The number of a set that the classes were built from. */
uint32_t lx_address_classes_number(const struct lx_address_classes *classes, const struct lx_prefix_set *set);

/* Whether the addresses of a class are in a set. */
static inline bool lx_address_class_in(const struct lx_address_classes *classes, uint32_t class, uint32_t set)
{
    return lx_rule_sets_get(&classes->holders, class)[set / 64] >> set % 64 & 1;
}

/* Whether every address of `inner` is one of `outer`, and whether the two have one in common. */
static inline bool lx_address_set_within(const struct lx_address_classes *classes, uint32_t inner, uint32_t outer)
{
    return classes->around[inner * classes->holders.words + outer / 64] >> outer % 64 & 1;
}

static inline bool lx_address_sets_meet(const struct lx_address_classes *classes, uint32_t left, uint32_t right)
{
    return classes->meeting[left * classes->holders.words + right / 64] >> right % 64 & 1;
}

/*
 * The addresses of some classes as a new set without a name: the fewest prefixes, in order. The caller frees its items
 * and the set. Returns NULL when out of memory.
 */
struct lx_prefix_set *lx_address_classes_set(const struct lx_address_classes *classes, const uint32_t *ids,
                                             size_t count);

#endif
