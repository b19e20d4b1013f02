/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to a packet: Ethernet, VLAN tags, IPv4, IPv6 with its extension headers, TCP, UDP and ICMP headers,
 * each checked before it is believed. What no honest stack sends ends here, with its own reason.
 */
#ifndef LYNCXDP_PACKET_H
#define LYNCXDP_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "cursor.h"
#include "image.h"
#include "reason.h"

/* What a check answers when it has no objection: the packet's fate is still open. */
#define LX_UNDECIDED ((__u32)LX_REASON_COUNT)

#define LX_MAX_VLAN_TAGS 2
#define LX_MAX_EXTENSION_HEADERS 8

#define LX_IPV4_RESERVED 0x8000
#define LX_IPV4_FRAGMENT 0x3fff /* more fragments, or an offset */
#define LX_IPV4_MORE 0x2000
#define LX_IPV4_OFFSET 0x1fff   /* in units of 8 bytes */
#define LX_IPV6_FRAGMENT 0xfff9 /* an offset, or more fragments; neither: an atomic fragment (RFC 8200, RFC 6946) */
#define LX_IPV6_OFFSET 0xfff8   /* in bytes, as it lies in the field */

enum lx_tcp_flag {
    LX_TCP_FIN = 0x01,
    LX_TCP_SYN = 0x02,
    LX_TCP_RST = 0x04,
    LX_TCP_PSH = 0x08,
    LX_TCP_ACK = 0x10,
    LX_TCP_URG = 0x20,
};

enum lx_cast {
    LX_UNICAST = 0,
    LX_MULTICAST = 1,
    LX_BROADCAST = 2,
};

/*
 * What a conversation is known by. Addresses in network byte order; an IPv4 address is the last word alone. Ports in
 * host byte order.
 */
struct lx_tuple {
    __u32 source[4] __attribute__((aligned(8)));
    __u32 destination[4] __attribute__((aligned(8)));
    __u16 source_port;
    __u16 destination_port;
};

/* What a frame turned out to be, when its headers did not decide it. */
enum lx_kind {
    LX_KIND_PORTS,      /* TCP or UDP: the tuple is its own */
    LX_KIND_ECHO,       /* ICMP echo: both ports are its identifier */
    LX_KIND_ICMP_ERROR, /* the tuple is that of a reply to the packet quoted inside */
    LX_KIND_FRAGMENT,   /* a later fragment: addresses and identification alone */
    LX_KIND_PORTLESS,   /* another protocol: its number stands for both ports */
};

/* A frame whose headers were read. Fields are set as far as the reading came, and not before. */
struct lx_packet {
    struct lx_tuple tuple;
    __u32 sender[4]
        __attribute__((aligned(8))); /* the tuple's source, but of an ICMP error: who sends it, not whom it quotes */
    __u16 ethertype;                 /* of what is inside the VLAN tags, host byte order */
    __u8 link_cast;                  /* enum lx_cast of the destination MAC address */
    __u8 protocol;                   /* IPPROTO_ of the transport */
    __u8 hop_limit;                  /* or TTL */
    __u8 extension_headers;          /* number of IPv6 extension headers */
    __u8 kind;                       /* enum lx_kind */
    __u8 transport;                  /* enum lx_transport */
    __u8 tcp_flags;
    __u8 tcp_header;       /* bytes, from the data offset */
    __u8 echo_request;     /* of an echo: asks, or answers */
    __u8 first_fragment;   /* more fragments follow this one */
    __u16 udp_length;      /* bytes */
    __u16 fragment_offset; /* bytes; 0 for a packet in one piece and for a first fragment */
    __u32 identification;  /* of a fragment, network byte order */
    __u32 payload;         /* bytes of the IP payload from the transport header on */
    __u32 fragmentable;    /* bytes of the IP payload from what IP fragments count as their offset 0 on */
};

/* What a TCP or UDP packet asks for. */
lx_inline __u32 lx_service_of(const struct lx_packet *packet)
{
    return lx_service(packet->transport, packet->tuple.destination_port);
}

