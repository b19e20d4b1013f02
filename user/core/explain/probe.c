/* SPDX-License-Identifier: GPL-2.0-only */
/* Builds the packet that a person asks about, as honest as a stack would send it. */
#include "probe.h"

#include <string.h>

#define IPV4_HEADER sizeof(struct iphdr)
#define IPV6_HEADER sizeof(struct ipv6hdr)

/* The reasons as text, indexed by enum lx_reason. */
struct reason_text {
    const char *name, *meaning;
};

static const struct reason_text reason_texts[] = {
#define REASON_TEXT(symbol, name, verdict, meaning) [LX_REASON_##symbol] = {name, meaning},
    LX_REASONS(REASON_TEXT)
#undef REASON_TEXT
};

/* Adds bytes to an Internet checksum (RFC 1071); `size` is even. */
static uint32_t add_bytes(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = value >> 8;
    at[1] = value & 0xff;
}

/* Locally administered unicast addresses, so that no verdict hangs on them. */
static size_t put_ethernet(uint8_t *frame, uint16_t ethertype)
{
    static const uint8_t addresses[] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2};

    memcpy(frame, addresses, sizeof(addresses));
    put16(frame + sizeof(addresses), ethertype);
    return sizeof(addresses) + 2;
}

/* VRRP must come from next door, where routers speak to each other with a TTL of 1 otherwise. */
static uint8_t hop_limit_of(uint8_t protocol)
{
    switch (protocol) {
    case LX_IPPROTO_VRRP:
        return 255;
    case IPPROTO_IGMP:
    case IPPROTO_PIM:
    case LX_IPPROTO_OSPF:
        return 1;
    default:
        return 64;
    }
}

static size_t put_ipv4(uint8_t *ip, const struct lx_probe *probe, uint8_t protocol, size_t payload)
{
    ip[0] = 0x45;
    put16(ip + 2, IPV4_HEADER + payload);
    put16(ip + 6, 0x4000); /* don't fragment */
    ip[8] = hop_limit_of(protocol);
    ip[9] = protocol;
    memcpy(ip + 12, probe->source.bytes + 12, 4);
    memcpy(ip + 16, probe->destination.bytes + 12, 4);
    put16(ip + 10, fold(add_bytes(0, ip, IPV4_HEADER)));
    return IPV4_HEADER;
}

static size_t put_ipv6(uint8_t *ip, const struct lx_probe *probe, uint8_t protocol, size_t payload)
{
    ip[0] = 0x60;
    put16(ip + 4, payload);
    ip[6] = protocol;
    ip[7] = hop_limit_of(protocol);
    memcpy(ip + 8, probe->source.bytes, 16);
    memcpy(ip + 24, probe->destination.bytes, 16);
    return IPV6_HEADER;
}

/* The checksum of a TCP or UDP header without payload, over the pseudo-header too (RFC 9293, RFC 8200 section 8.1). */
static uint16_t transport_checksum(const struct lx_probe *probe, bool ipv4, uint8_t protocol, const uint8_t *header,
                                   size_t size)
{
    size_t skip = ipv4 ? 12 : 0;
    uint32_t sum = protocol + size;

    sum = add_bytes(sum, probe->source.bytes + skip, 16 - skip);
    sum = add_bytes(sum, probe->destination.bytes + skip, 16 - skip);
    return fold(add_bytes(sum, header, size));
}

static void put_tcp(uint8_t *tcp, const struct lx_probe *probe, bool ipv4)
{
    put16(tcp, probe->source_port);
    put16(tcp + 2, probe->destination_port);
    tcp[12] = 5 << 4; /* data offset: no options */
    tcp[13] = probe->tcp_flags;
    put16(tcp + 14, 0xffff); /* window */
    put16(tcp + 16, transport_checksum(probe, ipv4, IPPROTO_TCP, tcp, sizeof(struct tcphdr)));
}

static void put_udp(uint8_t *udp, const struct lx_probe *probe, bool ipv4)
{
    uint16_t checksum;

    put16(udp, probe->source_port);
    put16(udp + 2, probe->destination_port);
    put16(udp + 4, sizeof(struct udphdr));
    checksum = transport_checksum(probe, ipv4, IPPROTO_UDP, udp, sizeof(struct udphdr));
    put16(udp + 6, checksum ? checksum : 0xffff); /* 0 would mean that there is none (RFC 768) */
}

/* An echo request. Of other protocols the header is zeroes: nobody looks at it. */
static void put_portless(uint8_t *header, const struct lx_probe *probe, bool ipv4)
{
    if (probe->destination_port != LX_ECHO_PROTOCOL)
        return;
    header[0] = ipv4 ? LX_ICMP4_ECHO_REQUEST : LX_ICMP6_ECHO_REQUEST;
    put16(header + 2, ipv4 ? fold(add_bytes(0, header, sizeof(struct lx_icmp)))
                           : transport_checksum(probe, false, IPPROTO_ICMPV6, header, sizeof(struct lx_icmp)));
}

