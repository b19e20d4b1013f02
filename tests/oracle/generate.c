/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random policies, in the form that resolving leaves them in. Addresses come from a few neighbourhoods of each family,
 * so that prefixes nest, overlap and repeat; ports come from a short list of corner cases and the tables' own.
 */
#include "generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_SETS 20
#define ALL_BUILT_INS 0x2fffu /* but Router Alert, which is the rows' own */
#define MOST_SLOTS LX_ROW_SLOTS

uint64_t generator_seed(const char *test)
{
    const char *given = getenv("LX_SEED");
    struct timespec now = {0};
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec * 1000003u ^ (uint64_t)now.tv_nsec;
    fprintf(stderr, "%s: LX_SEED=%llu repeats this run\n", test, (unsigned long long)seed);
    return seed;
}

struct generator generator_from(uint64_t seed)
{
    return (struct generator){.state = seed};
}

/* SplitMix64. */
uint64_t generate_number(struct generator *generator)
{
    uint64_t number = generator->state += 0x9e3779b97f4a7c15u;

    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
    number = (number ^ number >> 27) * 0x94d049bb133111ebu;
    return number ^ number >> 31;
}

void generate_key(unsigned long long *key, size_t words)
{
    struct generator generator = generator_from(1);

    for (size_t word = 0; word < words; word++)
        key[word] = generate_number(&generator);
}

size_t generate_below(struct generator *generator, size_t limit)
{
    return generate_number(generator) % limit;
}

bool generate_chance(struct generator *generator, unsigned percent)
{
    return generate_below(generator, 100) < percent;
}

static uint8_t small_byte(struct generator *generator, size_t limit)
{
    return (uint8_t)generate_below(generator, limit);
}

static struct lx_address random_ipv4(struct generator *generator)
{
    static const uint8_t networks[4][3] = {{131, 107, 155}, {192, 168, 10}, {10, 0, 0}, {172, 25, 33}};
    struct lx_address address = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    uint64_t any = generate_number(generator);

    if (generate_chance(generator, 5)) {
        memcpy(address.bytes + 12, &any, 4);
        return address;
    }
    memcpy(address.bytes + 12, networks[generate_below(generator, 4)], 3);
    if (generate_chance(generator, 20))
        address.bytes[14] ^= small_byte(generator, 8);
    if (generate_chance(generator, 10))
        address.bytes[13] ^= small_byte(generator, 4);
    address.bytes[15] = generate_chance(generator, 60) ? small_byte(generator, 16) : small_byte(generator, 256);
    return address;
}

static struct lx_address random_ipv6(struct generator *generator)
{
    struct lx_address address = {{0x20, 0x01, 0x0d, 0xb8}};
    uint64_t any = generate_number(generator);

    if (generate_chance(generator, 5)) {
        memcpy(address.bytes, &any, 8); /* its first half is anything */
        address.bytes[0] |= 0x20;
    }
    if (generate_chance(generator, 10)) {
        address.bytes[0] = 0xfe;
        address.bytes[1] = 0x80;
        address.bytes[2] = address.bytes[3] = 0;
    }
    if (generate_chance(generator, 3))
        memset(address.bytes, 0, 12); /* next to the v4-mapped addresses */
    address.bytes[7] ^= small_byte(generator, 3);
    if (generate_chance(generator, 30))
        address.bytes[8 + generate_below(generator, 7)] ^= small_byte(generator, 256);
    address.bytes[15] = small_byte(generator, 16);
    return address;
}

static struct lx_prefix cut(struct lx_address address, unsigned length)
{
    struct lx_prefix prefix = {.address = address, .length = (uint8_t)length};
    unsigned bit;

    for (bit = length; bit < 128; bit++)
        prefix.address.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return prefix;
}

/* A group of routers, or one beside it. */
static struct lx_address random_group(struct generator *generator, bool ipv4)
{
    static const uint8_t last[] = {1, 2, 4, 5, 6, 12, 13, 18, 22};
    struct lx_address group = {{0xff, 0x02}};

