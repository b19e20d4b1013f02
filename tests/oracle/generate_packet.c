/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets for a policy: take a rule, make the conversation that it is about, and then, as often as not, step just over
 * one of its borders. Frames get tags, extension headers and defects on top.
 */
#include "generate_icmp.h"

#include <string.h>

static void set_address(uint8_t *bytes, const struct lx_address *address, bool ipv6)
{
    if (ipv6)
        memcpy(bytes, address->bytes, 16);
    else
        memcpy(bytes, address->bytes + 12, 4);
}

static bool of_family(const struct lx_prefix *prefix, bool ipv6)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return (prefix->length >= 96 && memcmp(prefix->address.bytes, mapped, 12) == 0) != ipv6;
}

/* An address of a prefix: its first, its last, or any between. */
static struct lx_address address_within(struct generator *generator, const struct lx_prefix *prefix)
{
    struct lx_address address = prefix->address;
    size_t kind = generate_below(generator, 4);
    unsigned bit;

    for (bit = prefix->length; bit < 128; bit++) {
        if (kind == 1 || (kind > 1 && generate_chance(generator, 50)))
            address.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    }
    return address;
}

void generate_neighbour(uint8_t *bytes, bool ipv6, int step)
{
    int index;

    for (index = ipv6 ? 15 : 3; index >= 0; index--) {
        bytes[index] = (uint8_t)(bytes[index] + step);
        if (bytes[index] != (step > 0 ? 0 : 0xff))
            return;
    }
}

/* Some address of a family out of a set; of any set of the policy when this one has none. */
static void pick_address(struct generator *generator, const struct lx_policy *policy, const struct lx_prefix_set *set,
                         bool ipv6, uint8_t *bytes)
{
    unsigned attempt;

    for (attempt = 0; attempt < 16; attempt++) {
        const struct lx_prefix *prefix;
        struct lx_address address;

        if (set->any || attempt >= 8)
            set = policy->sets[generate_below(generator, policy->set_count)];
        if (!set->count)
            continue;
        prefix = &set->items[generate_below(generator, set->count)];
        if (!of_family(prefix, ipv6))
            continue;
        address = address_within(generator, prefix);
        set_address(bytes, &address, ipv6);
        return;
    }
    bytes[0] = ipv6 ? 0x20 : 198;
    bytes[ipv6 ? 15 : 3] = (uint8_t)(1 + generate_below(generator, 200));
}

static uint16_t pick_port(struct generator *generator, const struct lx_ports *ports)
{
    const struct lx_port_range *range;

    if (!ports->count)
        return (uint16_t)(1 + generate_below(generator, 65535));
    range = &ports->ranges[generate_below(generator, ports->count)];
    switch (generate_below(generator, 3)) {
    case 0:
        return range->first;
    case 1:
        return range->last;
    default:
        return (uint16_t)(range->first + generate_below(generator, range->last - range->first + 1u));
    }
}

static uint16_t move_port(struct generator *generator, uint16_t port)
{
    uint16_t moved = (uint16_t)(generate_chance(generator, 50) ? port + 1 : port - 1);

    return moved ? moved : port;
}

static const struct lx_rule *pick_rule(struct generator *generator, const struct lx_policy *policy, enum lx_hook hook)
{
    const struct lx_rule *rule = NULL;
    unsigned attempt;

    for (attempt = 0; attempt < 8; attempt++) {
        rule = &policy->rules[generate_below(generator, policy->rule_count)];
        if ((rule->row->to.kind == LX_ENDPOINT_SELF) == (hook == LX_HOOK_TO_ROLE))
            break;
    }
    return rule;
}

/* Steps over one border of what the tuple was made for. */
static void disturb(struct generator *generator, const struct lx_policy *policy, struct oracle_tuple *tuple)
{
    struct oracle_tuple other = *tuple;

    switch (generate_below(generator, 10)) {
    case 0:
    case 1:
        tuple->destination_port = move_port(generator, tuple->destination_port);
        break;
    case 2:
        tuple->source_port = move_port(generator, tuple->source_port);
        break;
    case 3:
        if (tuple->transport != LX_PORTLESS)
            tuple->transport ^= 1;
        break;
    case 4:
        generate_neighbour(tuple->destination, tuple->ipv6, generate_chance(generator, 50) ? 1 : -1);
        break;
    case 5:
        generate_neighbour(tuple->source, tuple->ipv6, generate_chance(generator, 50) ? 1 : -1);
        break;
    case 6:
        pick_address(generator, policy, policy->sets[0], tuple->ipv6, tuple->source);
        break;
    case 7:
        pick_address(generator, policy, policy->sets[0], tuple->ipv6, tuple->destination);
        break;
    case 8:
        memcpy(tuple->source, other.destination, 16);
        memcpy(tuple->destination, other.source, 16);
        break;
    default:
        tuple->destination_port =
            pick_port(generator, &pick_rule(generator, policy, LX_HOOK_TO_ROLE)->row->source_ports);
        break;
    }
}