static uint8_t protocol_of(const struct lx_probe *probe, bool ipv4)
{
    if (probe->transport == LX_PORTLESS)
        return probe->destination_port == LX_ECHO_PROTOCOL && !ipv4 ? IPPROTO_ICMPV6 : (uint8_t)probe->destination_port;
    return probe->transport == LX_TCP ? IPPROTO_TCP : IPPROTO_UDP;
}

size_t lx_probe_frame(const struct lx_probe *probe, uint8_t frame[LX_PROBE_FRAME])
{
    bool ipv4 = lx_address_is_ipv4(&probe->source), tcp = probe->transport == LX_TCP;
    size_t size = tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr);
    uint8_t protocol = protocol_of(probe, ipv4);
    size_t length;

    memset(frame, 0, LX_PROBE_FRAME);
    length = put_ethernet(frame, ipv4 ? ETH_P_IP : ETH_P_IPV6);
    length += ipv4 ? put_ipv4(frame + length, probe, protocol, size) : put_ipv6(frame + length, probe, protocol, size);
    if (tcp)
        put_tcp(frame + length, probe, ipv4);
    else if (probe->transport == LX_PORTLESS)
        put_portless(frame + length, probe, ipv4);
    else
        put_udp(frame + length, probe, ipv4);
    return length + size;
}

/* Whoever asks needs not be on the same network: a gateway asks for it. */
static size_t put_arp(const struct lx_address *from, const struct lx_address *target, uint8_t *frame)
{
    size_t length = put_ethernet(frame, ETH_P_ARP);
    static const uint8_t request[] = {0, LX_ARP_ETHERNET, ETH_P_IP >> 8, 0, 6, 4, 0, LX_ARP_REQUEST};
    uint8_t *arp = frame + length;

    memset(frame, 0xff, 6);
    memcpy(arp, request, sizeof(request));
    memcpy(arp + 8, frame + 6, 6);
    memcpy(arp + 14, from->bytes + 12, 4);
    memcpy(arp + 24, target->bytes + 12, 4);
    return length + sizeof(struct lx_arp);
}

/* RFC 4861, section 4.3, from a link-local address to the group of the address that is asked for. */
static size_t put_solicitation(const struct lx_address *target, uint8_t *frame)
{
    struct lx_probe probe = {.source.bytes = {0xfe, 0x80, [8] = 0, 0, 0, 0xff, 0xfe, 0, 0, 2},
                             .destination.bytes = {0xff, 0x02, [11] = 1, 0xff}};
    enum { SIZE = 32 }; /* with the option that holds the link-layer address of who asks */
    size_t length = put_ethernet(frame, ETH_P_IPV6);
    uint8_t *icmp;

    memcpy(probe.destination.bytes + 13, target->bytes + 13, 3);
    memcpy(frame, (const uint8_t[]){0x33, 0x33, 0xff}, 3);
    memcpy(frame + 3, target->bytes + 13, 3);
    length += put_ipv6(frame + length, &probe, IPPROTO_ICMPV6, SIZE);
    frame[length - IPV6_HEADER + 7] = 255;
    icmp = frame + length;
    icmp[0] = 135;
    memcpy(icmp + 8, target->bytes, 16);
    icmp[24] = icmp[25] = 1;
    memcpy(icmp + 26, frame + 6, 6);
    put16(icmp + 2, transport_checksum(&probe, false, IPPROTO_ICMPV6, icmp, SIZE));
    return length + SIZE;
}

size_t lx_probe_neighbour(const struct lx_address *from, const struct lx_address *target, uint8_t frame[LX_PROBE_FRAME])
{
    memset(frame, 0, LX_PROBE_FRAME);
    return lx_address_is_ipv4(target) ? put_arp(from, target, frame) : put_solicitation(target, frame);
}

size_t lx_probe_tag(const uint8_t *frame, size_t length, const uint16_t vlans[2], uint8_t *tagged)
{
    size_t at = 12;

    memcpy(tagged, frame, at);
    for (size_t i = 0; i < 2; i++) {
        if (!vlans[i])
            continue;
        put16(tagged + at, ETH_P_8021Q);
        put16(tagged + at + 2, vlans[i]);
        at += 4;
    }
    memcpy(tagged + at, frame + 12, length - 12);
    return length + at - 12;
}

const char *lx_reason_name(uint32_t reason)
{
    return reason < LX_REASON_COUNT ? reason_texts[reason].name : "unknown";
}

const char *lx_reason_meaning(uint32_t reason)
{
    return reason < LX_REASON_COUNT ? reason_texts[reason].meaning : "unknown";
}
