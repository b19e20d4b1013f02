/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses to classes. Every prefix gets the set of rules that name it or a prefix around it; the prefixes of one
 * family then go into hash tables by length, with markers that guide the search towards longer lengths (Waldvogel et
 * al., "Scalable High Speed IP Routing Lookups", 1997).
 */
#include "address_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host_table.h"

/* A prefix as one of the section's rules names it. */
struct named_prefix {
    struct lx_prefix prefix;
    uint32_t names; /* id of the set of rules that name it, before prefixes around it are added */
};

static int compare_named(const void *left, const void *right)
{
    const struct named_prefix *l = left, *r = right;

    return lx_prefix_compare(&l->prefix, &r->prefix);
}

static const struct lx_prefix_set *end_of(const struct lx_rule *rule, enum lx_address_end end)
{
    return end == LX_SOURCE_ADDRESS ? rule->source : rule->destination;
}

/* Sets of addresses that the rules name at one end, each once, with the rules that name it. */
struct named_sets {
    const struct lx_prefix_set **sets; /* owned array of borrowed sets */
    uint64_t *bits;                    /* owned: the rules of each */
    uint64_t *any;                     /* owned: the rules that take any address */
    size_t count, words, prefixes;
};

static void named_sets_free(struct named_sets *named)
{
    free(named->sets);
    free(named->bits);
    free(named->any);
}

static int named_sets_collect(struct named_sets *named, const struct lx_rule *const *rules, size_t count,
                              enum lx_address_end end, size_t words)
{
    *named = (struct named_sets){.words = words};
    named->sets = calloc(count + 1, sizeof(*named->sets));
    named->bits = calloc(count + 1, words * sizeof(*named->bits));
    named->any = calloc(words, sizeof(*named->any));
    if (!named->sets || !named->bits || !named->any)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct lx_prefix_set *set = end_of(rules[i], end);
        size_t at = 0;

        if (set->any) {
            lx_rule_bits_set(named->any, i);
            continue;
        }
        while (at < named->count && named->sets[at] != set)
            at++;
        if (at == named->count) {
            named->sets[named->count++] = set;
            named->prefixes += set->count;
        }
        lx_rule_bits_set(named->bits + at * words, i);
    }
    return 0;
}

/* All prefixes of one family, in order. A prefix that several sets hold is there once for each. */
static size_t list_prefixes(const struct named_sets *named, bool ipv4, const uint32_t *ids, struct named_prefix *list)
{
    size_t count = 0;

    for (size_t s = 0; s < named->count; s++)
        for (size_t i = 0; i < named->sets[s]->count; i++) {
            const struct lx_prefix *prefix = &named->sets[s]->items[i];

            if (lx_prefix_is_ipv4(prefix) == ipv4)
                list[count++] = (struct named_prefix){.prefix = *prefix, .names = ids[s]};
        }
    qsort(list, count, sizeof(*list), compare_named);
    return count;
}

/*
 * Walks the ordered prefixes with a stack of the ones around the present one, and gives each its class: the rules that
 * name it or anything around it. Equal prefixes become one; one of the same class as the one around it is left out.
 */
static int classify_prefixes(const struct named_prefix *list, size_t count, struct lx_rule_sets *sets,
                             struct lx_classed_prefix *classed, size_t *classed_count)
{
    size_t stack[129], depth = 0, made = 0;
    uint64_t bits[(LX_MAX_ROWS + 63) / 64];
    int error;

    for (size_t i = 0; i < count; i++) {
        const struct lx_prefix *prefix = &list[i].prefix;
        uint32_t around;

        while (depth && (classed[stack[depth - 1]].prefix.length > prefix->length ||
                         !lx_prefix_contains(&classed[stack[depth - 1]].prefix, &prefix->address)))
            depth--;
        around = depth ? classed[stack[depth - 1]].class : 0;
        memcpy(bits, lx_rule_sets_get(sets, around), sets->words * sizeof(*bits));
        for (size_t w = 0; w < sets->words; w++)
            bits[w] |= lx_rule_sets_get(sets, list[i].names)[w];
        if (depth && classed[stack[depth - 1]].prefix.length == prefix->length) {
            error = lx_rule_sets_intern(sets, bits, &classed[stack[depth - 1]].class);
            if (error)
                return error;
            continue;
        }
        error = lx_rule_sets_intern(sets, bits, &classed[made].class);
        if (error)
            return error;
        if (classed[made].class == around)
            continue;
        classed[made].prefix = *prefix;
        classed[made].around = depth ? (uint32_t)stack[depth - 1] + 1 : 0;
        stack[depth++] = made++;
    }
    *classed_count = made;
    return 0;
}

/* The bits in which all prefixes agree: of a prefix, those behind its length are anything. */
static void find_common(const struct lx_classed_prefix *prefixes, size_t count, struct lx_address *mask,
                        struct lx_address *common)
{
    memset(mask, count ? 0xff : 0, sizeof(*mask));
    memset(common, count ? 0 : 0xff, sizeof(*common)); /* which nothing is, under a mask of zeroes */
    for (size_t i = 0; i < count; i++) {
        const struct lx_prefix *prefix = &prefixes[i].prefix;

        for (size_t byte = 0; byte < sizeof(mask->bytes); byte++) {
            size_t from = byte * 8;
            uint8_t inside = prefix->length >= from + 8 ? 0xff
                             : prefix->length <= from   ? 0
                                                        : (uint8_t)(0xff00 >> (prefix->length - from));

            mask->bytes[byte] &=
                inside & (uint8_t) ~(prefix->address.bytes[byte] ^ prefixes[0].prefix.address.bytes[byte]);
        }
    }
    for (size_t byte = 0; count && byte < sizeof(mask->bytes); byte++)
        common->bytes[byte] = prefixes[0].prefix.address.bytes[byte] & mask->bytes[byte];
}

