/* SPDX-License-Identifier: GPL-2.0-only */
/* The samples, each made by one small step away from an honest SYN, datagram or ICMP message. */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

#define SEED 20101117
#define ALL_BUILT_INS 0x2fffu

static struct lx_policy *open_policy(struct generator *generator)
{
    struct lx_policy *policy = generate_policy(generator, 2);
    static const struct {
        unsigned transport;
        uint16_t port;
    } open[2] = {{LX_TCP, 443}, {LX_UDP, 3478}};
    size_t index;

    if (!policy)
        return NULL;
    for (index = 0; index < 2; index++) {
        struct lx_row *row = &policy->rows[index];

        row->from.kind = LX_ENDPOINT_ANY;
        row->to.kind = LX_ENDPOINT_SELF;
        row->transports = LX_TRANSPORT_BIT(open[index].transport);
        row->source_ports.count = 0;
        row->destination_ports.count = 1;
        row->destination_ports.ranges[0] = (struct lx_port_range){open[index].port, open[index].port};
        policy->rules[index].slot = (uint16_t)index;
        policy->rules[index].source = policy->rules[index].destination = policy->sets[0];
    }
    policy->protected = NULL;
    policy->egress = LX_EGRESS_ENFORCE;
    policy->vlans_listed = false;
    policy->vlan = 0;
    policy->bypass.has_vlans = false;
    policy->bypass.count = 0;
    memset(policy->bypass.vlans, 0, sizeof(policy->bypass.vlans));
    policy->built_ins = ALL_BUILT_INS & ~(uint32_t)(LX_BUILT_IN_ECHO | LX_BUILT_IN_IP_OPTIONS | LX_BUILT_IN_FRAGMENTS |
                                                    LX_BUILT_IN_WIRE | LX_BUILT_IN_BEHIND);
    return policy;
}

static struct lx_policy *make_policy(struct generator *generator, size_t index)
{
    struct lx_policy *policy;

    if (index > 2)
        return generate_policy(generator, 24);
    policy = open_policy(generator);
    if (policy && index == 1) {
        policy->built_ins = ALL_BUILT_INS;
        policy->egress = LX_EGRESS_TRACK;
        policy->vlans_listed = true;
        memset(policy->vlans, 0, sizeof(policy->vlans));
        policy->vlans[0] = 0x81;
    }
    if (policy && index == 2) {
        policy->built_ins = 0;
        policy->egress = LX_EGRESS_OFF;
    }
    return policy;
}

bool sample_policies_make(struct sample_policies *policies)
{
    struct generator generator = generator_from(SEED);
    size_t index;

    memset(policies, 0, sizeof(*policies));
    for (index = 0; index < SAMPLE_POLICIES; index++) {
        policies->policy[index] = make_policy(&generator, index);
        if (!policies->policy[index] || lx_compile(policies->policy[index], &policies->compiled[index], NULL)) {
            sample_policies_free(policies);
            return false;
        }
    }
    return true;
}

void sample_policies_free(struct sample_policies *policies)
{
    size_t index;

    for (index = 0; index < SAMPLE_POLICIES; index++) {
        lx_compiled_free(&policies->compiled[index]);
        generated_policy_free(policies->policy[index]);
    }
    memset(policies, 0, sizeof(*policies));
}

static const struct oracle_tuple tcp4 = {
    .source = {203, 0, 113, 9},
    .destination = {131, 107, 155, 10},
    .transport = LX_TCP,
    .source_port = 49152,
    .destination_port = 443,
};
static const struct oracle_tuple udp4 = {
    .source = {203, 0, 113, 9},
    .destination = {131, 107, 155, 30},
    .transport = LX_UDP,
    .source_port = 50000,
    .destination_port = 3478,
};
static const struct oracle_tuple tcp6 = {
    .ipv6 = true,
    .source = {0x20, 0x01, 0x0d, 0xb8, [15] = 9},
    .destination = {0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 10},
    .transport = LX_TCP,
    .source_port = 49152,
    .destination_port = 443,
};
static const struct oracle_tuple udp6 = {
    .ipv6 = true,
    .source = {0x20, 0x01, 0x0d, 0xb8, [15] = 9},
    .destination = {0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 30},
    .transport = LX_UDP,
    .source_port = 50000,
    .destination_port = 3478,
};
static const struct oracle_tuple echo4 = {
    .source = {203, 0, 113, 9},
    .destination = {131, 107, 155, 10},
    .transport = LX_ECHO,
    .source_port = 7,
    .destination_port = 7,
};
/* From a link-local address to all nodes or all routers. */
static const struct oracle_tuple local6 = {
    .ipv6 = true,
    .source = {0xfe, 0x80, [15] = 9},
    .destination = {0xff, 0x02, [15] = 2},
};
static const struct oracle_tuple dad6 = {
    .ipv6 = true,
    .destination = {0xff, 0x02, [11] = 1, [12] = 0xff, [15] = 9},
};
static const struct oracle_tuple dhcp4 = {
    .destination = {255, 255, 255, 255},
    .transport = LX_UDP,
    .source_port = 68,
    .destination_port = 67,
};
static const struct oracle_tuple dhcp6 = {
    .ipv6 = true,
    .source = {0xfe, 0x80, [15] = 9},
    .destination = {0xfe, 0x80, [15] = 10},
    .transport = LX_UDP,
    .source_port = 547,
    .destination_port = 546,
};