#define LX_MAPPED_PREFIX LX_BE32(0x0000ffff)

lx_inline bool lx_is_vlan_tag(__u16 type)
{
    return type == LX_BE16(ETH_P_8021Q) || type == LX_BE16(ETH_P_8021AD);
}

/* Reads the Ethernet header. `type` receives the ethertype, network byte order. */
lx_inline __u32 lx_parse_ethernet(struct lx_cursor *cursor, struct lx_packet *packet, __u16 *type)
{
    const struct ethhdr *ethernet = lx_take(cursor, sizeof(*ethernet));

    if (!ethernet)
        return LX_REASON_SHORT_FRAME;
    if (ethernet->h_source[0] & 1)
        return LX_REASON_GROUP_SOURCE;
    packet->link_cast = LX_UNICAST;
    if (lx_unlikely(ethernet->h_dest[0] & 1)) {
        const __u16 *address = (const __u16 *)ethernet->h_dest;
        packet->link_cast = (address[0] & address[1] & address[2]) == 0xffff ? LX_BROADCAST : LX_MULTICAST;
    }
    *type = ethernet->h_proto;
    return LX_UNDECIDED;
}

/* Reads VLAN tags behind the `from` that are known already. `ids` receives their VLAN ids, 0 where there is none. */
lx_inline __u32 lx_parse_vlan_tags(struct lx_cursor *cursor, __u16 *type, int from, __u16 ids[LX_MAX_VLAN_TAGS])
{
    for (int i = from; i < LX_MAX_VLAN_TAGS; i++) {
        const __u16 *tag;

        if (!lx_is_vlan_tag(*type))
            return LX_UNDECIDED;
        tag = lx_take(cursor, 4);
        if (!tag)
            return LX_REASON_SHORT_FRAME;
        ids[i] = LX_BE16(tag[0]) & 0xfff;
        *type = tag[1];
    }
    return lx_is_vlan_tag(*type) ? LX_REASON_VLAN_DEPTH : LX_UNDECIDED;
}

/*
 * BIG TCP: segments that a kernel has put together, or not yet taken apart, are longer than their IP header's length
 * field can say. It is 0 then, and the packet is as long as the kernel says. No wire has frames of that length: a
 * packet that comes in with a length of 0 is shorter, and malformed. `available` bytes begin with the header.
 */
lx_inline bool lx_is_big_ipv4(const struct iphdr *ip, __u32 available)
{
    return !ip->tot_len && available > 0xffff && ip->protocol == IPPROTO_TCP &&
           !(ip->frag_off & LX_BE16(LX_IPV4_FRAGMENT));
}

/*
 * The same of IPv6, where `available` bytes follow its header, at which the cursor stands. Older kernels say the length
 * in a jumbo option (RFC 2675), alone in a hop-by-hop header.
 */
lx_inline bool lx_is_big_ipv6(const struct lx_cursor *cursor, const struct ipv6hdr *ip, __u32 available)
{
    const __u8 *options = lx_peek(cursor, 8);

    if (available <= 0xffff || !options)
        return false;
    if (ip->nexthdr == IPPROTO_TCP)
        return true;
    return ip->nexthdr == IPPROTO_HOPOPTS && options[0] == IPPROTO_TCP && !options[1] && options[2] == 0xc2 &&
           options[3] == 4 && *(const __u32 *)(options + 4) == LX_BE32(available);
}

/* IGMP with the Router Alert option alone (RFC 2113, RFC 3376), at which the cursor stands. */
lx_inline bool lx_is_router_alert(const struct lx_cursor *cursor, const struct iphdr *ip)
{
    const __u32 *option = lx_peek(cursor, sizeof(*option));

    return ip->protocol == IPPROTO_IGMP && ip->ihl == 6 && option && *option == LX_BE32(0x94040000);
}