    if (ipv4)
        group = (struct lx_address){{[10] = 0xff, 0xff, 224}};
    group.bytes[15] = last[generate_below(generator, sizeof(last))];
    return group;
}

static struct lx_prefix random_prefix(struct generator *generator)
{
    static const uint8_t usual4[] = {96, 104, 112, 120, 121, 124, 126, 127, 128};
    static const uint8_t usual6[] = {0, 8, 32, 48, 56, 63, 64, 65, 80, 95, 120, 124, 127, 128};
    bool ipv4 = generate_chance(generator, 60);
    struct lx_address address = ipv4 ? random_ipv4(generator) : random_ipv6(generator);
    unsigned length = 128;

    if (generate_chance(generator, 6))
        return cut(random_group(generator, ipv4), 128);
    if (generate_chance(generator, 30))
        length = ipv4 ? usual4[generate_below(generator, sizeof(usual4))]
                      : usual6[generate_below(generator, sizeof(usual6))];
    else if (generate_chance(generator, 30))
        length = ipv4 ? 96 + (unsigned)generate_below(generator, 33) : (unsigned)generate_below(generator, 129);
    /* The widest ones hide everything else when they are frequent. */
    if (length < (ipv4 ? 112 : 33) && generate_chance(generator, 70))
        length = 128;
    return cut(address, length);
}

static size_t random_set_size(struct generator *generator)
{
    size_t kind = generate_below(generator, 100);

    if (kind < 2)
        return 0;
    if (kind < 65)
        return 1 + generate_below(generator, 4);
    if (kind < 94)
        return 5 + generate_below(generator, 20);
    return 20 + generate_below(generator, 300);
}

/*
 * A ladder: for every length that there is, the prefix that parts from one address at its last bit. None of them lies
 * in another, so that all lengths are in use and the search among them is as deep as it can be.
 */
static void fill_ladder(struct generator *generator, struct lx_prefix_set *set)
{
    bool ipv4 = generate_chance(generator, 50);
    struct lx_address foot = ipv4 ? random_ipv4(generator) : random_ipv6(generator);
    unsigned length;

    for (length = ipv4 ? 97 : 1; length <= 128; length++) {
        struct lx_address address = foot;

        address.bytes[(length - 1) / 8] ^= (uint8_t)(0x80 >> (length - 1) % 8);
        set->items[set->count++] = cut(address, length);
    }
}

static struct lx_prefix_set *random_set(struct generator *generator)
{
    struct lx_prefix_set *set = calloc(1, sizeof(*set));
    size_t size = random_set_size(generator);

    if (!set)
        return NULL;
    set->items = calloc(size + 128, sizeof(*set->items));
    if (!set->items) {
        free(set);
        return NULL;
    }
    if (generate_chance(generator, 5))
        fill_ladder(generator, set);
    else
        while (set->count < size)
            set->items[set->count++] = random_prefix(generator);
    return set;
}

static uint16_t random_port(struct generator *generator)
{
    static const uint16_t corners[] = {1,     53,    67,    68,    80,    135,   255,   256,  257,   443,
                                       444,   445,   511,   512,   546,   547,   1024,  3478, 4443,  5060,
                                       5061,  5062,  5063,  8057,  8080,  9999,  1433,  3389, 49152, 49999,
                                       50000, 57500, 57501, 59999, 60000, 65335, 65534, 65535};

    if (generate_chance(generator, 85))
        return corners[generate_below(generator, sizeof(corners) / sizeof(*corners))];
    return (uint16_t)(1 + generate_below(generator, 65535));
}

static struct lx_port_range random_range(struct generator *generator, bool single)
{
    uint16_t first = random_port(generator), last = single ? first : random_port(generator);

    return first <= last ? (struct lx_port_range){first, last} : (struct lx_port_range){last, first};
}

static struct lx_ports random_ports(struct generator *generator, unsigned any_percent)
{
    struct lx_ports ports = {0};
    size_t index;