struct oracle_tuple generate_tuple(struct generator *generator, const struct lx_policy *policy, enum lx_hook hook)
{
    const struct lx_rule *rule = pick_rule(generator, policy, hook);
    struct oracle_tuple tuple = {.ipv6 = generate_chance(generator, 40)};

    /* Prefer the family that the rule's own sets have. */
    if (rule->destination->count && generate_chance(generator, 80))
        tuple.ipv6 = of_family(&rule->destination->items[generate_below(generator, rule->destination->count)], true);
    else if (rule->source->count && generate_chance(generator, 80))
        tuple.ipv6 = of_family(&rule->source->items[generate_below(generator, rule->source->count)], true);
    tuple.transport = rule->row->transports == 3 ? (unsigned)generate_below(generator, 2) : rule->row->transports - 1;
    if (rule->row->transports == 1u << LX_PORTLESS)
        tuple.transport = LX_PORTLESS;
    pick_address(generator, policy, rule->source, tuple.ipv6, tuple.source);
    pick_address(generator, policy, rule->destination, tuple.ipv6, tuple.destination);
    tuple.source_port = pick_port(generator, &rule->row->source_ports);
    tuple.destination_port = pick_port(generator, &rule->row->destination_ports);
    if (generate_chance(generator, 50))
        disturb(generator, policy, &tuple);
    if (generate_chance(generator, 15))
        disturb(generator, policy, &tuple);
    if (tuple.transport == LX_PORTLESS)
        tuple.source_port = tuple.destination_port &= 0xff;
    return tuple;
}

void generate_special(struct generator *generator, bool ipv6, uint8_t *bytes)
{
    static const uint8_t special4[][4] = {
        {0, 0, 0, 0},         {0, 1, 2, 3},         {1, 0, 0, 0},         {126, 255, 255, 255}, {127, 0, 0, 1},
        {128, 0, 0, 0},       {224, 0, 0, 1},       {223, 255, 255, 255}, {239, 255, 255, 255}, {240, 0, 0, 1},
        {255, 255, 255, 255}, {255, 255, 255, 254}, {10, 0, 0, 255},      {169, 254, 0, 1}};
    static const uint8_t special6[][16] = {{0},
                                           {[15] = 1},
                                           {[15] = 2},
                                           {0xff, 0x02, [15] = 1},
                                           {0xff, 0x02, [13] = 1, [15] = 2},
                                           {0xfe, 0x80, [15] = 1},
                                           {0xfe, 0xbf, [15] = 1},
                                           {0xfe, 0xc0, [15] = 1},
                                           {0xfe, 0x7f, [15] = 1},
                                           {[10] = 0xff, 0xff, 10, 0, 0, 1},
                                           {[10] = 0xff, 0xfe, 10, 0, 0, 1},
                                           {[9] = 1, 0xff, 0xff, 10, 0, 0, 1},
                                           {[0] = 0xff, [1] = 0xff}};

    if (ipv6)
        memcpy(bytes, special6[generate_below(generator, sizeof(special6) / 16)], 16);
    else
        memcpy(bytes, special4[generate_below(generator, sizeof(special4) / 4)], 4);
}

static void add_tags(struct generator *generator, struct shape *shape)
{
    unsigned index;

    shape->tags = 1 + (unsigned)generate_below(generator, generate_chance(generator, 10) ? 3 : 2);
    for (index = 0; index < shape->tags; index++) {
        size_t id = generate_chance(generator, 85) ? generate_below(generator, 8) : generate_below(generator, 4096);

        shape->tag_type[index] = generate_chance(generator, 70) ? 0x8100 : 0x88a8;
        shape->tag[index] = (uint16_t)(generate_below(generator, 16) << 12 | id);
    }
}

static void add_extensions(struct generator *generator, struct shape *shape)
{
    static const uint8_t usual[] = {60, 60, 60, 44, 44, 0, 43, 51, 59, 135};
    unsigned index;

    shape->extensions = 1 + (unsigned)generate_below(generator, generate_chance(generator, 15) ? 11 : 4);
    for (index = 0; index < shape->extensions; index++) {
        shape->extension[index] = usual[generate_below(generator, generate_chance(generator, 80) ? 4 : sizeof(usual))];
        if (!index && generate_chance(generator, 40))
            shape->extension[index] = 0;
        if (shape->extension[index] != 44 || generate_chance(generator, 10))
            shape->extension_size[index] = (uint8_t)generate_below(generator, generate_chance(generator, 80) ? 2 : 7);
        /* Whatever is not a type that must come once makes long chains possible. */
        if (shape->extension[index] == 44 && index && generate_chance(generator, 60))
            shape->extension[index] = 60;
    }
    if (generate_chance(generator, 15))
        shape->fragment = (uint16_t)generate_number(generator);
    else
        shape->fragment = (uint16_t)(generate_below(generator, 4) << 1); /* reserved bits: still atomic */
}

