/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses that cannot appear on a wire, and destinations that are groups. Private and documentation ranges are never
 * martians here: the reference architecture itself uses them.
 */
#ifndef LYNCXDP_MARTIAN_H
#define LYNCXDP_MARTIAN_H

#include "packet.h"

/* All tests are on network byte order, so that a table of constants is all the code they need. */
lx_inline bool lx_unspecified(const __u32 address[4], bool ipv4)
{
    return !address[3] && (ipv4 || !(address[0] | address[1] | address[2]));
}

lx_inline bool lx_loopback6(const __u32 address[4])
{
    return !(address[0] | address[1] | address[2]) && address[3] == LX_BE32(1);
}

lx_inline bool lx_mapped6(const __u32 address[4])
{
    return !(address[0] | address[1]) && address[2] == LX_MAPPED_PREFIX;
}

lx_inline bool lx_link_local6(const __u32 address[4])
{
    return (address[0] & LX_BE32(0xffc00000)) == LX_BE32(0xfe800000);
}

lx_inline bool lx_multicast6(const __u32 address[4])
{
    return (address[0] & LX_BE32(0xff000000)) == LX_BE32(0xff000000);
}

/* Source 0/8, 127/8, 224/3; ::, ::1, ff00::/8, v4-mapped (RFC 6890, RFC 1122 section 3.2.1.3). */
lx_inline bool lx_martian_source(const __u32 source[4], bool ipv4)
{
    if (ipv4) {
        __u32 network = LX_BE32(source[3]) >> 24;
        return network == 0 || network == 127 || network >= 224;
    }
    return lx_multicast6(source) || lx_unspecified(source, false) || lx_loopback6(source) || lx_mapped6(source);
}

/* Destination 127/8, 0.0.0.0; ::1, ::, v4-mapped; or the source itself (the "land" attack). */
lx_inline bool lx_martian_destination(const __u32 source[4], const __u32 destination[4], bool ipv4)
{
    if (ipv4)
        return !destination[3] || LX_BE32(destination[3]) >> 24 == 127 || destination[3] == source[3];
    return lx_unspecified(destination, false) || lx_loopback6(destination) || lx_mapped6(destination) ||
           (destination[0] == source[0] && destination[1] == source[1] && destination[2] == source[2] &&
            destination[3] == source[3]);
}

lx_inline enum lx_cast lx_destination_cast(const __u32 destination[4], bool ipv4)
{
    if (!ipv4)
        return lx_multicast6(destination) ? LX_MULTICAST : LX_UNICAST;
    if (destination[3] == 0xffffffff)
        return LX_BROADCAST;
    return LX_BE32(destination[3]) >> 28 == 14 ? LX_MULTICAST : LX_UNICAST;
}

/*
 * True for an IPv4 packet between ordinary hosts, which the checks below would find nothing wrong with: both first
 * octets in 1-126 or 128-223, source and destination differ, unicast MAC address. Arithmetic instead of branches, for
 * nearly every packet comes by here; no sign bit may be set.
 */
lx_inline bool lx_ordinary_addresses4(const struct lx_packet *packet)
{
    __u32 source = LX_BE32(packet->tuple.source[3]), destination = LX_BE32(packet->tuple.destination[3]);
    __u32 odd = ((source >> 24) - 1) | (223 - (source >> 24)) | ((source >> 24 ^ 127) - 1);

    odd |= ((destination >> 24) - 1) | (223 - (destination >> 24)) | ((destination >> 24 ^ 127) - 1);
    odd |= 0u - packet->link_cast;
    return !(odd >> 31) && source != destination;
}

/* Judges the addresses of an ordinary packet, after the built-in cases had their turn. */
lx_inline __u32 lx_check_addresses(const struct lx_packet *packet, bool ipv4)
{
    const __u32 *source = packet->tuple.source, *destination = packet->tuple.destination;
    enum lx_cast cast = packet->link_cast;

    if (ipv4 && lx_likely(lx_ordinary_addresses4(packet)))
        return LX_UNDECIDED;
    if (lx_martian_source(source, ipv4) || lx_martian_destination(source, destination, ipv4))
        return LX_REASON_MARTIAN;
    if (cast == LX_UNICAST)
        cast = lx_destination_cast(destination, ipv4);
    if (cast != LX_UNICAST)
        return cast == LX_BROADCAST ? LX_REASON_BROADCAST : LX_REASON_MULTICAST;
    return LX_UNDECIDED;
}

#endif