    if (generate_chance(generator, any_percent))
        return ports;
    ports.count = generate_chance(generator, 70) ? 1 : 1 + generate_below(generator, 5);
    if (generate_chance(generator, 2))
        ports.count = LX_PORT_RANGES;
    for (index = 0; index < ports.count; index++)
        ports.ranges[index] = random_range(generator, generate_chance(generator, 75));
    return ports;
}

static const struct lx_prefix_set *pick_set(struct generator *generator, const struct lx_policy *policy,
                                            unsigned any_percent)
{
    if (generate_chance(generator, any_percent))
        return policy->sets[0];
    return policy->sets[generate_below(generator, policy->set_count)];
}

/* VRRP, OSPF, IGMP, PIM, ESP, AH, GRE, IPIP, echo, and one that has no name. */
static void random_protocol(struct generator *generator, struct lx_row *row)
{
    static const uint8_t protocols[] = {112, 112, 89, 2, 103, 50, 51, 47, 4, 1, 1, 41};
    uint8_t protocol = protocols[generate_below(generator, sizeof(protocols))];

    row->transports = 1u << LX_PORTLESS;
    row->destination_ports = (struct lx_ports){.count = 1, .ranges = {{protocol, protocol}}};
}

static void random_rule(struct generator *generator, struct lx_policy *policy, size_t index, size_t slot)
{
    struct lx_row *row = &policy->rows[index];
    struct lx_rule *rule = &policy->rules[index];
    bool inbound = generate_chance(generator, 65);

    row->from.kind = inbound ? LX_ENDPOINT_GROUP : LX_ENDPOINT_SELF;
    row->to.kind = inbound ? LX_ENDPOINT_SELF : LX_ENDPOINT_GROUP;
    if (generate_chance(generator, 15)) {
        random_protocol(generator, row);
    } else {
        row->transports = 1 + (unsigned)generate_below(generator, 3);
        row->destination_ports = random_ports(generator, 8);
        row->source_ports = random_ports(generator, 75);
    }
    rule->row = row;
    rule->source = pick_set(generator, policy, inbound ? 30 : 10);
    rule->destination = pick_set(generator, policy, inbound ? 10 : 40);
    rule->slot = (uint16_t)slot;
}

static bool random_sets(struct generator *generator, struct lx_policy *policy)
{
    size_t count = 2 + generate_below(generator, MOST_SETS - 1);

    policy->sets = calloc(count, sizeof(struct lx_prefix_set *));
    if (!policy->sets)
        return false;
    policy->sets[0] = calloc(1, sizeof(struct lx_prefix_set));
    if (!policy->sets[0])
        return false;
    policy->sets[0]->any = true;
    for (policy->set_count = 1; policy->set_count < count; policy->set_count++) {
        policy->sets[policy->set_count] = random_set(generator);
        if (!policy->sets[policy->set_count])
            return false;
    }
    return true;
}

static void random_switches(struct generator *generator, struct lx_policy *policy)
{
    size_t listed = generate_below(generator, 6), index;

    policy->built_ins = generate_chance(generator, 50)
                            ? ALL_BUILT_INS
                            : (uint32_t)generate_below(generator, ALL_BUILT_INS + 1) & ALL_BUILT_INS;
    policy->egress = (enum lx_egress)generate_below(generator, 3);
    policy->vlans_listed = generate_chance(generator, 25);
    if (generate_chance(generator, 60))
        policy->vlans[0] |= 1;
    if (generate_chance(generator, 10))
        policy->vlan = (uint16_t)(1 + generate_below(generator, 8));
    for (index = 0; index < listed; index++) {
        size_t id = generate_chance(generator, 80) ? generate_below(generator, 8) : generate_below(generator, 4096);

        policy->vlans[id / 8] |= (uint8_t)(1 << id % 8);
    }
    if (generate_chance(generator, 60))
        policy->protected = policy->sets[1 + generate_below(generator, policy->set_count - 1)];
}