/* Numbers that disagree with each other or with the frame. */
static void add_wrong_number(struct generator *generator, struct shape *shape)
{
    int error = generate_chance(generator, 50) ? 1 : -1;

    switch (generate_below(generator, 7)) {
    case 0:
        shape->hop_limit = (uint8_t)generate_below(generator, 2);
        break;
    case 1:
        shape->version_error = error;
        break;
    case 2:
        shape->ip_length_error = error * (int)(1 + generate_below(generator, 40));
        break;
    case 3:
        shape->header_length_error = error;
        break;
    case 4:
        shape->transport_length_error = error * (int)(1 + generate_below(generator, 3));
        break;
    case 5:
        shape->option_words = (unsigned)generate_below(generator, 11);
        break;
    default:
        if (shape->ethertype == 0x0800)
            shape->fragment = (uint16_t)(1u << generate_below(generator, 16));
        break;
    }
}

static void add_defect(struct generator *generator, struct shape *shape)
{
    struct oracle_tuple *tuple = &shape->tuple;

    switch (generate_below(generator, 16)) {
    case 0:
        shape->source_mac[0] |= 1;
        break;
    case 1:
        memset(shape->destination_mac, 0xff, generate_chance(generator, 60) ? 6 : 5);
        break;
    case 2:
        shape->destination_mac[0] |= 1;
        break;
    case 3:
        shape->protocol = (uint8_t)generate_below(generator, 256);
        break;
    case 4:
        shape->ethertype = (uint16_t)generate_number(generator);
        break;
    case 5:
        generate_special(generator, tuple->ipv6, tuple->source);
        break;
    case 6:
        generate_special(generator, tuple->ipv6, tuple->destination);
        break;
    case 7:
        memcpy(tuple->destination, tuple->source, 16);
        break;
    case 8:
        *(generate_chance(generator, 50) ? &tuple->source_port : &tuple->destination_port) = 0;
        break;
    default:
        add_wrong_number(generator, shape);
        break;
    }
}

/* About the tuple's ends, or nobody, where it has IPv4 addresses; else about something. */
static struct shape random_arp(struct generator *generator, const struct oracle_tuple *tuple)
{
    struct shape shape = shape_of_arp((uint16_t)generate_below(generator, 4));

    if (generate_chance(generator, 80))
        memcpy(shape.arp_sender, tuple->source, sizeof(shape.arp_sender));
    memcpy(shape.arp_target, generate_chance(generator, 50) ? tuple->source : tuple->destination,
           sizeof(shape.arp_target));
    return shape;
}

static struct shape random_dhcp(struct generator *generator, struct oracle_tuple tuple)
{
    uint16_t client = tuple.ipv6 ? 546 : 68, server = tuple.ipv6 ? 547 : 67;
    bool request = generate_chance(generator, 50);

    tuple.transport = generate_chance(generator, 95) ? LX_UDP : LX_TCP;
    tuple.source_port = request ? client : server;
    tuple.destination_port = request ? server : client;
    if (generate_chance(generator, 10))
        tuple.source_port = move_port(generator, tuple.source_port);
    if (generate_chance(generator, 50))
        generate_special(generator, tuple.ipv6, tuple.source);
    if (generate_chance(generator, 50))
        generate_special(generator, tuple.ipv6, tuple.destination);
    return shape_of_tuple(&tuple);
}

void generate_fragment(struct generator *generator, struct shape *shape)
{
    static const uint16_t offsets[] = {0, 0, 0, 1, 2, 3, 4, 100}; /* in units of 8 bytes */
    uint16_t offset = offsets[generate_below(generator, sizeof(offsets) / sizeof(*offsets))];
    bool more = generate_chance(generator, 70);

    shape->identification = (uint32_t)generate_below(generator, 2);
    if (shape->ethertype == 0x0800) {
        shape->fragment = (uint16_t)(offset | (more ? 0x2000 : 0));
    } else {
        shape->extensions = 1;
        shape->extension[0] = 44;
        shape->extension_size[0] = 0;
        if (generate_chance(generator, 30)) { /* options that all fragments share, or the first one alone has */
            unsigned options = (unsigned)generate_below(generator, 2);

            shape->extensions = 2;
            shape->extension[1 - options] = 44;
            shape->extension[options] = 60;
            shape->extension_size[0] = shape->extension_size[1] = 0;
            shape->extension_size[options] = (uint8_t)generate_below(generator, 3);
        }
        shape->fragment = (uint16_t)(offset << 3 | (more ? 1 : 0));
        if (generate_chance(generator, 10))
            shape->identification |= 0x10000;
    }
    if (generate_chance(generator, 15)) /* its header does not fit */
        shape->ip_length_error = -(int)(1 + generate_below(generator, 24));
    else if (shape->protocol == 17 && generate_chance(generator, 60))
        shape->transport_length_error = (int)generate_below(generator, 2000);
}

