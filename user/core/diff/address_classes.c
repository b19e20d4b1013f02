/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sweep over each family: a set begins and ends to hold addresses where its prefixes do, and between two such places
 * nothing changes. IPv4 lives at ::ffff:0:0/96 (address.h), which is a gap in IPv6 here.
 */
#include "address_classes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 number;

#define GAP_FIRST ((number)0xffff << 32)
#define GAP_LAST (GAP_FIRST | 0xffffffffu)
#define LAST_ADDRESS (~(number)0)

/* Bytes that the classes may take. */
#define MOST_BYTES (256u << 20)

struct lx_span {
    number first, last;
    uint32_t class;
};

/* Where a set begins, or ceases, to hold addresses. */
struct edge {
    number at;
    uint32_t set;
    bool begins;
};

struct sweep {
    struct lx_address_classes *classes;
    struct edge *edges; /* owned */
    size_t edge_count;
    uint32_t *depth; /* owned, by set: how many of its prefixes are around the present place */
    uint64_t *bits;  /* owned: the sets with a depth */
    number from;     /* the first address behind the last edge */
};

static number number_of(const struct lx_address *address)
{
    number value = 0;

    for (size_t i = 0; i < sizeof(address->bytes); i++)
        value = value << 8 | address->bytes[i];
    return value;
}

/* The last address of the block of so many free bits that an address is in. */
static number end_of_block(number address, unsigned bits)
{
    return bits == 128 ? LAST_ADDRESS : address | (((number)1 << bits) - 1);
}

static bool in_gap(number address)
{
    return address >= GAP_FIRST && address <= GAP_LAST;
}

static int compare_edges(const void *left, const void *right)
{
    const struct edge *l = left, *r = right;

    return l->at < r->at ? -1 : l->at > r->at;
}

static void add_edges(struct sweep *sweep, number first, number last, uint32_t set)
{
    sweep->edges[sweep->edge_count++] = (struct edge){.at = first, .set = set, .begins = true};
    if (last != LAST_ADDRESS)
        sweep->edges[sweep->edge_count++] = (struct edge){.at = last + 1, .set = set};
}

static int list_edges(struct sweep *sweep, bool ipv4)
{
    const struct lx_address_classes *classes = sweep->classes;
    size_t room = 0;

    for (size_t s = 0; s < classes->set_count; s++)
        room += 2 * (classes->sets[s]->any ? 1 : classes->sets[s]->count);
    sweep->edges = malloc((room + 1) * sizeof(*sweep->edges));
    if (!sweep->edges)
        return -ENOMEM;
    for (size_t s = 0; s < classes->set_count; s++) {
        const struct lx_prefix_set *set = classes->sets[s];

        if (set->any)
            add_edges(sweep, ipv4 ? GAP_FIRST : 0, ipv4 ? GAP_LAST : LAST_ADDRESS, (uint32_t)s);
        for (size_t i = 0; !set->any && i < set->count; i++) {
            number first = number_of(&set->items[i].address);

            if (lx_prefix_is_ipv4(&set->items[i]) == ipv4)
                add_edges(sweep, first, end_of_block(first, 128u - set->items[i].length), (uint32_t)s);
        }
    }
    qsort(sweep->edges, sweep->edge_count, sizeof(*sweep->edges), compare_edges);
    return 0;
}

static void add_span(struct sweep *sweep, number first, number last, uint32_t class)
{
    if (first <= last)
        sweep->classes->spans[sweep->classes->span_count++] = (struct lx_span){first, last, class};
}

/* Everything from the last edge to `last` is of one class. */
static int finish_span(struct sweep *sweep, number last, bool ipv4)
{
    uint32_t class;
    int error = lx_rule_sets_intern(&sweep->classes->holders, sweep->bits, &class);

    if (error)
        return error;
    if (ipv4 || last < GAP_FIRST || sweep->from > GAP_LAST) {
        add_span(sweep, sweep->from, last, class);
        return 0;
    }
    if (sweep->from < GAP_FIRST)
        add_span(sweep, sweep->from, GAP_FIRST - 1, class);
    if (last > GAP_LAST)
        add_span(sweep, GAP_LAST + 1, last, class);
    return 0;
}

static void cross(struct sweep *sweep, const struct edge *edge)
{
    uint64_t bit = 1ull << edge->set % 64;

    if (edge->begins)
        sweep->depth[edge->set]++;
    else
        sweep->depth[edge->set]--;
    if (sweep->depth[edge->set])
        sweep->bits[edge->set / 64] |= bit;
    else
        sweep->bits[edge->set / 64] &= ~bit;
}