lx_inline bool lx_may_have_options(const struct lx_cursor *cursor, const struct iphdr *ip, __u32 built_ins)
{
    if (!(built_ins & (LX_BUILT_IN_IP_OPTIONS | LX_BUILT_IN_ROUTER_ALERT)))
        return false;
    return built_ins & LX_BUILT_IN_IP_OPTIONS || lx_is_router_alert(cursor, ip);
}

/*
 * What is wrong with an IPv4 header that is not an ordinary one, if anything, in a packet of `total` bytes. `available`
 * bytes begin with it; the cursor stands at its options.
 */
lx_inline __u32 lx_check_ipv4(const struct lx_cursor *cursor, const struct iphdr *ip, __u32 total, __u32 available,
                              __u32 built_ins)
{
    __u32 header = ip->ihl * 4u;
    __u16 fragment = LX_BE16(ip->frag_off);

    if (ip->version != 4)
        return LX_REASON_IP_VERSION;
    if (header < sizeof(*ip) || total < header || total > available)
        return LX_REASON_IP_LENGTH;
    if (header > sizeof(*ip) && !lx_may_have_options(cursor, ip, built_ins))
        return LX_REASON_IP_OPTIONS;
    if (fragment & LX_IPV4_RESERVED)
        return LX_REASON_RESERVED_BIT;
    if (!ip->ttl)
        return LX_REASON_TTL_ZERO;
    if (fragment & LX_IPV4_FRAGMENT && !(built_ins & LX_BUILT_IN_FRAGMENTS))
        return LX_REASON_FRAGMENT;
    return LX_UNDECIDED;
}

/*
 * True for a header that lx_check_ipv4 finds nothing wrong with and that has no options: nearly every header. One test
 * instead of eight: what must be zero, and in the sign bit what must not be negative, gathered in one word.
 */
lx_inline bool lx_ordinary_ipv4(const struct iphdr *ip, __u32 available)
{
    __u32 total = LX_BE16(ip->tot_len);
    __u32 odd = *(const __u8 *)ip ^ 0x45;

    odd |= ip->frag_off & LX_BE16(LX_IPV4_RESERVED | LX_IPV4_FRAGMENT);
    odd |= (((__u32)ip->ttl - 1) | (available - total) | (total - sizeof(*ip))) & 0x80000000;
    return !odd;
}

lx_inline __u32 lx_parse_ipv4(struct lx_cursor *cursor, __u32 frame_length, __u32 built_ins, struct lx_packet *packet)
{
    __u32 available = frame_length - cursor->offset;
    const struct iphdr *ip = lx_take(cursor, sizeof(*ip));
    __u32 reason;

    if (!ip)
        return LX_REASON_SHORT_FRAME;
    packet->tuple.source[3] = packet->sender[3] = ip->saddr;
    packet->tuple.destination[3] = ip->daddr;
    packet->hop_limit = ip->ttl;
    packet->protocol = ip->protocol;
    packet->first_fragment = 0;
    packet->fragment_offset = 0;
    if (lx_unlikely(!lx_ordinary_ipv4(ip, available))) {
        __u32 header = ip->ihl * 4u, total = LX_BE16(ip->tot_len);

        if (lx_is_big_ipv4(ip, available))
            total = available;
        reason = lx_check_ipv4(cursor, ip, total, available, built_ins);
        if (reason != LX_UNDECIDED)
            return reason;
        packet->fragment_offset = (LX_BE16(ip->frag_off) & LX_IPV4_OFFSET) * 8u;
        packet->first_fragment = !packet->fragment_offset && ip->frag_off & LX_BE16(LX_IPV4_MORE);
        packet->identification = ip->id;
        packet->payload = packet->fragmentable = total - header;
        lx_skip(cursor, header - sizeof(*ip));
        return LX_UNDECIDED;
    }
    packet->payload = packet->fragmentable = LX_BE16(ip->tot_len) - sizeof(*ip);
    return LX_UNDECIDED;
}

/* Why a packet whose headers are not there in full is dropped. A first fragment must have them all (RFC 7112). */
lx_inline __u32 lx_headless(const struct lx_packet *packet)
{
    return packet->first_fragment ? LX_REASON_TINY_FRAGMENT : LX_REASON_SHORT_FRAME;
}

