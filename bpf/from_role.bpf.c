/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tc program of the from-role hook: what the role sends, seen at the egress of its own host. On an inline pair that
 * the kernel bridges or routes, it stands at the outer NIC for the box's own packets, which never cross the inner one.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "from_role.h"
#include "sample.h"

/* The most of a packet that is pulled into its linear part: Ethernet, two tags, IPv6 and room for extension headers. */
#define LX_HEADERS 256

lx_inline struct lx_frame lx_frame_of(struct __sk_buff *skb)
{
    return (struct lx_frame){
        .data = (const __u8 *)(long)skb->data,
        .end = (const __u8 *)(long)skb->data_end,
        .length = skb->len,
        .vlan = skb->vlan_present ? LX_VLAN_STRIPPED | (skb->vlan_tci & 0xfff) : 0,
    };
}

/* What a packet counts for: a segmentation-offload packet stands for several, and its tag may be out of sight. */
lx_inline __u32 lx_skb_packets(const struct __sk_buff *skb)
{
    __u32 segments = skb->gso_segs;

    return segments ? segments : 1;
}

lx_inline __u32 lx_skb_bytes(const struct __sk_buff *skb)
{
    return skb->len + (skb->vlan_present ? 4 : 0);
}

lx_inline __u32 lx_skb_length(const struct __sk_buff *skb)
{
    return skb->len;
}

/* Counts a judgement, and turns it into what the program returns. `service` is LX_NO_SERVICE where none was read. */
lx_inline int lx_conclude(struct __sk_buff *skb, __u32 judgement, __u64 service, bool would)
{
    struct lx_cpu_counters *mine;
    __u32 cpu;

    if (twin)
        return judgement;
    mine = lx_my_counters(&cpu);
    if (mine)
        lx_count(mine, cpu, judgement, service, lx_skb_packets(skb), lx_skb_bytes(skb), would);
    return would || lx_reason_verdict(judgement & 0xffff) == LX_PASS ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* What is inside the VLAN tags, which take `offset` bytes together with the Ethernet header. */
lx_apart __u32 lx_read_inside_skb(struct __sk_buff *skb, __u32 offset, __u32 built_ins, struct lx_packet *packet)
{
    struct lx_frame frame = lx_frame_of(skb);
    struct lx_cursor cursor = lx_cursor(&frame);

    if (!packet)
        return LX_REASON_SHORT_FRAME;
    cursor.offset = offset;
    lx_settle(&cursor);
    return lx_read_network(&cursor, frame.length, built_ins, packet);
}

/* Any frame, with all that it may need. With an opinion to give it answers by that, and does nothing else. */
lx_apart int lx_any_from_role(struct __sk_buff *skb, struct lx_opinion *opinion)
{
    __u32 judgement = LX_JUDGED(LX_REASON_NO_POLICY), reason;
    __u64 service = LX_NO_SERVICE;
    struct lx_packet *packet = lx_scratch_packet();
    bool records = !twin && !opinion;
    struct lx_cursor cursor;
    struct lx_frame frame;
    struct lx_view view;
    bool would = false;

    /* Only the Ethernet header is sure to be linear here. */
    if ((void *)(long)skb->data + LX_HEADERS > (void *)(long)skb->data_end)
        bpf_skb_pull_data(skb, skb->len < LX_HEADERS ? skb->len : LX_HEADERS);
    frame = lx_frame_of(skb);
    cursor = lx_cursor(&frame);
    if (!packet)
        return TC_ACT_SHOT;
    __builtin_memset(packet, 0, sizeof(*packet));
    if (lx_image_of(lx_slot_asked(opinion), &view)) {
        view.any_source = paired;
        /* This hook does not exist to a policy of `--egress off`; the program waits for an update that needs it. */
        if (view.image->egress == LX_EGRESS_OFF && !opinion)
            return TC_ACT_UNSPEC;
        would = lx_is_lenient(&view, LX_HOOK_FROM_ROLE) || view.image->egress == LX_EGRESS_OFF;
        reason = lx_read_link(&view, &cursor, packet, frame.vlan);
        if (reason == LX_UNDECIDED)
            reason = lx_read_inside_skb(skb, cursor.offset, view.image->built_ins, packet);
        judgement = lx_judge_any_sent(&view, packet, reason, records, &service);
    }
    if (opinion)
        return lx_answer(opinion, judgement, service, would);
    return lx_conclude(skb, judgement, service, would);
}

/* An ordinary frame, judged, remembered and counted; false when it is none. */
lx_inline bool lx_ordinary_from_role(struct __sk_buff *skb, bool ipv4, int *verdict)
{
    struct lx_frame frame = lx_frame_of(skb);
    __u32 judgement;
    __u64 service;
    struct lx_packet packet;
    struct lx_view view;
    bool would;

    /* The image before the rest, so that little need be kept while it is looked up. */
    if (frame.vlan || !lx_ordinary_link(&frame, ipv4) || !lx_image_in_force(&view) || view.image->vlans ||
        view.image->egress == LX_EGRESS_OFF || !lx_ordinary(&frame, &packet, ipv4))
        return false;
    view.any_source = paired; /* the box of a pair is not behind the role */
    judgement = lx_judge_sent_ordinary(&view, &packet, ipv4);
    if (lx_unlikely(judgement == LX_UNDECIDED))
        return false;
    would = lx_is_lenient(&view, LX_HOOK_FROM_ROLE);
    service = lx_sent_service(lx_service_of(&packet), &packet);
    /* The same thing twice: what is known of the first makes its code short. */
    if (lx_likely((judgement & 0xffff) == LX_REASON_MIRROR))
        *verdict = lx_conclude(skb, LX_JUDGEMENT(LX_REASON_MIRROR, judgement >> 16), service, would);
    else
        *verdict = lx_conclude(skb, judgement, service, would);
    return true;
}

/* IPv6 apart, so that the verifier follows either family on its own. LX_UNDECIDED for false. */
lx_apart int lx_ordinary6_from_role(struct __sk_buff *skb)
{
    int verdict = LX_UNDECIDED;

    lx_ordinary_from_role(skb, false, &verdict);
    return verdict;
}

#define LX_PROGRAM from_role
#define LX_WATCHED LX_HOOK_FROM_ROLE
#define LX_CONTEXT struct __sk_buff
#define LX_ACCESS skb
#include "watched.h"

SEC("tc")
int lyncxdp_from_role(struct __sk_buff *skb)
{
    int verdict;

    /* What came in by another interface is not the box's; what of it the role sent was judged at the inner NIC. */
    if (!twin && paired && skb->ingress_ifindex)
        return TC_ACT_UNSPEC;
    if (!lx_ordinary_from_role(skb, true, &verdict)) {
        verdict = lx_ordinary6_from_role(skb);
        if (verdict == LX_UNDECIDED)
            verdict = lx_any_from_role(skb, NULL);
    }
    lx_watch_from_role(skb, verdict != TC_ACT_SHOT);
    return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