static int sweep_edges(struct sweep *sweep, bool ipv4)
{
    number last = ipv4 ? GAP_LAST : LAST_ADDRESS;
    struct lx_span *spans;
    int error = 0;

    /* A span for every edge, one behind the last, and one more where the gap parts one in two. */
    spans = reallocarray(sweep->classes->spans, sweep->classes->span_count + sweep->edge_count + 2, sizeof(*spans));
    if (!spans)
        return -ENOMEM;
    sweep->classes->spans = spans;
    sweep->from = ipv4 ? GAP_FIRST : 0;
    for (size_t i = 0; !error && i < sweep->edge_count; i++) {
        if (sweep->edges[i].at > last)
            break;
        if (sweep->edges[i].at > sweep->from) {
            error = finish_span(sweep, sweep->edges[i].at - 1, ipv4);
            sweep->from = sweep->edges[i].at;
        }
        cross(sweep, &sweep->edges[i]);
    }
    return error ?: finish_span(sweep, last, ipv4);
}

static int sweep_family(struct lx_address_classes *classes, bool ipv4)
{
    struct sweep sweep = {.classes = classes};
    int error = -ENOMEM;

    sweep.depth = calloc(classes->set_count + 1, sizeof(*sweep.depth));
    sweep.bits = calloc(classes->holders.words, sizeof(*sweep.bits));
    if (sweep.depth && sweep.bits)
        error = list_edges(&sweep, ipv4);
    error = error ?: sweep_edges(&sweep, ipv4);
    free(sweep.edges);
    free(sweep.depth);
    free(sweep.bits);
    return error;
}

/* Sorts the spans by class, by counting. */
static int index_spans(struct lx_address_classes *classes)
{
    uint32_t count = classes->holders.count;

    classes->by_class = calloc(classes->span_count + 1, sizeof(*classes->by_class));
    classes->first = calloc(count + 2, sizeof(*classes->first));
    if (!classes->by_class || !classes->first)
        return -ENOMEM;
    for (size_t i = 0; i < classes->span_count; i++)
        classes->first[classes->spans[i].class + 2]++;
    for (uint32_t class = 2; class <= count; class ++)
        classes->first[class] += classes->first[class - 1];
    for (size_t i = 0; i < classes->span_count; i++)
        classes->by_class[classes->first[classes->spans[i].class + 1]++] = (uint32_t)i;
    return 0;
}

/* Which sets are around which, and which meet: a set is around another unless a class says no. */
static int relate_sets(struct lx_address_classes *classes)
{
    size_t words = classes->holders.words;

    classes->around = malloc((classes->set_count + 1) * words * sizeof(*classes->around));
    classes->meeting = calloc((classes->set_count + 1) * words, sizeof(*classes->meeting));
    if (!classes->around || !classes->meeting)
        return -ENOMEM;
    memset(classes->around, 0xff, classes->set_count * words * sizeof(*classes->around));
    for (uint32_t class = 0; class < classes->holders.count; class ++) {
        const uint64_t *bits = lx_rule_sets_get(&classes->holders, class);

        if (classes->first[class] == classes->first[class + 1])
            continue; /* only inside the gap */
        for (size_t set = 0; (set = lx_rule_bits_next(bits, words, set)) != LX_NO_RULE; set++)
            for (size_t w = 0; w < words; w++) {
                classes->around[set * words + w] &= bits[w];
                classes->meeting[set * words + w] |= bits[w];
            }
    }
    return 0;
}

static int compare_sets(const void *left, const void *right)
{
    const struct lx_prefix_set *l = *(const struct lx_prefix_set *const *)left;
    const struct lx_prefix_set *r = *(const struct lx_prefix_set *const *)right;

    return l < r ? -1 : l > r;
}

static int collect_sets(struct lx_address_classes *classes, const struct lx_prefix_set *const *sets, size_t count)
{
    classes->sets = calloc(count + 1, sizeof(*classes->sets));
    if (!classes->sets)
        return -ENOMEM;
    memcpy(classes->sets, sets, count * sizeof(*sets));
    qsort(classes->sets, count, sizeof(*classes->sets), compare_sets);
    for (size_t i = 0; i < count; i++)
        if (!i || classes->sets[i] != classes->sets[classes->set_count - 1])
            classes->sets[classes->set_count++] = classes->sets[i];
    return 0;
}

int lx_address_classes_build(const struct lx_prefix_set *const *sets, size_t count, struct lx_address_classes *classes)
{
    struct lx_address_classes built = {0};
    size_t words;
    int error = collect_sets(&built, sets, count);

    words = built.set_count ? (built.set_count + 63) / 64 : 1;
    error = error ?: lx_rule_sets_init(&built.holders, built.set_count, MOST_BYTES / (words * sizeof(uint64_t)));
    error = error ?: sweep_family(&built, true);
    error = error ?: sweep_family(&built, false);
    error = error ?: index_spans(&built);
    error = error ?: relate_sets(&built);
    if (error)
        lx_address_classes_free(&built);
    else
        *classes = built;
    return error;
}