static void write_common(const struct lx_classed_prefix *prefixes, size_t count, bool ipv4,
                         struct lx_address_table *table)
{
    struct lx_address mask, common;

    find_common(prefixes, count, &mask, &common);
    if (ipv4) {
        memcpy(&table->common4_mask, mask.bytes + 12, sizeof(table->common4_mask));
        memcpy(&table->common4, common.bytes + 12, sizeof(table->common4));
        table->class4 = count == 1 ? prefixes[0].class : 0;
    } else {
        memcpy(table->common6_mask, mask.bytes, sizeof(table->common6_mask));
        memcpy(table->common6, common.bytes, sizeof(table->common6));
        table->class6 = count == 1 ? prefixes[0].class : 0;
    }
}

/* Classed prefixes of one family, in order. */
static int write_classed(struct lx_image_writer *writer, const struct lx_classed_prefix *classed, size_t count,
                         bool ipv4, struct lx_address_table *table)
{
    int error = 0;

    if (count > 1)
        error = lx_host_tables_write(writer, classed, count, ipv4, ipv4 ? &table->root4 : &table->root6);
    if (!error)
        write_common(classed, count, ipv4, table);
    return error;
}

static int write_family(struct lx_image_writer *writer, const struct named_sets *named, bool ipv4, const uint32_t *ids,
                        struct lx_rule_sets *sets, struct lx_address_table *table)
{
    struct named_prefix *list = malloc((named->prefixes + 1) * sizeof(*list));
    struct lx_classed_prefix *classed = malloc((named->prefixes + 1) * sizeof(*classed));
    size_t count;
    int error = -ENOMEM;

    if (!list || !classed)
        goto out;
    count = list_prefixes(named, ipv4, ids, list);
    error = classify_prefixes(list, count, sets, classed, &count);
    error = error ?: write_classed(writer, classed, count, ipv4, table);
out:
    free(list);
    free(classed);
    return error;
}

static int write_named(struct lx_image_writer *writer, const struct named_sets *named, struct lx_rule_sets *sets,
                       struct lx_address_table *table)
{
    struct lx_address_table built = {0};
    uint32_t *ids = calloc(named->count + 1, sizeof(*ids)), any;
    int error;

    if (!ids)
        return -ENOMEM;
    error = lx_rule_sets_intern(sets, named->any, &any); /* the first set: class 0 */
    for (size_t s = 0; !error && s < named->count; s++) {
        for (size_t w = 0; w < named->words; w++)
            named->bits[s * named->words + w] |= named->any[w];
        error = lx_rule_sets_intern(sets, named->bits + s * named->words, &ids[s]);
    }
    error = error ?: write_family(writer, named, true, ids, sets, &built);
    error = error ?: write_family(writer, named, false, ids, sets, &built);
    if (!error)
        *table = built;
    free(ids);
    return error;
}

int lx_address_table_write(struct lx_image_writer *writer, const struct lx_rule *const *rules, size_t count,
                           enum lx_address_end end, struct lx_rule_sets *sets, struct lx_address_table *table)
{
    struct named_sets named;
    int error = named_sets_collect(&named, rules, count, end, sets->words);

    error = error ?: write_named(writer, &named, sets, table);
    named_sets_free(&named);
    return error;
}

int lx_address_members_write(struct lx_image_writer *writer, const struct lx_prefix_set *set,
                             struct lx_address_table *table)
{
    struct lx_row row = {0};
    const struct lx_rule rule = {.row = &row, .source = set, .destination = set}, *rules[] = {&rule};
    struct lx_rule_sets sets;
    int error = lx_rule_sets_init(&sets, 1, 2);

    if (error)
        return error;
    error = lx_address_table_write(writer, rules, 1, LX_SOURCE_ADDRESS, &sets, table);
    lx_rule_sets_free(&sets);
    return error;
}

/* Those of one family, in order, each with the one around it. Returns how many. */
static size_t take_family(const struct lx_classed_prefix *prefixes, size_t count, bool ipv4,
                          struct lx_classed_prefix *taken)
{
    size_t stack[129], depth = 0, made = 0;

    for (size_t i = 0; i < count; i++) {
        const struct lx_prefix *prefix = &prefixes[i].prefix;

        if (lx_prefix_is_ipv4(prefix) != ipv4)
            continue;
        while (depth && !lx_prefix_contains(&taken[stack[depth - 1]].prefix, &prefix->address))
            depth--;
        taken[made] = prefixes[i];
        taken[made].around = depth ? (uint32_t)stack[depth - 1] + 1 : 0;
        stack[depth++] = made++;
    }
    return made;
}

int lx_address_classes_write(struct lx_image_writer *writer, const struct lx_classed_prefix *prefixes, size_t count,
                             struct lx_address_table *table)
{
    struct lx_classed_prefix *taken = malloc((count + 1) * sizeof(*taken));
    struct lx_address_table built = {0};
    int error = taken ? 0 : -ENOMEM;

    for (int ipv4 = 0; !error && ipv4 < 2; ipv4++)
        error = write_classed(writer, taken, take_family(prefixes, count, ipv4, taken), ipv4, &built);
    if (!error)
        *table = built;
    free(taken);
    return error;
}
