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

struct lx_judgement {
    __u32 reason; /* enum lx_reason; lx_reason_verdict() tells pass or drop */
    __u32 row;    /* slot of the row that is credited, or LX_NO_ROW */
};

/* VLAN ids that the site lists; a frame without a tag, or with a priority tag alone, counts as id 0. */
lx_inline bool lx_vlan_listed(const struct lx_view *view, __u16 vlan)
{
    const __u8 *byte = lx_at(view, view->image->vlans + (vlan >> 3));
    return *byte >> (vlan & 7) & 1;
}

lx_inline __u32 lx_check_vlans(const struct lx_view *view, const struct lx_packet *packet)
{
    bool listed = true;

    if (lx_likely(!view->image->vlans))
        return LX_UNDECIDED;
    if (!packet->vlan[0] && !packet->vlan[1])
        listed = lx_vlan_listed(view, 0);
    if (packet->vlan[0])
        listed = lx_vlan_listed(view, packet->vlan[0]);
    if (packet->vlan[1])
        listed = listed && lx_vlan_listed(view, packet->vlan[1]);
    return listed ? LX_UNDECIDED : LX_REASON_VLAN;
}

/*
 * The first half: reads a frame. Returns LX_UNDECIDED for TCP and UDP whose ports were read, which lx_judge_ports then
 * judges; for anything else its reason. `packet` must be zeroed; it is filled as far as the frame could be read.
 */
lx_inline __u32 lx_read_frame(const struct lx_view *view, const struct lx_frame *frame, struct lx_packet *packet)
{
    struct lx_cursor cursor = {.start = frame->data, .position = frame->data, .end = frame->end, .offset = 0};
    __u32 built_ins = view->image->built_ins;
    __u32 reason = lx_parse_ethernet(&cursor, packet);

    if (reason != LX_UNDECIDED)
        return reason;
    reason = lx_check_vlans(view, packet);
    if (reason != LX_UNDECIDED)
        return reason;
    if (packet->ethertype != ETH_P_IP && packet->ethertype != ETH_P_IPV6)
        return packet->ethertype == ETH_P_ARP ? lx_judge_arp(&cursor, built_ins) : LX_REASON_ETHERTYPE;
    reason = lx_parse_ip(&cursor, frame->length, built_ins, packet);
    if (reason != LX_UNDECIDED)
        return reason;
    return packet->has_ports ? LX_UNDECIDED : lx_judge_icmp(&cursor, packet, built_ins);
}

/* The second half: judges TCP and UDP, by what no honest stack sends and then by the rows of the policy. */
lx_inline struct lx_judgement lx_judge_ports(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    struct lx_judgement judgement = {.reason = lx_check_transport(packet), .row = LX_NO_ROW};

    if (judgement.reason != LX_UNDECIDED)
        return judgement;
    if (packet->transport == LX_UDP) {
        judgement.reason = lx_judge_dhcp(packet, view->image->built_ins);
        if (judgement.reason != LX_UNDECIDED)
            return judgement;
    }
    judgement.reason = lx_check_addresses(packet);
    if (judgement.reason != LX_UNDECIDED)
        return judgement;
    judgement.reason = LX_REASON_NO_ROW;
    judgement.row = lx_classify(view, &view->image->inbound, &packet->tuple, packet->transport, ipv4);
    if (judgement.row == LX_NO_ROW)
        return judgement;
    judgement.reason = LX_REASON_ROW;
    if (lx_address_class(view, &view->image->protected, packet->tuple.source, ipv4)) {
        judgement.reason = LX_REASON_SPOOFED;
        judgement.row = LX_NO_ROW;
    }
    return judgement;
}

/* Both halves: judges a frame on its way to the role. */
lx_inline struct lx_judgement lx_judge_to_role(const struct lx_view *view, const struct lx_frame *frame,
                                               struct lx_packet *packet)
{
    struct lx_judgement judgement = {.reason = lx_read_frame(view, frame, packet), .row = LX_NO_ROW};

    if (judgement.reason != LX_UNDECIDED)
        return judgement;
    return lx_judge_ports(view, packet, packet->ethertype == ETH_P_IP);
}

#endif