void generate_big(struct generator *generator, struct shape *shape)
{
    shape->payload = (unsigned)(65440 + generate_below(generator, 160)); /* the border is in there */
    shape->padding = 0;
    shape->without_length = generate_chance(generator, 90);
    if (shape->ethertype != 0x86dd || generate_chance(generator, 30))
        return;
    if (!shape->extensions)
        shape->extension[0] = 0;
    shape->extensions += !shape->extensions;
    shape->jumbo = true;
    if (generate_chance(generator, 20))
        shape->jumbo_error = generate_chance(generator, 50) ? 1 : -1;
}

/* What routers' protocols have of their own: groups at both layers, a TTL, an option. */
static void add_router(struct generator *generator, struct shape *shape)
{
    static const uint8_t group[6] = {0x01, 0, 0x5e, 0, 0, 0x12};

    if (generate_chance(generator, 30))
        memcpy(shape->destination_mac, group, 6);
    if (generate_chance(generator, 10))
        shape->hop_limit = (uint8_t)(253 + generate_below(generator, 3));
    if (generate_chance(generator, shape->protocol == 2 ? 50 : 5)) {
        shape->option_words = generate_chance(generator, 90) ? 1 : 2;
        shape->router_alert = generate_chance(generator, 90);
    }
}

struct shape generate_shape_of(struct generator *generator, struct oracle_tuple tuple)
{
    size_t kind = generate_below(generator, 100);
    struct shape shape;

    if (tuple.transport == LX_ECHO || (tuple.transport == LX_PORTLESS && tuple.destination_port == 1))
        shape = generate_echo(generator, &tuple);
    else if (kind < 5)
        shape = generate_icmp(generator, &tuple);
    else if (kind < 7)
        shape = generate_echo(generator, &tuple);
    else if (kind < 9)
        shape = random_dhcp(generator, tuple);
    else if (kind < 10)
        shape = generate_chance(generator, 50) ? random_arp(generator, &tuple) : generate_link_control(generator);
    else if (kind < 20)
        shape = generate_error(generator, &tuple);
    else
        shape = shape_of_tuple(&tuple);
    if (tuple.transport == LX_PORTLESS)
        add_router(generator, &shape);
    if (kind >= 20)
        shape.payload = (unsigned)generate_below(generator, 32);
    if (generate_chance(generator, 40)) /* ACK, FIN ACK, RST, RST ACK, SYN ACK, PSH ACK */
        shape.tcp_flags = (uint8_t[]){0x10, 0x11, 0x04, 0x14, 0x12, 0x18}[generate_below(generator, 6)];
    if (generate_chance(generator, 10))
        shape.tcp_flags = (uint8_t)generate_number(generator);
    if (generate_chance(generator, 5))
        shape.tcp_option_words = (uint8_t)generate_below(generator, 11);
    if (generate_chance(generator, 8))
        add_tags(generator, &shape);
    if (shape.ethertype == 0x86dd && generate_chance(generator, 15))
        add_extensions(generator, &shape);
    else if ((shape.ethertype == 0x0800 || shape.ethertype == 0x86dd) && generate_chance(generator, 8))
        generate_fragment(generator, &shape);
    if (generate_chance(generator, 10))
        shape.padding += (unsigned)generate_below(generator, 24);
    if (generate_chance(generator, 10))
        add_defect(generator, &shape);
    if (generate_chance(generator, 3))
        add_defect(generator, &shape);
    return shape;
}

/* To the role: what inbound rows let in, or an answer to an outbound row. From the role: likewise, the other way. */
/* Most frames of a trunk are of the VLAN that is judged, or little of the policy would be met. */
static void tag_as_judged(struct shape *shape, uint16_t vlan)
{
    shape->tags = 1;
    shape->tag_type[0] = 0x8100;
    shape->tag[0] = vlan;
}

struct shape generate_shape(struct generator *generator, const struct lx_policy *policy, enum lx_hook hook)
{
    bool answer = generate_chance(generator, hook == LX_HOOK_TO_ROLE ? 15 : 40);
    enum lx_hook begun = answer == (hook == LX_HOOK_TO_ROLE) ? LX_HOOK_FROM_ROLE : LX_HOOK_TO_ROLE;
    struct oracle_tuple tuple = generate_tuple(generator, policy, begun);
    struct shape shape = generate_shape_of(generator, answer ? oracle_turned(&tuple) : tuple);

    if (policy->vlan && generate_chance(generator, 80))
        tag_as_judged(&shape, policy->vlan);
    return shape;
}
