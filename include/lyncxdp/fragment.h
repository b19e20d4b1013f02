/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IP fragments, where a site lets them in: only the first one shows ports and is judged; the later ones of the same
 * packet follow it. A first fragment must hold all its headers, and no later one may overwrite them (RFC 1858,
 * RFC 3128, RFC 7112).
 */
#ifndef LYNCXDP_FRAGMENT_H
#define LYNCXDP_FRAGMENT_H

#include "packet.h"

/*
 * Which datagram a fragment belongs to (RFC 791, RFC 8200). Addresses in network byte order. Over IPv6 the protocol is
 * 0: a later fragment's "next header" need not be that of the first one, and receivers ignore it.
 */
struct lx_fragment_key {
    __u32 source[4];
    __u32 destination[4];
    __u32 identification;
    __u8 protocol;
    __u8 ipv4;
    __u8 hook; /* enum lx_hook */
    __u8 pad;
};

_Static_assert(sizeof(struct lx_fragment_key) == 40, "no hole in a key");

/* What is known of a datagram whose first fragment passed. */
struct lx_fragmented {
    __u64 passed;  /* nanoseconds of CLOCK_MONOTONIC (coarse) */
    __u32 headers; /* bytes from offset 0 on, that no later fragment may touch */
    __u32 cast;    /* enum lx_cast of the first fragment's destination MAC address */
};

_Static_assert(sizeof(struct lx_fragmented) == 16, "ABI");

/* Fragments of one datagram that are further apart than this do not belong together any more (RFC 8200: 60 s). */
#define LX_FRAGMENT_NANOSECONDS (60ull * 1000000000)

lx_inline void lx_fragment_key(const struct lx_packet *packet, enum lx_hook hook, bool ipv4,
                               struct lx_fragment_key *key)
{
    *key = (struct lx_fragment_key){
        .identification = packet->identification, .protocol = ipv4 ? packet->protocol : 0, .ipv4 = ipv4, .hook = hook};
    key->source[3] = packet->tuple.source[3];
    key->destination[3] = packet->tuple.destination[3];
    if (ipv4)
        return;
    for (int i = 0; i < 3; i++) {
        key->source[i] = packet->tuple.source[i];
        key->destination[i] = packet->tuple.destination[i];
    }
}

/* The headers of a first fragment: those behind IPv6's fragment header, and the transport's. */
lx_inline __u32 lx_first_fragment_headers(const struct lx_packet *packet)
{
    __u32 transport = packet->kind == LX_KIND_PORTS && packet->transport == LX_TCP ? packet->tcp_header : 8;

    return packet->fragmentable - packet->payload + transport;
}

/* What is to be known of the datagram of a first fragment that has passed. */
lx_inline struct lx_fragmented lx_fragmented_of(const struct lx_packet *packet, __u64 now)
{
    return (struct lx_fragmented){
        .passed = now, .headers = lx_first_fragment_headers(packet), .cast = packet->link_cast};
}

/* Judges a later fragment by its offset alone: LX_UNDECIDED leaves the question whether its first one passed. */
lx_inline __u32 lx_check_later_fragment(const struct lx_packet *packet)
{
    __u32 header = packet->protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);

    return packet->fragment_offset < header ? LX_REASON_OVERLAPPING_FRAGMENT : LX_UNDECIDED;
}

/*
 * The reason of one whose first fragment has passed: it must not come too late, nor to a group of stations unless that
 * one did (DHCP's may), and leave that one's headers alone.
 */
lx_inline __u32 lx_follow_fragment(const struct lx_packet *packet, const struct lx_fragmented *datagram, __u64 now)
{
    if ((__s64)(now - datagram->passed) > (__s64)LX_FRAGMENT_NANOSECONDS)
        return LX_REASON_FRAGMENT;
    if (packet->link_cast != LX_UNICAST && packet->link_cast != datagram->cast)
        return packet->link_cast == LX_BROADCAST ? LX_REASON_BROADCAST : LX_REASON_MULTICAST;
    return packet->fragment_offset < datagram->headers ? LX_REASON_OVERLAPPING_FRAGMENT : LX_REASON_LATER_FRAGMENT;
}

#endif
