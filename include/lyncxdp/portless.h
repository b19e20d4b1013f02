/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Protocols without ports, which a site's rows list by name or number: VRRP, OSPF, IGMP, PIM, ESP, AH, GRE and others.
 * In the tables of an image a protocol is what a port is to TCP and UDP. ICMP echo, of either family, has the number of
 * ICMP there: all other ICMP is judged for what it is, and no row lists it.
 */
#ifndef LYNCXDP_PORTLESS_H
#define LYNCXDP_PORTLESS_H

#include "classify.h"
#include "martian.h"
#include "packet.h"

/* Those that <linux/in.h> lacks (RFC 2328, RFC 9568). */
#define LX_IPPROTO_OSPF 89
#define LX_IPPROTO_VRRP 112

#define LX_ECHO_PROTOCOL IPPROTO_ICMP

/*
 * The groups that are a protocol's own, so that a row about the role is about them, too: X(protocol, last octet) of
 * 224.0.0.0/24 and, with the same number, of ff02::/120 (RFC 9568, RFC 2328, RFC 5340, RFC 7761).
 */
#define LX_OWN_GROUPS(X) X(LX_IPPROTO_OSPF, 5) X(LX_IPPROTO_OSPF, 6) X(IPPROTO_PIM, 13) X(LX_IPPROTO_VRRP, 18)

/*
 * True for a group that is the protocol's own. IGMP speaks to any: a report and the query of one group are sent to the
 * very group that they are about (RFC 2236, section 9), which no list can name beforehand.
 */
lx_inline bool lx_is_own_group(__u32 protocol, const __u32 destination[4], bool ipv4)
{
    __u32 group = LX_BE32(destination[3]);

    if (ipv4 && protocol == IPPROTO_IGMP)
        return group >> 28 == 14;
    if (ipv4)
        group -= 0xe0000000;
    else if (destination[0] != LX_BE32(0xff020000) || destination[1] | destination[2])
        return false;
#define LX_IS_OWN_GROUP(its_protocol, number) || (protocol == (its_protocol) && group == (number))
    return false LX_OWN_GROUPS(LX_IS_OWN_GROUP);
#undef LX_IS_OWN_GROUP
}

/* Leaves a packet of another protocol than TCP, UDP and ICMP for rows without ports. */
lx_inline __u32 lx_read_portless(struct lx_packet *packet)
{
    if (packet->protocol == LX_ECHO_PROTOCOL)
        return LX_REASON_TRANSPORT; /* ICMP over IPv6 */
    packet->kind = LX_KIND_PORTLESS;
    packet->transport = LX_PORTLESS;
    packet->tuple.source_port = packet->tuple.destination_port = packet->protocol;
    return LX_UNDECIDED;
}

/* Not asked of a later fragment, of which it is not known. */
lx_inline bool lx_has_no_ports(const struct lx_packet *packet)
{
    return packet->transport >= LX_ECHO;
}

/* The number that rows list a packet without ports by. */
lx_inline __u32 lx_protocol_of(__u8 transport, __u16 port)
{
    return transport == LX_ECHO ? LX_ECHO_PROTOCOL : (__u8)port;
}

/* The class of the rows that list a protocol, or 0. */
lx_inline __u32 lx_protocol_class(const struct lx_view *view, const struct lx_section *section, __u32 protocol)
{
    if (!section->protocols)
        return 0;
    return *(const __u16 *)lx_at(view, section->protocols + (__u8)protocol * sizeof(__u16));
}

/* lx_classify for a protocol without ports. */
lx_inline __u32 lx_classify_protocol(const struct lx_view *view, const struct lx_section *section,
                                     const struct lx_tuple *tuple, __u32 protocol, bool ipv4)
{
    __u32 class = lx_protocol_class(view, section, protocol);

    return class ? lx_classify_hosts(view, section, class, tuple, 0, ipv4) : LX_NO_ROW;
}

/* What a packet of another protocol must pass on either hook before its rows are asked. */
lx_inline __u32 lx_check_portless(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 protocol = packet->protocol, reason;

    if (!lx_protocol_class(view, &view->image->inbound, protocol) &&
        !lx_protocol_class(view, &view->image->outbound, protocol))
        return LX_REASON_TRANSPORT;
    reason = lx_check_addresses(packet, ipv4);
    if (reason == LX_REASON_MULTICAST && lx_is_own_group(protocol, packet->tuple.destination, ipv4))
        reason = LX_UNDECIDED;
    if (reason != LX_UNDECIDED)
        return reason;
    /* That nobody beyond a router has sent it is all that protects VRRP (RFC 9568, section 5.1.1.3). */
    return protocol == LX_IPPROTO_VRRP && packet->hop_limit != 255 ? LX_REASON_HOP_LIMIT : LX_UNDECIDED;
}

#endif
