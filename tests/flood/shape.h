/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the flood's program needs to know of the frames it makes: constant from loading on, so that it stays fast. */
#ifndef LYNCXDP_TESTS_FLOOD_SHAPE_H
#define LYNCXDP_TESTS_FLOOD_SHAPE_H

#include <linux/types.h>

#define LX_FLOOD_TARGETS 131072u /* a power of two: every port of both transports */

#define LX_FLOOD_TIMED 64u /* every so many frames the program notes the time */

/* Ethernet, a VLAN tag, IPv6 and TCP, in whole words of eight bytes. */
#define LX_FLOOD_HEADERS 88

enum lx_flood_transport { LX_FLOOD_UDP, LX_FLOOD_TCP, LX_FLOOD_TRANSPORTS };

struct lx_flood_shape {
    __u32 ifindex;                      /* where the frames leave */
    __u32 ip;                           /* offset of the IP header */
    __u32 ipv6;                         /* or else IPv4 */
    __u32 words;                        /* of eight bytes in each template, which the frame is at least as long as */
    __u32 targets;                      /* transports and ports in use: LX_FLOOD_TARGET() */
    __u32 source_port;                  /* host byte order; 0: another one each time */
    __u64 source[2];                    /* in network byte order; IPv4 in the first half of the first */
    __u64 varied[2];                    /* the bits of it that are drawn */
    __u32 ip_sums[LX_FLOOD_TRANSPORTS]; /* of the IPv4 header without the source, not folded */
    __u32 sums[LX_FLOOD_TRANSPORTS];    /* of what the transport sums, without source and ports, not folded */
    __u64 templates[LX_FLOOD_TRANSPORTS][LX_FLOOD_HEADERS / 8];
};

#define LX_FLOOD_TARGET(transport, port) ((__u32)(transport) << 16 | (port))

#endif
