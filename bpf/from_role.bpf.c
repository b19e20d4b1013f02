/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs of the from-role hook: what the role sends, seen at tc egress on the role's own host. Answers to inbound
 * rows pass, outbound rows pass and are remembered as flows; what no row lists is dropped, or under `--egress track`
 * recorded and counted as what would have been dropped.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "state.h"

/* The most of a packet that is pulled into its linear part: Ethernet, two tags, IPv6 and room for extension headers. */
#define LX_HEADERS 256

/* The second half of a judgement, with what is remembered. */
lx_inline __u32 lx_judge(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                         struct lx_cpu_counters *mine)
{
    __u32 judgement = lx_judge_from_role(view, packet, ipv4);
    __u32 reason = judgement & 0xffff;

    if (packet->kind == LX_KIND_FRAGMENT)
        return lx_ask_fragment(packet, LX_HOOK_FROM_ROLE, ipv4);
    if (reason == LX_REASON_ICMP_ERROR_UNRELATED && lx_flow_known(packet, ipv4)) {
        judgement = LX_JUDGED(LX_REASON_ICMP_ERROR);
        reason = LX_REASON_ICMP_ERROR;
    }
    if (twin)
        return judgement;
    if (lx_begins_flow(view, packet, reason))
        lx_record_flow(view, packet, ipv4, judgement >> 16, mine);
    if (packet->first_fragment && (lx_reason_verdict(reason) == LX_PASS || view->image->egress == LX_EGRESS_TRACK))
        lx_record_fragment(packet, LX_HOOK_FROM_ROLE, ipv4);
    return judgement;
}

SEC("tc")
int lyncxdp_from_role(struct __sk_buff *skb)
{
    __u32 bytes = skb->len, packets = skb->gso_segs, reason = LX_REASON_NO_POLICY, judgement, cpu;
    struct lx_cpu_counters *mine;
    struct lx_packet packet;
    struct lx_frame frame;
    struct lx_view view;
    bool would;

    /* Only the Ethernet header is sure to be linear here. */
    if ((void *)(long)skb->data + LX_HEADERS > (void *)(long)skb->data_end)
        bpf_skb_pull_data(skb, bytes < LX_HEADERS ? bytes : LX_HEADERS);
    frame = (struct lx_frame){
        .data = (const __u8 *)(long)skb->data,
        .end = (const __u8 *)(long)skb->data_end,
        .length = bytes,
        .vlan = skb->vlan_present ? LX_VLAN_STRIPPED | (skb->vlan_tci & 0xfff) : 0,
    };
    if (frame.vlan)
        bytes += 4;
    if (!packets)
        packets = 1;
    mine = lx_my_counters(&cpu);
    if (lx_image_in_force(&view)) {
        /* This hook does not exist to a policy of `--egress off`; the program waits for an update that needs it. */
        if (view.image->egress == LX_EGRESS_OFF)
            return TC_ACT_UNSPEC;
        would = lx_is_lenient(&view, LX_HOOK_FROM_ROLE);
        reason = lx_read_frame(&view, &frame, &packet);
    } else {
        would = false;
    }
    if (reason != LX_UNDECIDED) {
        if (twin)
            return LX_JUDGED(reason);
        if (mine)
            lx_count_early(mine, reason, packets, bytes, would);
        return would || lx_reason_verdict(reason) == LX_PASS ? TC_ACT_UNSPEC : TC_ACT_SHOT;
    }
    lx_blur(&packet);
    judgement = lx_judge(&view, &packet, packet.ethertype == ETH_P_IP, mine);
    if (twin)
        return judgement;
    if (mine)
        lx_count(mine, cpu, judgement, &packet, packets, bytes, would);
    return would || lx_reason_verdict(judgement & 0xffff) == LX_PASS ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