static struct shape tagged(struct shape shape, unsigned tags, uint16_t outer, uint16_t inner)
{
    shape.tags = tags;
    shape.tag_type[0] = tags > 1 ? 0x88a8 : 0x8100;
    shape.tag_type[1] = shape.tag_type[2] = 0x8100;
    shape.tag[0] = outer;
    shape.tag[1] = shape.tag[2] = inner;
    return shape;
}

static struct shape extended(struct shape shape, unsigned count, uint8_t first, uint8_t rest)
{
    unsigned index;

    shape.extensions = count;
    for (index = 0; index < count; index++)
        shape.extension[index] = index ? rest : first;
    return shape;
}

static struct shape fragmented(struct shape shape, uint16_t field)
{
    shape = extended(shape, 1, 44, 0);
    shape.fragment = field;
    shape.identification = 0x01020304;
    return shape;
}

/* An error that the other end of a conversation, or something on the way there, sends about an answer to it. */
static struct shape error_about(const struct oracle_tuple *tuple, uint8_t type)
{
    struct oracle_tuple answer = oracle_turned(tuple);

    return shape_of_error(tuple, type, &answer);
}

static struct shape with_tcp(struct shape shape, uint8_t flags, uint8_t option_words, unsigned payload)
{
    shape.tcp_flags = flags;
    shape.tcp_option_words = option_words;
    shape.payload = payload;
    return shape;
}

static struct shape with_ipv4(struct shape shape, unsigned option_words, uint16_t fragment, unsigned padding)
{
    shape.option_words = option_words;
    shape.fragment = fragment;
    shape.padding = padding;
    return shape;
}

static struct shape to_everyone(struct shape shape)
{
    memset(shape.destination_mac, 0xff, 6);
    return shape;
}

static struct shape of_link(uint8_t last, uint16_t ethertype, uint32_t inside)
{
    const uint8_t group[6] = {0x01, 0x80, 0xc2, 0, 0, last};
    struct shape shape = {.source_mac = {0x02, 0, 0, 0, 0, 0x02}, .ethertype = ethertype};

    memcpy(shape.destination_mac, group, 6);
    shape.inside[0] = (uint8_t)(inside >> 16);
    shape.inside[1] = (uint8_t)(inside >> 8);
    shape.inside[2] = (uint8_t)inside;
    return shape;
}

static struct shape cisco_discovery(void)
{
    struct shape shape = of_link(0, 0x0040, 0xaaaa03);

    memcpy(shape.destination_mac, (uint8_t[]){0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}, 6);
    memcpy(shape.inside + 3, (uint8_t[]){0, 0, 0x0c, 0x20, 0}, 5);
    return shape;
}

/* An error about an answer that never was one: it went to nobody. */
static struct shape error_about_nobody(const struct oracle_tuple *tuple, uint8_t first, uint8_t last)
{
    struct shape shape = error_about(tuple, tuple->ipv6 ? 2 : 3);

    memset(shape.quote.tuple.destination, 0, 16);
    shape.quote.tuple.destination[0] = first;
    shape.quote.tuple.destination[tuple->ipv6 ? 15 : 3] = last;
    return shape;
}

/* An error about an answer behind an extension header, or with options or in fragments. */
static struct shape error_about_odd(const struct oracle_tuple *tuple, uint8_t extension, unsigned option_words,
                                    uint16_t fragment)
{
    struct shape shape = error_about(tuple, tuple->ipv6 ? 2 : 3);

    shape.quote.extensions = extension ? 1 : 0;
    shape.quote.extension[0] = extension;
    shape.quote.option_words = option_words;
    shape.quote.fragment = fragment;
    shape.payload += 8 + option_words * 4;
    return shape;
}