/* Follows the chain of extension headers to the transport header (RFC 8200, section 4.1). */
lx_inline __u32 lx_parse_extension_headers(struct lx_cursor *cursor, __u32 built_ins, struct lx_packet *packet)
{
    __u8 next = packet->protocol;
    bool fragment_header = false;

    lx_unroll
    for (int i = 0; i <= LX_MAX_EXTENSION_HEADERS; i++) {
        const __u8 *header;
        __u32 size;

        if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_FRAGMENT && next != IPPROTO_DSTOPTS) {
            packet->protocol = next;
            packet->extension_headers = i;
            return LX_UNDECIDED;
        }
        if (next == IPPROTO_ROUTING)
            return LX_REASON_ROUTING_HEADER;
        if (next == IPPROTO_HOPOPTS && i > 0)
            return LX_REASON_HOP_BY_HOP;
        if (next == IPPROTO_FRAGMENT && fragment_header)
            return LX_REASON_SECOND_FRAGMENT_HEADER;
        if (i == LX_MAX_EXTENSION_HEADERS)
            break;
        header = lx_peek(cursor, 8);
        if (!header || packet->payload < 8)
            return lx_headless(packet);
        size = 8;
        if (next == IPPROTO_FRAGMENT) {
            __u16 field = LX_BE16(*(const __u16 *)(header + 2));

            if (field & LX_IPV6_FRAGMENT && !(built_ins & LX_BUILT_IN_FRAGMENTS))
                return LX_REASON_FRAGMENT;
            fragment_header = true;
            packet->fragment_offset = field & LX_IPV6_OFFSET;
            packet->first_fragment = !packet->fragment_offset && field & 1;
            packet->identification = *(const __u32 *)(header + 4);
            packet->fragmentable = packet->payload - size;
        } else {
            size += header[1] * 8u;
        }
        if (size > packet->payload)
            return lx_headless(packet);
        packet->payload -= size;
        next = header[0];
        lx_skip(cursor, size);
        /* What follows the fragment header of a later fragment is not a header. */
        if (packet->fragment_offset) {
            packet->protocol = next;
            packet->extension_headers = i + 1;
            return LX_UNDECIDED;
        }
    }
    return LX_REASON_EXTENSION_HEADERS;
}

lx_inline __u32 lx_parse_ipv6(struct lx_cursor *cursor, __u32 frame_length, __u32 built_ins, struct lx_packet *packet)
{
    const struct ipv6hdr *ip = lx_take(cursor, sizeof(*ip));
    __u32 payload, available = frame_length - cursor->offset;

    if (!ip)
        return LX_REASON_SHORT_FRAME;
    if (ip->version != 6)
        return LX_REASON_IP_VERSION;
    payload = LX_BE16(ip->payload_len);
    if (lx_unlikely(!payload) && lx_is_big_ipv6(cursor, ip, available))
        payload = available;
    if (payload > available)
        return LX_REASON_IP_LENGTH;
    if (!ip->hop_limit)
        return LX_REASON_TTL_ZERO;
    for (int i = 0; i < 4; i++) {
        packet->tuple.source[i] = packet->sender[i] = ip->saddr.in6_u.u6_addr32[i];
        packet->tuple.destination[i] = ip->daddr.in6_u.u6_addr32[i];
    }
    packet->hop_limit = ip->hop_limit;
    packet->protocol = ip->nexthdr;
    packet->payload = packet->fragmentable = payload;
    packet->first_fragment = 0;
    packet->fragment_offset = 0;
    return lx_parse_extension_headers(cursor, built_ins, packet);
}

/* Flags that no stack sends: none of SYN, ACK, RST; SYN with FIN, RST, PSH or URG; FIN with RST. */
#define LX_TCP_IS_ODD(flags)                                                                                           \
    (!((flags) & (LX_TCP_SYN | LX_TCP_ACK | LX_TCP_RST)) ||                                                            \
     ((flags)&LX_TCP_SYN && (flags) & (LX_TCP_FIN | LX_TCP_RST | LX_TCP_PSH | LX_TCP_URG)) ||                          \
     ((flags)&LX_TCP_FIN && (flags)&LX_TCP_RST))

