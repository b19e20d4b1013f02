/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The built-in cases: what a host needs to be on a network at all, and no port table mentions. ARP, IPv6 neighbour
 * discovery, multicast listener discovery, DHCP, echo. Each has its own reason, and a site can switch each off.
 */
#ifndef LYNCXDP_BUILT_IN_H
#define LYNCXDP_BUILT_IN_H

#include "martian.h"
#include "packet.h"
#include "quoted.h"

struct lx_arp {
    __u16 hardware_type;
    __u16 protocol_type;
    __u8 hardware_length;
    __u8 protocol_length;
    __u16 operation;
    __u8 addresses[20];
};

_Static_assert(sizeof(struct lx_arp) == 28, "RFC 826, for IPv4 over Ethernet");

/* Written out: <linux/if_arp.h> draws in the C library's headers, which do not know the BPF target. */
enum lx_arp_value {
    LX_ARP_ETHERNET = 1,
    LX_ARP_REQUEST = 1,
    LX_ARP_REPLY = 2,
};

enum lx_icmp4_type {
    LX_ICMP4_ECHO_REPLY = 0,
    LX_ICMP4_UNREACHABLE = 3,
    LX_ICMP4_ECHO_REQUEST = 8,
    LX_ICMP4_TIME_EXCEEDED = 11,
};

enum lx_icmp6_type {
    LX_ICMP6_UNREACHABLE = 1,
    LX_ICMP6_PACKET_TOO_BIG = 2,
    LX_ICMP6_TIME_EXCEEDED = 3,
    LX_ICMP6_ECHO_REQUEST = 128,
    LX_ICMP6_ECHO_REPLY = 129,
    LX_ICMP6_MLD_QUERY = 130,
    LX_ICMP6_MLD_REPORT = 131,
    LX_ICMP6_MLD_DONE = 132,
    LX_ICMP6_ROUTER_SOLICITATION = 133,
    LX_ICMP6_ROUTER_ADVERTISEMENT = 134,
    LX_ICMP6_NEIGHBOUR_SOLICITATION = 135,
    LX_ICMP6_NEIGHBOUR_ADVERTISEMENT = 136,
    LX_ICMP6_MLD2_REPORT = 143,
};

/* The part of an ICMP message that every type has. */
struct lx_icmp {
    __u8 type;
    __u8 code;
    __u16 checksum;
    __u16 identifier; /* of an echo */
    __u16 rest;
};

_Static_assert(sizeof(struct lx_icmp) == 8, "RFC 792, RFC 4443");

lx_inline __u32 lx_judge_arp(struct lx_cursor *cursor, __u32 built_ins)
{
    const struct lx_arp *arp = lx_take(cursor, sizeof(*arp));

    if (!arp)
        return LX_REASON_SHORT_FRAME;
    if (arp->hardware_type != LX_BE16(LX_ARP_ETHERNET) || arp->protocol_type != LX_BE16(ETH_P_IP) ||
        arp->hardware_length != ETH_ALEN || arp->protocol_length != 4 ||
        (arp->operation != LX_BE16(LX_ARP_REQUEST) && arp->operation != LX_BE16(LX_ARP_REPLY)))
        return LX_REASON_BAD_ARP;
    return built_ins & LX_BUILT_IN_ARP ? LX_REASON_ARP : LX_REASON_BUILT_IN_OFF;
}

/* DHCP: UDP 68 and 67 (RFC 2131), 546 and 547 (RFC 8415), either way. A client that has no address yet sends from :: or
 * 0.0.0.0. */
