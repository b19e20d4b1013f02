/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a role behind an interface may not claim towards the network that others share with it: an address that is not
 * its own, in ARP and neighbour discovery; to be a router, a DHCP server or a switch. Built-in cases all of them, which
 * pass on the role's own host, where nobody but the role itself would answer for them.
 */
#ifndef LYNCXDP_OWN_NAME_H
#define LYNCXDP_OWN_NAME_H

#include "built_in.h"
#include "classify.h"

/* The link-local address that a card's MAC address makes (RFC 4291, appendix A), by which no other card is known. */
lx_inline bool lx_made_of_card(const __u32 address[4], const __u8 mac[ETH_ALEN])
{
    return address[0] == LX_BE32(0xfe800000) && !address[1] &&
           address[2] == LX_BE32((__u32)(mac[0] ^ 2) << 24 | mac[1] << 16 | mac[2] << 8 | 0xff) &&
           address[3] == LX_BE32(0xfe000000 | mac[3] << 16 | mac[4] << 8 | mac[5]);
}

/* Whether an address is the role's. Where nobody has said which are, all may be. */
lx_inline bool lx_is_own_name(const struct lx_view *view, const __u32 address[4], bool ipv4)
{
    return !view->image->protects || lx_address_class(view, &view->image->protected, address, ipv4);
}

/* By its sender; of who has no address yet, and asks whether somebody has the one that it is about to take, by that. */
lx_inline bool lx_arp_is_own(const struct lx_view *view, const struct lx_cursor *cursor)
{
    const struct lx_arp *arp = lx_peek(cursor, sizeof(*arp));
    __u32 claimed[4] = {0};

    if (!arp)
        return false;
    __builtin_memcpy(&claimed[3], arp->addresses + 6, 4);
    if (!claimed[3])
        __builtin_memcpy(&claimed[3], arp->addresses + 16, 4);
    return lx_is_own_name(view, claimed, true);
}

/*
 * By the source, from which neighbours learn, and by the target where that is what is claimed: of an advertisement, and
 * of a solicitation from ::, which asks whether somebody has it. The cursor stands at the IPv6 header, and no extension
 * header follows.
 */
lx_inline bool lx_discovery_is_own(const struct lx_view *view, const struct lx_cursor *cursor, bool solicits_router)
{
    const __u8 *mac = cursor->start + ETH_ALEN, *ip = lx_peek(cursor, sizeof(struct ipv6hdr)), *icmp, *target;
    struct lx_cursor inside = *cursor;
    __u32 source[4], claimed[4];

    if (!ip || cursor->start + sizeof(struct ethhdr) > cursor->end)
        return false;
    __builtin_memcpy(source, ip + offsetof(struct ipv6hdr, saddr), sizeof(source));
    if (!lx_unspecified(source, false) && !lx_made_of_card(source, mac) && !lx_is_own_name(view, source, false))
        return false;
    if (solicits_router)
        return true;
    lx_take(&inside, sizeof(struct ipv6hdr));
    icmp = lx_take(&inside, sizeof(struct lx_icmp));
    target = lx_take(&inside, sizeof(claimed));
    if (!icmp || !target)
        return false;
    __builtin_memcpy(claimed, target, sizeof(claimed));
    return (icmp[0] == LX_ICMP6_NEIGHBOUR_SOLICITATION && !lx_unspecified(source, false)) ||
           lx_made_of_card(claimed, mac) || lx_is_own_name(view, claimed, false);
}

/* Holds what the role sends to its own name, once its headers were read for a reason. The cursor stands behind the
 * tags. */
lx_inline __u32 lx_hold_to_name(const struct lx_view *view, const struct lx_cursor *cursor, __u32 reason)
{
    bool own = false;

    if (!(view->image->built_ins & LX_BUILT_IN_BEHIND))
        return reason;
    switch (reason) {
    case LX_REASON_ARP:
        own = lx_arp_is_own(view, cursor);
        break;
    case LX_REASON_NEIGHBOUR_DISCOVERY:
    case LX_REASON_ROUTER_SOLICITATION:
        own = lx_discovery_is_own(view, cursor, reason == LX_REASON_ROUTER_SOLICITATION);
        break;
    case LX_REASON_ROUTER_ADVERTISEMENT:
    case LX_REASON_L2_CONTROL:
        break;
    default:
        return reason;
    }
    return own ? reason : LX_REASON_NOT_FROM_ROLE;
}

/* The same of DHCP, which is known by its ports alone: the role may ask, it may not answer. */
lx_inline __u32 lx_hold_to_asking(const struct lx_view *view, const struct lx_packet *packet, __u32 judgement)
{
    if (judgement != LX_JUDGED(LX_REASON_DHCP) || !(view->image->built_ins & LX_BUILT_IN_BEHIND))
        return judgement;
    return packet->tuple.source_port == (packet->ethertype == ETH_P_IP ? 67 : 547) ? LX_JUDGED(LX_REASON_NOT_FROM_ROLE)
                                                                                   : judgement;
}

#endif