/* A bit for each of their combinations, so that a packet's flags take a shift and no branches. */
#define LX_TCP_ODD_1(flags) ((__u64)LX_TCP_IS_ODD(flags) << (flags))
#define LX_TCP_ODD_4(flags)                                                                                            \
    (LX_TCP_ODD_1(flags) | LX_TCP_ODD_1((flags) + 1) | LX_TCP_ODD_1((flags) + 2) | LX_TCP_ODD_1((flags) + 3))
#define LX_TCP_ODD_16(flags)                                                                                           \
    (LX_TCP_ODD_4(flags) | LX_TCP_ODD_4((flags) + 4) | LX_TCP_ODD_4((flags) + 8) | LX_TCP_ODD_4((flags) + 12))
#define LX_TCP_ODD (LX_TCP_ODD_16(0) | LX_TCP_ODD_16(16) | LX_TCP_ODD_16(32) | LX_TCP_ODD_16(48))

lx_inline bool lx_tcp_flags_odd(__u8 flags)
{
    return LX_TCP_ODD >> (flags & 63) & 1;
}

/* Reads the ports and what else is judged of a TCP or UDP header; both begin with the ports. */
lx_inline __u32 lx_parse_ports(struct lx_cursor *cursor, struct lx_packet *packet)
{
    const struct udphdr *udp = lx_take(cursor, sizeof(*udp));
    const __u8 *rest;

    if (!udp)
        return lx_headless(packet);
    packet->tuple.source_port = LX_BE16(udp->source);
    packet->tuple.destination_port = LX_BE16(udp->dest);
    packet->udp_length = LX_BE16(udp->len);
    packet->kind = LX_KIND_PORTS;
    packet->tcp_header = 0;
    packet->tcp_flags = 0;
    if (packet->protocol == IPPROTO_UDP) {
        packet->transport = LX_UDP;
        return packet->payload < sizeof(*udp) ? lx_headless(packet) : LX_UNDECIDED;
    }
    rest = lx_take(cursor, sizeof(struct tcphdr) - sizeof(*udp));
    if (!rest || packet->payload < sizeof(struct tcphdr))
        return lx_headless(packet);
    packet->transport = LX_TCP;
    packet->tcp_header = (rest[4] & 0xf0) >> 2;
    packet->tcp_flags = rest[5];
    return LX_UNDECIDED;
}

/* Judges a transport header that was read, before anything in it is believed. */
lx_inline __u32 lx_check_transport(const struct lx_packet *packet)
{
    if (packet->transport == LX_UDP) {
        /* Of a first fragment only the beginning is here. */
        if (packet->first_fragment ? packet->udp_length < packet->payload : packet->udp_length != packet->payload)
            return LX_REASON_UDP_LENGTH;
    } else if (packet->tcp_header < sizeof(struct tcphdr)) {
        return LX_REASON_TCP_OFFSET;
    } else if (packet->tcp_header > packet->payload) {
        return packet->first_fragment ? LX_REASON_TINY_FRAGMENT : LX_REASON_TCP_OFFSET;
    }
    if (!packet->tuple.source_port || !packet->tuple.destination_port)
        return LX_REASON_PORT_ZERO;
    if (packet->transport == LX_TCP && lx_tcp_flags_odd(packet->tcp_flags))
        return LX_REASON_TCP_FLAGS;
    return LX_UNDECIDED;
}

/* True for the ICMP of the packet's own family. */
lx_inline bool lx_is_icmp(const struct lx_packet *packet, bool ipv4)
{
    return packet->protocol == (ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

lx_inline bool lx_is_ported(const struct lx_packet *packet)
{
    return packet->protocol == IPPROTO_UDP || packet->protocol == IPPROTO_TCP;
}

#endif