void lx_address_classes_free(struct lx_address_classes *classes)
{
    free(classes->sets);
    lx_rule_sets_free(&classes->holders);
    free(classes->around);
    free(classes->meeting);
    free(classes->spans);
    free(classes->by_class);
    free(classes->first);
    *classes = (struct lx_address_classes){0};
}

uint32_t lx_address_classes_number(const struct lx_address_classes *classes, const struct lx_prefix_set *set)
{
    const struct lx_prefix_set *const *found =
        bsearch(&set, classes->sets, classes->set_count, sizeof(*classes->sets), compare_sets);

    return (uint32_t)(found - classes->sets);
}

static int compare_places(const void *left, const void *right)
{
    const uint32_t *l = left, *r = right;

    return *l < *r ? -1 : *l > *r;
}

/* The places of the spans of some classes, in order. Caller frees; NULL when out of memory. */
static uint32_t *list_places(const struct lx_address_classes *classes, const uint32_t *ids, size_t count, size_t *found)
{
    size_t room = 0, used = 0;
    uint32_t *places;

    for (size_t i = 0; i < count; i++)
        room += classes->first[ids[i] + 1] - classes->first[ids[i]];
    places = calloc(room + 1, sizeof(*places));
    for (size_t i = 0; places && i < count; i++)
        for (uint32_t at = classes->first[ids[i]]; at < classes->first[ids[i] + 1]; at++)
            places[used++] = classes->by_class[at];
    if (places)
        qsort(places, used, sizeof(*places), compare_places);
    *found = used;
    return places;
}

/* Whether no address lies between the end of one span and the beginning of another, of one family both. */
static bool adjoin(const struct lx_span *left, const struct lx_span *right)
{
    if (in_gap(left->first) != in_gap(right->first))
        return false;
    return left->last + 1 == right->first || (left->last == GAP_FIRST - 1 && right->first == GAP_LAST + 1);
}

static int add_prefix(struct lx_prefix_set *set, number first, unsigned bits)
{
    struct lx_prefix *prefix;

    if ((set->count & (set->count - 1)) == 0) { /* full whenever it is a power of two */
        struct lx_prefix *items = reallocarray(set->items, set->count ? 2 * set->count : 1, sizeof(*items));

        if (!items)
            return -ENOMEM;
        set->items = items;
    }
    prefix = &set->items[set->count++];
    prefix->length = (uint8_t)(128 - bits);
    for (size_t i = 0; i < sizeof(prefix->address.bytes); i++)
        prefix->address.bytes[i] = (uint8_t)(first >> 8 * (15 - i));
    return 0;
}

static unsigned trailing_zeros(number value)
{
    if ((uint64_t)value)
        return (unsigned)__builtin_ctzll((uint64_t)value);
    return value ? 64 + (unsigned)__builtin_ctzll((uint64_t)(value >> 64)) : 128;
}

/* A stretch as the fewest prefixes: from its beginning, each time the largest block that fits. */
static int add_stretch(struct lx_prefix_set *set, number first, number last)
{
    bool ipv4 = in_gap(first);
    int error = 0;

    for (;;) {
        unsigned bits = trailing_zeros(first);

        while (end_of_block(first, bits) > last)
            bits--;
        /* A stretch of IPv6 may go across the gap, but a block inside of it would be IPv4. */
        if (ipv4 || !in_gap(first) || !in_gap(end_of_block(first, bits)))
            error = add_prefix(set, first, bits);
        if (error || end_of_block(first, bits) == last)
            return error;
        first = end_of_block(first, bits) + 1;
    }
}

struct lx_prefix_set *lx_address_classes_set(const struct lx_address_classes *classes, const uint32_t *ids,
                                             size_t count)
{
    struct lx_prefix_set *set = calloc(1, sizeof(*set));
    const struct lx_span *spans = classes->spans;
    size_t found = 0, next;
    uint32_t *places = list_places(classes, ids, count, &found);
    int error = set && places ? 0 : -ENOMEM;

    for (size_t i = 0; !error && i < found; i = next) {
        for (next = i + 1; next < found && adjoin(&spans[places[next - 1]], &spans[places[next]]);)
            next++;
        error = add_stretch(set, spans[places[i]].first, spans[places[next - 1]].last);
    }
    free(places);
    if (error && set) {
        free(set->items);
        free(set);
        set = NULL;
    }
    return set;
}