#define SAMPLES                                                                                                        \
    SAMPLE("TCP over IPv4", shape_of_tuple(&tcp4), ROW)                                                                \
    SAMPLE("UDP over IPv4", with_tcp(shape_of_tuple(&udp4), 0, 0, 20), ROW)                                            \
    SAMPLE("TCP over IPv6", shape_of_tuple(&tcp6), ROW)                                                                \
    SAMPLE("UDP over IPv6", with_tcp(shape_of_tuple(&udp6), 0, 0, 20), ROW)                                            \
    SAMPLE("TCP with options and data", with_tcp(shape_of_tuple(&tcp4), 0x18, 3, 30), ROW)                             \
    SAMPLE("a Christmas tree", with_tcp(shape_of_tuple(&tcp4), 0x3f, 0, 0), TCP_FLAGS)                                 \
    SAMPLE("ECN setup", with_tcp(shape_of_tuple(&tcp4), 0xc2, 0, 0), ROW)                                              \
    SAMPLE("padded to the shortest frame", with_ipv4(shape_of_tuple(&tcp4), 0, 0x4000, 6), ROW)                        \
    SAMPLE("IPv4 options", with_ipv4(shape_of_tuple(&udp4), 3, 0, 0), IP_OPTIONS)                                      \
    SAMPLE("all the IPv4 options there can be", with_ipv4(shape_of_tuple(&tcp4), 10, 0, 0), IP_OPTIONS)                \
    SAMPLE("an overlapping fragment", with_ipv4(shape_of_tuple(&tcp4), 0, 0x2001, 0), FRAGMENT)                        \
    SAMPLE("a first fragment of IPv6", fragmented(shape_of_tuple(&udp6), 0x0001), FRAGMENT)                            \
    SAMPLE("a later fragment of IPv6", fragmented(shape_of_tuple(&tcp6), 0x0100), FRAGMENT)                            \
    SAMPLE("a first fragment", with_ipv4(shape_of_tuple(&udp4), 0, 0x2000, 0), FRAGMENT)                               \
    SAMPLE("a later fragment", with_ipv4(shape_of_tuple(&udp4), 0, 0x0008, 0), FRAGMENT)                               \
    SAMPLE("hop-by-hop options", extended(shape_of_tuple(&tcp6), 1, 0, 0), ROW)                                        \
    SAMPLE("destination options", extended(shape_of_tuple(&udp6), 1, 60, 0), ROW)                                      \
    SAMPLE("an atomic fragment", extended(shape_of_tuple(&tcp6), 1, 44, 0), ROW)                                       \
    SAMPLE("a routing header", extended(shape_of_tuple(&tcp6), 1, 43, 0), ROUTING_HEADER)                              \
    SAMPLE("two fragment headers", extended(shape_of_tuple(&tcp6), 2, 44, 44), SECOND_FRAGMENT_HEADER)                 \
    SAMPLE("hop-by-hop options second", extended(shape_of_tuple(&tcp6), 2, 60, 0), HOP_BY_HOP)                         \
    SAMPLE("eight extension headers", extended(shape_of_tuple(&udp6), 8, 0, 60), ROW)                                  \
    SAMPLE("nine extension headers", extended(shape_of_tuple(&udp6), 9, 0, 60), EXTENSION_HEADERS)                     \
    SAMPLE("one tag", tagged(shape_of_tuple(&tcp4), 1, 7, 0), ROW)                                                     \
    SAMPLE("a priority tag", tagged(shape_of_tuple(&tcp6), 1, 0xe000, 0), ROW)                                         \
    SAMPLE("two tags", tagged(shape_of_tuple(&udp6), 2, 7, 8), ROW)                                                    \
    SAMPLE("three tags", tagged(shape_of_tuple(&udp4), 3, 7, 7), VLAN_DEPTH)                                           \
    SAMPLE("broadcast by MAC address alone", to_everyone(shape_of_tuple(&udp4)), BROADCAST)                            \
    SAMPLE("LACP", of_link(0x02, 0x8809, 0x010100), L2_CONTROL)                                                        \
    SAMPLE("spanning tree", of_link(0x00, 0x0026, 0x424203), L2_CONTROL)                                               \
    SAMPLE("802.1X with a priority tag", tagged(of_link(0x03, 0x888e, 0x020100), 1, 0xe000, 0), L2_CONTROL)            \
    SAMPLE("LLDP", of_link(0x0e, 0x88cc, 0x020704), L2_CONTROL)                                                        \
    SAMPLE("a pause frame", of_link(0x01, 0x8808, 0x000100), ETHERTYPE)                                                \
    SAMPLE("Cisco's discovery", cisco_discovery(), ETHERTYPE)                                                          \
    SAMPLE("ARP request", shape_of_arp(1), ARP)                                                                        \
    SAMPLE("ARP reply, tagged", tagged(shape_of_arp(2), 1, 7, 0), ARP)                                                 \
    SAMPLE("echo", shape_of_icmp(&tcp4, 8), BUILT_IN_OFF)                                                              \
    SAMPLE("echo over IPv6", shape_of_icmp(&tcp6, 128), BUILT_IN_OFF)                                                  \
    SAMPLE("unreachable, which quotes nothing", shape_of_icmp(&tcp4, 3), ICMP_ERROR_UNRELATED)                         \
    SAMPLE("packet too big, which quotes nothing", shape_of_icmp(&tcp6, 2), ICMP_ERROR_UNRELATED)                      \
    SAMPLE("unreachable about an answer", error_about(&tcp4, 3), ICMP_ERROR)                                           \
    SAMPLE("packet too big about an answer", error_about(&udp6, 2), ICMP_ERROR)                                        \
    SAMPLE("time exceeded for a packet of somebody else", shape_of_error(&tcp4, 11, &udp4), ICMP_ERROR_UNRELATED)      \
    SAMPLE("unreachable about an answer to nobody", error_about_nobody(&tcp4, 0, 0), ICMP_ERROR_UNRELATED)             \
    SAMPLE("packet too big about an answer to nobody", error_about_nobody(&udp6, 0, 1), ICMP_ERROR_UNRELATED)          \
    SAMPLE("unreachable about an answer with options", error_about_odd(&tcp4, 0, 2, 0), ICMP_ERROR_UNRELATED)          \
    SAMPLE("packet too big about an atomic fragment", error_about_odd(&udp6, 44, 0, 0), ICMP_ERROR)                    \
    SAMPLE("packet too big about options", error_about_odd(&udp6, 60, 0, 0), ICMP_ERROR)                               \
    SAMPLE("packet too big about a first fragment", error_about_odd(&udp6, 44, 0, 1), ICMP_ERROR_UNRELATED)            \
    SAMPLE("unreachable about an echo", error_about(&echo4, 3), ICMP_ERROR_UNRELATED)                                  \
    SAMPLE("echo reply", shape_of_icmp(&tcp4, 0), ICMP_TYPE)                                                           \
    SAMPLE("redirect", shape_of_icmp(&tcp4, 5), ICMP_TYPE)                                                             \
    SAMPLE("redirect over IPv6", shape_of_icmp(&local6, 137), MULTICAST)                                               \
    SAMPLE("router solicitation", shape_of_icmp(&dad6, 133), ROUTER_SOLICITATION)                                      \
    SAMPLE("router advertisement", shape_of_icmp(&local6, 134), ROUTER_ADVERTISEMENT)                                  \
    SAMPLE("duplicate address detection", shape_of_icmp(&dad6, 135), NEIGHBOUR_DISCOVERY)                              \
    SAMPLE("neighbour advertisement", shape_of_icmp(&tcp6, 136), NEIGHBOUR_DISCOVERY)                                  \
    SAMPLE("neighbour solicitation behind options", extended(shape_of_icmp(&dad6, 135), 1, 60, 0),                     \
           BAD_NEIGHBOUR_DISCOVERY)                                                                                    \
    SAMPLE("multicast listener report", extended(shape_of_icmp(&local6, 143), 1, 0, 0), MLD)                           \
    SAMPLE("DHCP request", to_everyone(shape_of_tuple(&dhcp4)), DHCP)                                                  \
    SAMPLE("DHCPv6 reply", shape_of_tuple(&dhcp6), DHCP)

size_t sample_count(void)
{
#define SAMPLE(name, shape, reason) +1
    return 0 SAMPLES;
#undef SAMPLE
}

struct sample sample_at(size_t index)
{
    const struct sample samples[] = {
#define SAMPLE(name, shape, reason) {name, shape, LX_REASON_##reason},
        SAMPLES
#undef SAMPLE
    };

    return samples[index];
}
