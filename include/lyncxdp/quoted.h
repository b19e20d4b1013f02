/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packet that an ICMP error quotes: its IP header and the first eight bytes behind it (RFC 792, RFC 4443). An error
 * is believed only when what it quotes is a packet that this policy let through, and when it is sent to that packet's
 * sender. So the quoted packet is held to what any packet is held to, but for its lengths and its TTL, which routers
 * change, and what lies beyond those eight bytes. What it quotes is turned round, so that the rest of the packet path
 * sees the tuple of a reply.
 */
#ifndef LYNCXDP_QUOTED_H
#define LYNCXDP_QUOTED_H

#include "martian.h"
#include "packet.h"
#include "portless.h"

/* The first eight bytes of TCP, UDP and ICMP echo alike. */
struct lx_quoted_transport {
    __u16 first;  /* source port; of an echo, its type and code */
    __u16 second; /* destination port; of an echo, its checksum */
    __u16 third;  /* of an echo, its identifier */
    __u16 fourth;
};

_Static_assert(sizeof(struct lx_quoted_transport) == 8, "what an ICMP error quotes at least");

/* True when an IP header of so many bytes and what follows it lie inside the error, not in the padding behind it. */
lx_inline bool lx_quote_fits(const struct lx_packet *packet, __u32 header)
{
    const __u32 icmp = 8;

    return packet->payload >= icmp + header + sizeof(struct lx_quoted_transport);
}

/* Echo requests begin with their type: 8 and code 0, or 128 and code 0. */
lx_inline bool lx_quotes_echo_request(const struct lx_quoted_transport *quoted, bool ipv4)
{
    return quoted->first == (ipv4 ? LX_BE16(8 << 8) : LX_BE16(128 << 8));
}

/* The same of a protocol without ports. False for ICMP, of whichever family. */
lx_inline bool lx_read_quoted_portless(struct lx_packet *packet, __u8 protocol)
{
    packet->transport = LX_PORTLESS;
    packet->tuple.source_port = packet->tuple.destination_port = protocol;
    return protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6;
}

/* Turns what is quoted into the tuple of a reply to it. False when no row, flow or built-in case lets it through. */
lx_inline bool lx_read_quoted_transport(struct lx_cursor *cursor, struct lx_packet *packet, __u8 protocol, bool ipv4)
{
    const struct lx_quoted_transport *quoted = lx_take(cursor, sizeof(*quoted));

    if (!quoted)
        return false;
    packet->tuple.destination_port = LX_BE16(quoted->first);
    packet->tuple.source_port = LX_BE16(quoted->second);
    if (protocol == IPPROTO_UDP || protocol == IPPROTO_TCP) {
        /* Rows are not asked about port 0: no such packet was let through. */
        if (!quoted->first || !quoted->second)
            return false;
        packet->transport = protocol == IPPROTO_UDP ? LX_UDP : LX_TCP;
        return true;
    }
    if (protocol != (ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
        return lx_read_quoted_portless(packet, protocol);
    if (!lx_quotes_echo_request(quoted, ipv4))
        return false;
    packet->transport = LX_ECHO;
    packet->tuple.source_port = packet->tuple.destination_port = LX_BE16(quoted->third);
    return true;
}

/* True when a quoted IPv4 header is one that packets with ports may have here. */
lx_inline bool lx_quotes_sound_ipv4(const struct iphdr *ip, __u32 built_ins)
{
    if (*(const __u8 *)ip >> 4 != 4 || ip->ihl < 5 || ip->frag_off & LX_BE16(LX_IPV4_RESERVED | LX_IPV4_OFFSET))
        return false;
    if (ip->ihl > 5 && !(built_ins & LX_BUILT_IN_IP_OPTIONS))
        return false;
    return !(ip->frag_off & LX_BE16(LX_IPV4_MORE)) || built_ins & LX_BUILT_IN_FRAGMENTS;
}

lx_inline bool lx_read_quoted4(struct lx_cursor *cursor, struct lx_packet *packet, __u32 built_ins)
{
    const struct iphdr *ip = lx_take(cursor, sizeof(*ip));
    __u8 protocol;

    if (!ip || !lx_quotes_sound_ipv4(ip, built_ins) || ip->saddr != packet->tuple.destination[3] ||
        !lx_quote_fits(packet, ip->ihl * 4u))
        return false;
    packet->tuple.source[3] = ip->daddr;
    protocol = ip->protocol;
    lx_skip(cursor, ip->ihl * 4u - sizeof(*ip));
    return lx_read_quoted_transport(cursor, packet, protocol, true);
}

/* The extension headers of a quoted packet, of which `packet` says how many bytes are there. Those that any may have.
 */
lx_inline bool lx_read_quoted_extensions(struct lx_cursor *cursor, struct lx_packet *packet, __u32 built_ins)
{
    return lx_parse_extension_headers(cursor, built_ins, packet) == LX_UNDECIDED && !packet->fragment_offset &&
           packet->payload >= sizeof(struct lx_quoted_transport);
}

lx_inline bool lx_read_quoted6(struct lx_cursor *cursor, struct lx_packet *packet, __u32 built_ins)
{
    const struct ipv6hdr *ip = lx_take(cursor, sizeof(*ip));
    __u8 protocol = IPPROTO_ICMPV6;
    bool read;

    if (!ip || ip->version != 6 || !lx_quote_fits(packet, sizeof(*ip)))
        return false;
    for (int i = 0; i < 4; i++) {
        if (ip->saddr.in6_u.u6_addr32[i] != packet->tuple.destination[i])
            return false;
        packet->tuple.source[i] = ip->daddr.in6_u.u6_addr32[i];
    }
    packet->payload -= sizeof(struct lx_quoted_transport) + sizeof(*ip);
    packet->protocol = ip->nexthdr;
    read = lx_read_quoted_extensions(cursor, packet, built_ins);
    protocol = packet->protocol;
    packet->protocol = IPPROTO_ICMPV6;
    return read && lx_read_quoted_transport(cursor, packet, protocol, false);
}

/* True when the quoted packet, which `packet` has the tuple of a reply to, can have gone from one end to the other. */
lx_inline bool lx_quotes_sound_addresses(const struct lx_packet *packet, bool ipv4)
{
    const __u32 *source = packet->tuple.destination, *destination = packet->tuple.source;

    return !lx_martian_source(source, ipv4) && !lx_martian_destination(source, destination, ipv4) &&
           lx_destination_cast(destination, ipv4) == LX_UNICAST;
}

/*
 * Reads what an ICMP error quotes; the cursor stands behind the eight bytes of the ICMP header. Leaves in `packet` the
 * tuple of a reply to the quoted packet, and LX_KIND_ICMP_ERROR.
 */
lx_inline __u32 lx_read_quoted(struct lx_cursor *cursor, struct lx_packet *packet, __u32 built_ins, bool ipv4)
{
    if (!(ipv4 ? lx_read_quoted4(cursor, packet, built_ins) : lx_read_quoted6(cursor, packet, built_ins)) ||
        !lx_quotes_sound_addresses(packet, ipv4))
        return LX_REASON_ICMP_ERROR_UNRELATED;
    packet->kind = LX_KIND_ICMP_ERROR;
    return LX_UNDECIDED;
}

#endif
