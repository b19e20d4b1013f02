/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ordinary packets, which nearly all traffic is made of: TCP or UDP in one piece, behind untagged Ethernet and an IP
 * header without options or extension headers, between hosts that exist, none of it odd. They are recognised here with
 * few tests and only their rows are left to ask; for all others lx_read_frame finds out what they are. Whatever is
 * ordinary, lx_read_frame and lx_check_ports have no objection to, and read the same of.
 */
#ifndef LYNCXDP_ORDINARY_H
#define LYNCXDP_ORDINARY_H

#include "packet.h"

/* An empty UDP datagram of 42 bytes is padded to the 60 of Ethernet's shortest frame, 64 where a tag was taken out. */
#define LX_MOST_PADDING 22u

/* Between unicast MAC addresses, of this family, and long enough for its header and a UDP header. */
lx_inline bool lx_ordinary_link(const struct lx_frame *frame, bool ipv4)
{
    const __u8 *data = frame->data;
    __u16 type = ipv4 ? LX_BE16(ETH_P_IP) : LX_BE16(ETH_P_IPV6);
    __u32 headers = ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);

    if (data + sizeof(struct ethhdr) + headers + sizeof(struct udphdr) > frame->end)
        return false;
    return *(const __u16 *)(data + offsetof(struct ethhdr, h_proto)) == type && !((data[0] | data[6]) & 1);
}

/*
 * True when both first octets are in 1-126 or 128-223: neither a martian nor a group. Both at once, in the two halves
 * of a word: a sign bit in either is set by an octet of 0, above 223, or of 127.
 */
lx_inline bool lx_ordinary_octets(__u32 source, __u32 destination)
{
    __u32 both = source | destination << 16;

    return !(((both - 0x00010001) | (0x00df00df - both) | ((both ^ 0x007f007f) - 0x00010001)) & 0x80008000);
}

/* True when the address is neither in 00::/8, where the odd ones are, nor in ff00::/8; by its first octet. */
lx_inline bool lx_ordinary_octet6(__u32 octet)
{
    return (__u8)(octet - 1) < 0xfe;
}

/* The transport header, of which at least eight bytes are there, behind `before` bytes of other headers. */
lx_inline bool lx_ordinary_transport(const struct lx_frame *frame, const __u8 *header, __u32 payload, __u16 dhcp,
                                     struct lx_packet *packet)
{
    __u32 ports = LX_BE32(*(const __u32 *)header), destination = ports & 0xffff;

    if (ports <= 0xffff || !destination)
        return false;
    packet->tuple.source_port = ports >> 16;
    packet->tuple.destination_port = destination;
    packet->payload = payload;
    packet->kind = LX_KIND_PORTS;
    packet->link_cast = LX_UNICAST;
    packet->first_fragment = 0;
    packet->fragment_offset = 0;
    if (packet->protocol == IPPROTO_UDP) {
        packet->transport = LX_UDP;
        packet->tcp_flags = 0;
        return payload >= sizeof(struct udphdr) && LX_BE16(*(const __u16 *)(header + 4)) == payload &&
               destination - dhcp > 1;
    }
    if (packet->protocol != IPPROTO_TCP || header + sizeof(struct tcphdr) > frame->end)
        return false;
    packet->transport = LX_TCP;
    packet->tcp_flags = header[13];
    packet->tcp_header = (header[12] & 0xf0) >> 2;
    /* Signed: a total length less than the IP header's leaves less than nothing. */
    return packet->tcp_header >= sizeof(struct tcphdr) && packet->tcp_header <= (__s32)payload &&
           !lx_tcp_flags_odd(packet->tcp_flags);
}

/* The rest of it, where lx_ordinary_link agrees. */
lx_inline bool lx_ordinary4(const struct lx_frame *frame, struct lx_packet *packet)
{
    const __u8 *ip = frame->data + sizeof(struct ethhdr);
    const struct iphdr *header = (const struct iphdr *)ip;
    __u32 total;

    total = LX_BE16(header->tot_len);
    if (ip[0] != 0x45 || header->frag_off & LX_BE16(LX_IPV4_RESERVED | LX_IPV4_FRAGMENT) || !header->ttl ||
        frame->length - sizeof(struct ethhdr) - total > LX_MOST_PADDING)
        return false;
    if (!lx_ordinary_octets(ip[12], ip[16]) || header->saddr == header->daddr)
        return false;
    packet->ethertype = ETH_P_IP;
    packet->tuple.source[3] = packet->sender[3] = header->saddr;
    packet->tuple.destination[3] = header->daddr;
    packet->protocol = header->protocol;
    return lx_ordinary_transport(frame, ip + sizeof(*header), total - sizeof(*header), 67, packet);
}

lx_inline bool lx_ordinary6(const struct lx_frame *frame, struct lx_packet *packet)
{
    const __u8 *ip = frame->data + sizeof(struct ethhdr);
    const struct ipv6hdr *header = (const struct ipv6hdr *)ip;
    __u64 source[2], destination[2];
    __u32 payload;

    payload = LX_BE16(header->payload_len);
    if (ip[0] >> 4 != 6 || !header->hop_limit ||
        frame->length - sizeof(struct ethhdr) - sizeof(*header) - payload > LX_MOST_PADDING)
        return false;
    for (int i = 0; i < 2; i++) {
        source[i] = lx_load64(ip + 8 + i * 8);
        destination[i] = lx_load64(ip + 24 + i * 8);
    }
    if (!lx_ordinary_octet6(ip[8]) || !lx_ordinary_octet6(ip[24]) ||
        (source[1] == destination[1] && source[0] == destination[0]))
        return false;
    packet->ethertype = ETH_P_IPV6;
    __builtin_memcpy(packet->tuple.source, source, sizeof(source));
    __builtin_memcpy(packet->sender, source, sizeof(source));
    __builtin_memcpy(packet->tuple.destination, destination, sizeof(destination));
    packet->protocol = header->nexthdr;
    return lx_ordinary_transport(frame, ip + sizeof(*header), payload, 546, packet);
}

/* The same for either family. */
lx_inline bool lx_ordinary(const struct lx_frame *frame, struct lx_packet *packet, bool ipv4)
{
    return ipv4 ? lx_ordinary4(frame, packet) : lx_ordinary6(frame, packet);
}

#endif