/* Now and then, a neighbour is bound to the addresses of honest frames, or to others. */
static struct lx_bound random_bound(struct generator *generator)
{
    static const uint8_t cards[][6] = {{0x02, 0, 0, 0, 0, 0x01}, {0x02, 0, 0, 0, 0, 0x02}, {0x02, 0, 0, 0, 0x80, 0x02}};
    struct lx_bound bound = {.count = generate_chance(generator, 60) ? 0 : 1 + generate_below(generator, 2)};

    for (size_t index = 0; index < bound.count; index++)
        memcpy(bound.cards[index], cards[generate_below(generator, 3)], 6);
    return bound;
}

/* Neighbours out of the sets that rules are about, in order and each once; and some VLANs. */
static void random_bypass(struct generator *generator, struct lx_policy *policy)
{
    const struct lx_prefix_set *set = policy->sets[1 + generate_below(generator, policy->set_count - 1)];
    size_t most = 1 + generate_below(generator, 6), vlans = generate_below(generator, 4), kept = 0, index;
    struct lx_bypass *bypass = &policy->bypass;

    bypass->items = calloc(most, sizeof(*bypass->items));
    for (index = 0; bypass->items && set->count && index < most; index++)
        bypass->items[bypass->count++] = (struct lx_bypassed){
            .prefix = set->items[generate_below(generator, set->count)], .bound = random_bound(generator)};
    if (bypass->count)
        qsort(bypass->items, bypass->count, sizeof(*bypass->items), lx_prefix_compare); /* the prefix comes first */
    for (index = 0; index < bypass->count; index++)
        if (!kept || lx_prefix_compare(&bypass->items[kept - 1], &bypass->items[index]) != 0)
            bypass->items[kept++] = bypass->items[index];
    bypass->count = kept;
    bypass->has_vlans = vlans > 0;
    for (index = 0; index < vlans; index++)
        bypass->vlans[0] |= (uint8_t)(2u << generate_below(generator, 7));
}

size_t generate_rule_count(struct generator *generator)
{
    if (generate_chance(generator, 1))
        return LX_MAX_ROWS;
    return 1 + generate_below(generator, generate_chance(generator, 50) ? 12 : 64);
}

/* A shuffled deck of slots, so that nothing can take a slot for the place of its rule. */
static void shuffle_slots(struct generator *generator, uint16_t slots[MOST_SLOTS])
{
    size_t index;

    for (index = 0; index < MOST_SLOTS; index++)
        slots[index] = (uint16_t)index;
    for (index = MOST_SLOTS - 1; index > 0; index--) {
        size_t other = generate_below(generator, index + 1);
        uint16_t slot = slots[index];

        slots[index] = slots[other];
        slots[other] = slot;
    }
}

struct lx_policy *generate_policy(struct generator *generator, size_t rules)
{
    struct lx_policy *policy = calloc(1, sizeof(*policy));
    bool shuffled = generate_chance(generator, 50);
    uint16_t slots[MOST_SLOTS];
    size_t index;

    if (!policy)
        return NULL;
    policy->rows = calloc(rules + 1, sizeof(*policy->rows));
    policy->rules = calloc(rules + 1, sizeof(*policy->rules));
    if (!policy->rows || !policy->rules || !random_sets(generator, policy)) {
        generated_policy_free(policy);
        return NULL;
    }
    shuffle_slots(generator, slots);
    policy->row_count = policy->rule_count = rules;
    for (index = 0; index < rules; index++)
        random_rule(generator, policy, index, shuffled ? slots[index] : index);
    random_switches(generator, policy);
    if (generate_chance(generator, 20))
        random_bypass(generator, policy);
    return policy;
}

void generated_policy_free(struct lx_policy *policy)
{
    size_t index;

    if (!policy)
        return;
    for (index = 0; index < policy->set_count; index++) {
        free(policy->sets[index]->items);
        free(policy->sets[index]);
    }
    free(policy->sets);
    free(policy->bypass.items);
    free(policy->rows);
    free(policy->rules);
    free(policy);
}
