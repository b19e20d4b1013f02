/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What of a frame is asked before the policy: whether its VLAN is one that is let in, and whether it is any business of
 * the filter at all. Of a trunk that may be one VLAN. What a site bypasses, neighbours behind the same pair, passes
 * unjudged, whatever it is, but for Ethernet itself and for sources that are the role's.
 */
#ifndef LYNCXDP_BYPASS_H
#define LYNCXDP_BYPASS_H

#include "classify.h"
#include "link_control.h"

/* What lx_check_scope may answer beside LX_UNDECIDED and a reason; lx_judge_bypass then says what becomes of it. */
#define LX_MAYBE_BYPASSED (LX_UNDECIDED + 1) /* by its addresses */
#define LX_VLAN_BYPASSED (LX_UNDECIDED + 2)

lx_inline bool lx_vlan_in(const struct lx_view *view, __u32 bitmap, __u16 vlan)
{
    const __u8 *byte = lx_at(view, view->image->scope + bitmap + (vlan >> 3));

    return *byte >> (vlan & 7) & 1;
}

/* Whether all VLANs of a frame's tags are in a bitmap; a priority tag names none. */
lx_inline bool lx_vlans_in(const struct lx_view *view, __u32 bitmap, const __u16 ids[LX_MAX_VLAN_TAGS])
{
    return (!ids[0] || lx_vlan_in(view, bitmap, ids[0])) && (!ids[1] || lx_vlan_in(view, bitmap, ids[1]));
}

/* The cursor stands behind the tags. */
lx_inline __u32 lx_check_scope(const struct lx_view *view, const struct lx_cursor *cursor,
                               const struct lx_packet *packet, const __u16 ids[LX_MAX_VLAN_TAGS])
{
    bool tagged = ids[0] || ids[1], listed;

    if (lx_likely(!view->image->scope))
        return LX_UNDECIDED;
    if (tagged && lx_vlans_in(view, offsetof(struct lx_scope, bypassed), ids))
        return LX_VLAN_BYPASSED;
    /* Outside of all VLANs there is still the link, and what it needs is no business of a list of VLANs. */
    if (!tagged)
        listed = lx_vlan_in(view, offsetof(struct lx_scope, judged), 0) ||
                 lx_is_link_control(cursor, packet, view->image->built_ins);
    else
        listed = lx_vlans_in(view, offsetof(struct lx_scope, judged), ids);
    if (!listed)
        return LX_REASON_VLAN;
    return *(const __u32 *)lx_at(view, view->image->scope + offsetof(struct lx_scope, bypasses)) ? LX_MAYBE_BYPASSED
                                                                                                 : LX_UNDECIDED;
}

/* The two ends of a packet, before anything of it is judged. */
struct lx_ends {
    __u32 source[4] __attribute__((aligned(8)));
    __u32 destination[4] __attribute__((aligned(8)));
};

/* Reads them where the cursor stands. False when the header is not there. */
lx_inline bool lx_read_ends(const struct lx_cursor *cursor, bool ipv4, struct lx_ends *ends)
{
    const struct ipv6hdr *ip6;
    const struct iphdr *ip4;

    if (ipv4) {
        ip4 = lx_peek(cursor, sizeof(*ip4));
        if (!ip4)
            return false;
        ends->source[3] = ip4->saddr;
        ends->destination[3] = ip4->daddr;
        return true;
    }
    ip6 = lx_peek(cursor, sizeof(*ip6));
    if (!ip6)
        return false;
    __builtin_memcpy(ends->source, &ip6->saddr, sizeof(ends->source));
    __builtin_memcpy(ends->destination, &ip6->daddr, sizeof(ends->destination));
    return true;
}

/* Whether the site bypasses an address, behind this MAC address. */
lx_inline bool lx_is_neighbour(const struct lx_view *view, const __u32 address[4], bool ipv4, const __u16 mac[3])
{
    __u32 scope = view->image->scope, cards;
    __u32 class = lx_address_class(view, lx_at(view, scope + offsetof(struct lx_scope, neighbours)), address, ipv4);
    const struct lx_cards *bound;
    __u32 same = 0;

    if (class < LX_NEIGHBOUR_BOUND)
        return class == LX_NEIGHBOUR_ANY_CARD;
    cards = *(const __u32 *)lx_at(view, scope + offsetof(struct lx_scope, cards));
    bound = lx_at(view, cards + (class - LX_NEIGHBOUR_BOUND) * sizeof(*bound));
    for (int i = 0; i < LX_NEIGHBOUR_CARDS; i++)
        same |= lx_is_zero4((__u32)(bound->card[i][0] ^ mac[0]) | (bound->card[i][1] ^ mac[1]) |
                            (bound->card[i][2] ^ mac[2]));
    return same;
}

/*
 * Where one VLAN of a trunk is filtered: whether a frame is of it. The outer tag says whose it is, but a priority tag
 * says nothing: kernels take it off and go by the one behind it. The tags are read again, since few frames need this.
 */
lx_inline __u32 lx_judge_trunk(const struct lx_view *view, __u32 vlan, const struct lx_cursor *cursor, __u32 stripped)
{
    struct lx_cursor again = {.start = cursor->start, .position = cursor->start, .end = cursor->end};
    __u16 ids[LX_MAX_VLAN_TAGS] = {stripped & 0xfff}, type, inside;
    const struct ethhdr *ethernet = lx_take(&again, sizeof(*ethernet));
    __u32 reason;

    if (!ethernet)
        return LX_REASON_SHORT_FRAME;
    type = ethernet->h_proto;
    reason = lx_parse_vlan_tags(&again, &type, stripped ? 1 : 0, ids);
    if (reason != LX_UNDECIDED)
        return reason;
    if (vlan != (ids[0] ? ids[0] : ids[1]))
        return LX_REASON_OTHER_VLAN;
    inside = ids[0] ? ids[1] : 0;
    return inside && !lx_vlan_in(view, offsetof(struct lx_scope, inside), inside) ? LX_REASON_VLAN : LX_UNDECIDED;
}

/*
 * What becomes of a frame that may be bypassed; LX_UNDECIDED: it is judged like any other. A neighbour's is known by
 * its destination on the way to the role, by its source from there. The cursor stands behind the tags.
 */
lx_inline __u32 lx_judge_bypass(const struct lx_view *view, enum lx_hook hook, const struct lx_cursor *cursor,
                                __u32 stripped, __u16 ethertype, bool by_vlan)
{
    const __u32 vlan = *(const __u32 *)lx_at(view, view->image->scope + offsetof(struct lx_scope, vlan));
    const __u32 otherwise = by_vlan ? LX_REASON_BYPASS : LX_UNDECIDED;
    bool ipv4 = ethertype == ETH_P_IP, to_role = hook == LX_HOOK_TO_ROLE;
    struct lx_ends ends = {{0}, {0}};
    const __u16 *macs = (const __u16 *)cursor->start;

    if (vlan)
        return lx_judge_trunk(view, vlan, cursor, stripped);
    if (cursor->start + sizeof(struct ethhdr) > cursor->end || (!ipv4 && ethertype != ETH_P_IPV6) ||
        !lx_read_ends(cursor, ipv4, &ends))
        return otherwise;
    if (!by_vlan && !lx_is_neighbour(view, to_role ? ends.destination : ends.source, ipv4, to_role ? macs : macs + 3))
        return LX_UNDECIDED;
    return to_role && lx_address_class(view, &view->image->protected, ends.source, ipv4) ? LX_REASON_SPOOFED
                                                                                         : LX_REASON_BYPASS;
}

#endif
