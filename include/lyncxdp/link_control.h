/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Link control: what the two ends of a link say to each other about the link itself. Without it a bond loses its
 * partner, a blocked port of a bridge opens and the network loops, 802.1X closes the port. Known by its group address,
 * which no bridge forwards, and by its ethertype or LLC header; not MAC control (pause frames), which cards keep to
 * themselves.
 *
 * Tags make no difference, as for any other frame: 802.1X may have a priority tag (IEEE 802.1X-2004, 7.4), kernels take
 * a tag of VLAN 0 off before they look further, and a bridge whose ports are VLANs sends its BPDUs inside them.
 */
#ifndef LYNCXDP_LINK_CONTROL_H
#define LYNCXDP_LINK_CONTROL_H

#include "packet.h"

/* Ethertypes. Written out: <linux/if_ether.h> does not have all of them on every distribution. */
enum lx_link_type {
    LX_LINK_SLOW = 0x8809,  /* slow protocols, LACP among them (IEEE 802.3, annex 57A) */
    LX_LINK_8021X = 0x888e, /* EAPOL, MACsec's key agreement included */
    LX_LINK_LLDP = 0x88cc,
    LX_LINK_LLC = 0x05dc, /* no ethertype up to here, but the length of an LLC frame */
};

/* The last octets of 01:80:c2:00:00:XX, as bits. */
enum lx_link_group {
    LX_LINK_GROUP_BRIDGE = 1u << 0x0, /* "nearest customer bridge" */
    LX_LINK_GROUP_SLOW = 1u << 0x2,
    LX_LINK_GROUP_PORT = 1u << 0x3,     /* 802.1X's own; "nearest non-TPMR bridge" */
    LX_LINK_GROUP_PROVIDER = 1u << 0x8, /* spanning tree of bridges whose VLANs are 802.1ad's */
    LX_LINK_GROUP_NEAREST = 1u << 0xe,  /* LLDP's own; "nearest bridge" */
};

/* How far a neighbour may be whom LLDP (802.1AB, table 7-1) or 802.1X (802.1X-2010, table 11-1) is meant for. */
#define LX_LINK_GROUP_ANY_BRIDGE (LX_LINK_GROUP_BRIDGE | LX_LINK_GROUP_PORT | LX_LINK_GROUP_NEAREST)

/* The group that a frame is for: one of enum lx_link_group, or 0. */
lx_inline __u32 lx_link_group(const __u16 destination[3])
{
    __u32 last = LX_BE16(destination[2]);

    if (destination[0] != LX_BE16(0x0180) || destination[1] != LX_BE16(0xc200) || last > 15)
        return 0;
    return 1u << last;
}

/* Spanning tree of any kind: LLC with both service access points 0x42, unnumbered information (IEEE 802.1D, 9.2). */
lx_inline bool lx_is_bpdu(const struct lx_cursor *cursor)
{
    const __u8 *llc = lx_peek(cursor, 3);

    return llc && llc[0] == 0x42 && llc[1] == 0x42 && llc[2] == 0x03;
}

/*
 * Cisco's own over SNAP: discovery, PVST and the like, to 01:00:0c:cc:cc:cc or cd. A host has no use for them; the
 * switches on both sides of a wire have.
 */
lx_inline bool lx_is_cisco_control(const struct lx_cursor *cursor, const __u16 destination[3])
{
    const __u8 *snap = lx_peek(cursor, 8);

    if (destination[0] != LX_BE16(0x0100) || destination[1] != LX_BE16(0x0ccc) ||
        (destination[2] | LX_BE16(1)) != LX_BE16(0xcccd))
        return false;
    return snap && snap[0] == 0xaa && snap[1] == 0xaa && snap[2] == 0x03 && !snap[3] && !snap[4] && snap[5] == 0x0c;
}

/* True for a frame of link control. The cursor stands behind the ethertype that `packet` has. */
lx_inline bool lx_is_link_control(const struct lx_cursor *cursor, const struct lx_packet *packet, __u32 built_ins)
{
    const __u16 *destination = (const __u16 *)cursor->start;
    __u32 group;

    if (packet->link_cast != LX_MULTICAST || cursor->start + sizeof(struct ethhdr) > cursor->end)
        return false;
    group = lx_link_group(destination);
    switch (packet->ethertype) {
    case LX_LINK_SLOW:
        return group & LX_LINK_GROUP_SLOW;
    case LX_LINK_8021X:
    case LX_LINK_LLDP:
        return group & LX_LINK_GROUP_ANY_BRIDGE;
    default:
        break;
    }
    if (packet->ethertype > LX_LINK_LLC)
        return false;
    if (group & (LX_LINK_GROUP_BRIDGE | LX_LINK_GROUP_PROVIDER))
        return lx_is_bpdu(cursor);
    return built_ins & LX_BUILT_IN_WIRE && lx_is_cisco_control(cursor, destination);
}

lx_inline __u32 lx_judge_link_control(const struct lx_cursor *cursor, const struct lx_packet *packet, __u32 built_ins)
{
    if (!lx_is_link_control(cursor, packet, built_ins))
        return LX_REASON_ETHERTYPE;
    return built_ins & LX_BUILT_IN_L2_CONTROL ? LX_REASON_L2_CONTROL : LX_REASON_BUILT_IN_OFF;
}

#endif