lx_inline __u32 lx_judge_dhcp(const struct lx_packet *packet, __u32 built_ins, bool ipv4)
{
    const __u16 first = ipv4 ? 67 : 546; /* of the two ports */
    const __u16 client = ipv4 ? 68 : 546, server = ipv4 ? 67 : 547;
    bool request;

    if (lx_likely((__u16)(packet->tuple.destination_port - first) > 1))
        return LX_UNDECIDED;
    request = packet->tuple.source_port == client && packet->tuple.destination_port == server;
    if (!request && (packet->tuple.source_port != server || packet->tuple.destination_port != client))
        return LX_UNDECIDED;
    if (!(built_ins & LX_BUILT_IN_DHCP))
        return LX_UNDECIDED;
    if (lx_martian_source(packet->tuple.source, ipv4) && !(request && lx_unspecified(packet->tuple.source, ipv4)))
        return LX_REASON_MARTIAN;
    return lx_martian_destination(packet->tuple.source, packet->tuple.destination, ipv4) ? LX_REASON_MARTIAN
                                                                                         : LX_REASON_DHCP;
}

/* Neighbour discovery (RFC 4861): hop limit 255 proves that no router forwarded it; RFC 6980 forbids fragments. */
lx_inline bool lx_neighbour_discovery_sound(const struct lx_packet *packet, __u8 code, __u32 size)
{
    return packet->hop_limit == 255 && !packet->extension_headers && !code && packet->payload >= size;
}

lx_inline __u32 lx_judge_neighbour_discovery(const struct lx_packet *packet, const struct lx_icmp *icmp,
                                             __u32 built_ins)
{
    const __u32 *source = packet->tuple.source;
    __u32 reason, size, built_in;

    switch (icmp->type) {
    case LX_ICMP6_ROUTER_SOLICITATION:
        reason = LX_REASON_ROUTER_SOLICITATION;
        built_in = LX_BUILT_IN_ROUTER_SOLICITATION;
        size = 8;
        break;
    case LX_ICMP6_ROUTER_ADVERTISEMENT:
        reason = LX_REASON_ROUTER_ADVERTISEMENT;
        built_in = LX_BUILT_IN_ROUTER_ADVERTISEMENT;
        size = 16;
        break;
    default:
        reason = LX_REASON_NEIGHBOUR_DISCOVERY;
        built_in = LX_BUILT_IN_NEIGHBOUR_DISCOVERY;
        size = 24;
        break;
    }
    if (!lx_neighbour_discovery_sound(packet, icmp->code, size))
        return LX_REASON_BAD_NEIGHBOUR_DISCOVERY;
    if (icmp->type == LX_ICMP6_ROUTER_ADVERTISEMENT && !lx_link_local6(source))
        return LX_REASON_BAD_NEIGHBOUR_DISCOVERY;
    /* Duplicate address detection and a host without an address solicit from ::. */
    if (lx_martian_source(source, false) &&
        !(lx_unspecified(source, false) &&
          (icmp->type == LX_ICMP6_NEIGHBOUR_SOLICITATION || icmp->type == LX_ICMP6_ROUTER_SOLICITATION)))
        return LX_REASON_MARTIAN;
    if (lx_martian_destination(source, packet->tuple.destination, false))
        return LX_REASON_MARTIAN;
    return built_ins & built_in ? reason : LX_REASON_BUILT_IN_OFF;
}

/* Multicast listener discovery (RFC 2710, RFC 3810): hop limit 1, from a link-local address, or :: before there is one.
 */
lx_inline __u32 lx_judge_mld(const struct lx_packet *packet, __u32 built_ins)
{
    const __u32 *source = packet->tuple.source;

    if (packet->hop_limit != 1 || (!lx_link_local6(source) && !lx_unspecified(source, false)))
        return LX_REASON_BAD_NEIGHBOUR_DISCOVERY;
    if (lx_martian_destination(source, packet->tuple.destination, false))
        return LX_REASON_MARTIAN;
    return built_ins & LX_BUILT_IN_MLD ? LX_REASON_MLD : LX_REASON_BUILT_IN_OFF;
}

