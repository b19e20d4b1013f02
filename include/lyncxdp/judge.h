/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The data plane as one pure function: a frame and an image in, a reason and a row out. The BPF programs, the tests,
 * the fuzzers and `explain` all call this; there is no second implementation.
 */
#ifndef LYNCXDP_JUDGE_H
#define LYNCXDP_JUDGE_H

#include "built_in.h"
#include "classify.h"
#include "martian.h"
#include "packet.h"

/* VLAN ids that the site lists; a frame without a tag, or with a priority tag alone, counts as id 0. */
lx_inline bool lx_vlan_listed(const struct lx_view *view, __u16 vlan)
{
    const __u8 *byte = lx_at(view, view->image->vlans + (vlan >> 3));
    return *byte >> (vlan & 7) & 1;
}

lx_inline __u32 lx_check_vlans(const struct lx_view *view, const __u16 ids[LX_MAX_VLAN_TAGS])
{
    bool listed;

    if (lx_likely(!view->image->vlans))
        return LX_UNDECIDED;
    if (!ids[0] && !ids[1])
        listed = lx_vlan_listed(view, 0);
    else
        listed = (!ids[0] || lx_vlan_listed(view, ids[0])) && (!ids[1] || lx_vlan_listed(view, ids[1]));
    return listed ? LX_UNDECIDED : LX_REASON_VLAN;
}

/* Ethernet and VLAN tags. Leaves the cursor at what is inside, and its ethertype in `packet`. */
lx_inline __u32 lx_read_link(const struct lx_view *view, struct lx_cursor *cursor, struct lx_packet *packet)
{
    __u16 ids[LX_MAX_VLAN_TAGS] = {0}, type;
    __u32 reason = lx_parse_ethernet(cursor, packet, &type);

    if (reason != LX_UNDECIDED)
        return reason;
    if (lx_unlikely(lx_is_vlan_tag(type))) {
        reason = lx_parse_vlan_tags(cursor, &type, ids);
        if (reason != LX_UNDECIDED)
            return reason;
        lx_settle(cursor);
    }
    packet->ethertype = LX_BE16(type);
    return lx_check_vlans(view, ids);
}

/* An IP header and its transport's. LX_UNDECIDED leaves TCP or UDP with its ports read; ICMP is judged on the spot. */
lx_inline __u32 lx_read_ip(const struct lx_view *view, struct lx_cursor *cursor, __u32 frame_length,
                           struct lx_packet *packet, bool ipv4)
{
    __u32 built_ins = view->image->built_ins;
    __u32 reason =
        ipv4 ? lx_parse_ipv4(cursor, frame_length, built_ins, packet) : lx_parse_ipv6(cursor, frame_length, packet);

    if (reason != LX_UNDECIDED)
        return reason;
    lx_settle(cursor);
    if (lx_is_ported(packet))
        return lx_parse_ports(cursor, packet);
    return lx_is_icmp(packet, ipv4) ? lx_judge_icmp(cursor, packet, built_ins) : LX_REASON_TRANSPORT;
}

/*
 * Judges TCP and UDP whose ports were read: by what no honest stack sends, then by the rows of the policy. Returns a
 * packed judgement (abi.h).
 */
lx_inline __u32 lx_judge_ports(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 reason = lx_check_transport(packet), row;

    if (reason != LX_UNDECIDED)
        return LX_JUDGED(reason);
    if (packet->transport == LX_UDP) {
        reason = lx_judge_dhcp(packet, view->image->built_ins, ipv4);
        if (reason != LX_UNDECIDED)
            return LX_JUDGED(reason);
    }
    reason = lx_check_addresses(packet, ipv4);
    if (reason != LX_UNDECIDED)
        return LX_JUDGED(reason);
    row = lx_classify(view, &view->image->inbound, &packet->tuple, packet->transport, ipv4);
    if (row == LX_NO_ROW)
        return LX_JUDGED(LX_REASON_NO_ROW);
    if (lx_address_class(view, &view->image->protected, packet->tuple.source, ipv4))
        return LX_JUDGED(LX_REASON_SPOOFED);
    return LX_JUDGEMENT(LX_REASON_ROW, row);
}

/*
 * The first half of judging a frame on its way to the role: its headers. LX_UNDECIDED leaves TCP or UDP with its ports
 * in `packet`, for lx_judge_ports to judge; anything else is decided.
 */
lx_inline __u32 lx_read_frame(const struct lx_view *view, const struct lx_frame *frame, struct lx_packet *packet)
{
    struct lx_cursor cursor = {.start = frame->data, .position = frame->data, .end = frame->end, .offset = 0};
    __u32 reason = lx_read_link(view, &cursor, packet);

    if (reason != LX_UNDECIDED)
        return reason;
    if (lx_likely(packet->ethertype == ETH_P_IP))
        return lx_read_ip(view, &cursor, frame->length, packet, true);
    if (packet->ethertype == ETH_P_IPV6)
        return lx_read_ip(view, &cursor, frame->length, packet, false);
    return packet->ethertype == ETH_P_ARP ? lx_judge_arp(&cursor, view->image->built_ins) : LX_REASON_ETHERTYPE;
}

/* Both halves. */
lx_inline struct lx_judgement lx_judge_to_role(const struct lx_view *view, const struct lx_frame *frame,
                                               struct lx_packet *packet)
{
    __u32 reason = lx_read_frame(view, frame, packet);

    if (reason != LX_UNDECIDED)
        return lx_judgement_unpack(LX_JUDGED(reason));
    return lx_judgement_unpack(lx_judge_ports(view, packet, packet->ethertype == ETH_P_IP));
}

#endif
