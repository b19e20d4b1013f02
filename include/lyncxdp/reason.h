/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a packet passed or was dropped: the closed list of reasons. Every packet is counted under exactly one of them.
 * The names are the same in text, in JSON and in metrics, and never change once released; new ones go to the end.
 */
#ifndef LYNCXDP_REASON_H
#define LYNCXDP_REASON_H

#include "types.h"

enum lx_verdict {
    LX_DROP = 0,
    LX_PASS = 1,
};

/* X(symbol, name, verdict, meaning) */
#define LX_REASONS(X)                                                                                                  \
    X(NO_POLICY, "no-policy", DROP, "the attachment has no readable policy")                                           \
    X(ROW, "row", PASS, "a row of the policy allows it")                                                               \
    X(ARP, "arp", PASS, "ARP for IPv4 over Ethernet")                                                                  \
    X(NEIGHBOUR_DISCOVERY, "neighbour-discovery", PASS, "IPv6 neighbour solicitation or advertisement")                \
    X(ROUTER_ADVERTISEMENT, "router-advertisement", PASS, "IPv6 router advertisement from a link-local address")       \
    X(ROUTER_SOLICITATION, "router-solicitation", PASS, "IPv6 router solicitation")                                    \
    X(MLD, "mld", PASS, "multicast listener discovery")                                                                \
    X(DHCP, "dhcp", PASS, "DHCP between a client and a server")                                                        \
    X(ECHO, "echo", PASS, "ICMP echo, which the site lets in")                                                         \
    X(NO_ROW, "no-row", DROP, "no row of the policy allows it")                                                        \
    X(SHORT_FRAME, "short-frame", DROP, "the frame ends before the header it claims")                                  \
    X(ETHERTYPE, "ethertype", DROP, "neither IPv4, IPv6, ARP nor link control")                                        \
    X(GROUP_SOURCE, "group-source", DROP, "the source MAC address is a group address")                                 \
    X(VLAN_DEPTH, "vlan-depth", DROP, "more than two VLAN tags")                                                       \
    X(VLAN, "vlan", DROP, "a VLAN that the site does not list")                                                        \
    X(BAD_ARP, "bad-arp", DROP, "ARP with other lengths, types or operations than IPv4 over Ethernet has")             \
    X(IP_VERSION, "ip-version", DROP, "the IP version differs from what the ethertype says")                           \
    X(IP_LENGTH, "ip-length", DROP, "IP lengths that disagree with the frame or with each other")                      \
    X(IP_OPTIONS, "ip-options", DROP, "IPv4 options")                                                                  \
    X(RESERVED_BIT, "reserved-bit", DROP, "the reserved bit of the IPv4 header is set")                                \
    X(TTL_ZERO, "ttl-zero", DROP, "TTL or hop limit 0")                                                                \
    X(FRAGMENT, "fragment", DROP, "an IP fragment")                                                                    \
    X(ROUTING_HEADER, "routing-header", DROP, "an IPv6 routing header")                                                \
    X(SECOND_FRAGMENT_HEADER, "second-fragment-header", DROP, "more than one IPv6 fragment header")                    \
    X(HOP_BY_HOP, "hop-by-hop", DROP, "IPv6 hop-by-hop options that are not first, or twice")                          \
    X(EXTENSION_HEADERS, "extension-headers", DROP, "more than 8 IPv6 extension headers")                              \
    X(TRANSPORT, "transport", DROP, "a transport other than TCP, UDP and ICMP that no row lists")                      \
    X(TCP_OFFSET, "tcp-offset", DROP, "the TCP data offset is out of bounds")                                          \
    X(TCP_FLAGS, "tcp-flags", DROP, "TCP flags that no stack sends")                                                   \
    X(UDP_LENGTH, "udp-length", DROP, "the UDP length disagrees with IP")                                              \
    X(PORT_ZERO, "port-zero", DROP, "source or destination port 0")                                                    \
    X(MARTIAN, "martian", DROP, "a source or destination that cannot appear on a wire")                                \
    X(MULTICAST, "multicast", DROP, "a multicast destination outside the built-in cases")                              \
    X(BROADCAST, "broadcast", DROP, "a broadcast destination outside the built-in cases")                              \
    X(SPOOFED, "spoofed", DROP, "a source address that belongs to the other side of the filter")                       \
    X(BAD_NEIGHBOUR_DISCOVERY, "bad-neighbour-discovery", DROP,                                                        \
      "IPv6 neighbour discovery with a wrong hop limit, source, code or length, or behind an extension header")        \
    X(ICMP_TYPE, "icmp-type", DROP, "an ICMP type that nothing allows")                                                \
    X(ICMP_ERROR_UNRELATED, "icmp-error-unrelated", DROP, "an ICMP error about a packet this policy lets nobody send") \
    X(BUILT_IN_OFF, "built-in-off", DROP, "a built-in case that the site has switched off")                            \
    X(FLOW, "flow", PASS, "a reply within a flow that a row let the role begin")                                       \
    X(REPLY_UNLISTED, "reply-unlisted", PASS, "a reply within a flow that the role began and no row lists")            \
    X(MIRROR, "mirror", PASS, "the role's answer to what an inbound row let in")                                       \
    X(ICMP_ERROR, "icmp-error", PASS, "an ICMP error about a packet that this policy lets through")                    \
    X(LATER_FRAGMENT, "later-fragment", PASS, "a later fragment of a packet whose first one passed")                   \
    X(TINY_FRAGMENT, "tiny-fragment", DROP, "a first fragment that does not hold all its headers")                     \
    X(OVERLAPPING_FRAGMENT, "overlapping-fragment", DROP,                                                              \
      "a later fragment that would overwrite headers of the first one")                                                \
    X(L2_CONTROL, "l2-control", PASS, "link control: slow protocols (LACP), spanning tree, 802.1X or LLDP")            \
    X(BYPASS, "bypass", PASS, "a neighbour behind the same pair, or its VLAN, which the site bypasses")                \
    X(HOP_LIMIT, "hop-limit", DROP, "VRRP whose TTL or hop limit is not 255, so that a router has forwarded it")       \
    X(NOT_FROM_ROLE, "not-from-role", DROP,                                                                            \
      "a name or an office on the network that the role behind the interface may not claim")                           \
    X(OTHER_VLAN, "other-vlan", PASS, "a frame of another VLAN of the trunk than the one that is filtered, or of none")

enum lx_reason {
#define LX_REASON_SYMBOL(symbol, name, verdict, meaning) LX_REASON_##symbol,
    LX_REASONS(LX_REASON_SYMBOL)
#undef LX_REASON_SYMBOL
        LX_REASON_COUNT
};

/* Room in the counters for reasons yet to come, so that a newer program can use the maps of an older one. */
#define LX_REASON_CAPACITY 64

_Static_assert(LX_REASON_COUNT <= LX_REASON_CAPACITY, "the counters have room for every reason");

/* The verdict that a reason carries: LX_PASS or LX_DROP. A bit test, so that the packet path needs no table. */
lx_inline enum lx_verdict lx_reason_verdict(__u32 reason)
{
    const __u64 passing = 0
#define LX_REASON_BIT(symbol, name, verdict, meaning) | ((__u64)LX_##verdict << LX_REASON_##symbol)
        LX_REASONS(LX_REASON_BIT)
#undef LX_REASON_BIT
        ;
    return (passing >> (reason & (LX_REASON_CAPACITY - 1))) & 1 ? LX_PASS : LX_DROP;
}

#endif