/* Reads an ICMP message that asks or answers an echo: its identifier stands for both ports of its flow. */
lx_inline __u32 lx_read_echo(struct lx_packet *packet, const struct lx_icmp *icmp, bool request)
{
    packet->kind = LX_KIND_ECHO;
    packet->transport = LX_ECHO;
    packet->echo_request = request;
    packet->tuple.source_port = packet->tuple.destination_port = LX_BE16(icmp->identifier);
    return LX_UNDECIDED;
}

/* Reads an ICMP error for the packet that it quotes. The cursor stands behind the ICMP header. */
lx_inline __u32 lx_read_icmp_error(struct lx_cursor *cursor, struct lx_packet *packet, __u32 built_ins, bool ipv4)
{
    if (!(built_ins & LX_BUILT_IN_ICMP_ERROR))
        return LX_REASON_BUILT_IN_OFF;
    return lx_read_quoted(cursor, packet, built_ins, ipv4);
}

lx_inline __u32 lx_read_icmp4(struct lx_cursor *cursor, struct lx_packet *packet, const struct lx_icmp *icmp,
                              __u32 built_ins)
{
    __u32 reason = lx_check_addresses(packet, true);

    if (reason != LX_UNDECIDED)
        return reason;
    switch (icmp->type) {
    case LX_ICMP4_ECHO_REQUEST:
    case LX_ICMP4_ECHO_REPLY:
        return lx_read_echo(packet, icmp, icmp->type == LX_ICMP4_ECHO_REQUEST);
    case LX_ICMP4_UNREACHABLE:
    case LX_ICMP4_TIME_EXCEEDED:
        return lx_read_icmp_error(cursor, packet, built_ins, true);
    default:
        return LX_REASON_ICMP_TYPE;
    }
}

lx_inline __u32 lx_read_icmp6(struct lx_cursor *cursor, struct lx_packet *packet, const struct lx_icmp *icmp,
                              __u32 built_ins)
{
    __u32 reason;

    switch (icmp->type) {
    case LX_ICMP6_ROUTER_SOLICITATION:
    case LX_ICMP6_ROUTER_ADVERTISEMENT:
    case LX_ICMP6_NEIGHBOUR_SOLICITATION:
    case LX_ICMP6_NEIGHBOUR_ADVERTISEMENT:
        return lx_judge_neighbour_discovery(packet, icmp, built_ins);
    case LX_ICMP6_MLD_QUERY:
    case LX_ICMP6_MLD_REPORT:
    case LX_ICMP6_MLD_DONE:
    case LX_ICMP6_MLD2_REPORT:
        return lx_judge_mld(packet, built_ins);
    default:
        break;
    }
    reason = lx_check_addresses(packet, false);
    if (reason != LX_UNDECIDED)
        return reason;
    switch (icmp->type) {
    case LX_ICMP6_ECHO_REQUEST:
    case LX_ICMP6_ECHO_REPLY:
        return lx_read_echo(packet, icmp, icmp->type == LX_ICMP6_ECHO_REQUEST);
    case LX_ICMP6_UNREACHABLE:
    case LX_ICMP6_PACKET_TOO_BIG:
    case LX_ICMP6_TIME_EXCEEDED:
        return lx_read_icmp_error(cursor, packet, built_ins, false);
    default:
        return LX_REASON_ICMP_TYPE;
    }
}

/*
 * Reads an ICMP packet; the cursor stands at its ICMP header. Neighbour discovery and the like are judged on the spot;
 * LX_UNDECIDED leaves an echo or an error, by the packet's kind.
 */
lx_inline __u32 lx_read_icmp(struct lx_cursor *cursor, struct lx_packet *packet, __u32 built_ins, bool ipv4)
{
    const struct lx_icmp *icmp = lx_take(cursor, sizeof(*icmp));

    if (!icmp || packet->payload < sizeof(*icmp))
        return lx_headless(packet);
    return ipv4 ? lx_read_icmp4(cursor, packet, icmp, built_ins) : lx_read_icmp6(cursor, packet, icmp, built_ins);
}

#endif
