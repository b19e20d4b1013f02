/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an attachment remembers between packets: flows that the role began, and datagrams that came in fragments. */
#ifndef LYNCXDP_BPF_STATE_H
#define LYNCXDP_BPF_STATE_H

#include "count.h"

/* The flow in the table, or NULL. `key` receives its key either way. */
lx_inline struct lx_flow *lx_find_flow(const struct lx_packet_flow *wanted, __u64 *key)
{
    struct lx_flow *flow;

    *key = lx_flow_key(wanted, flow_gate.key);
    flow = bpf_map_lookup_elem(&flows, key);
    return flow && lx_is_flow(flow, wanted) ? flow : NULL;
}

/* The flow that a packet on its way to the role may be the reply of, or NULL. */
lx_inline struct lx_flow *lx_flow_answered(const struct lx_packet *packet, bool ipv4)
{
    struct lx_packet_flow wanted = lx_flow_of(packet, false, ipv4);
    __u64 key;

    return lx_find_flow(&wanted, &key);
}

/*
 * A packet on its way to the role that no row allows: passes as the reply to a live flow. `records` keeps with the flow
 * what this image says of it.
 */
lx_inline __u32 lx_ask_flow(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                            struct lx_policy_match match, __u32 judgement, bool records)
{
    struct lx_flow *flow;

    if (!lx_gate_open(&flow_gate, (__u32)packet->transport << 16 | packet->tuple.destination_port))
        return judgement;
    flow = lx_flow_answered(packet, ipv4);
    if (!flow)
        return judgement;
    judgement = lx_judge_reply(view, packet, flow, bpf_ktime_get_coarse_ns(), match.answered,
                               lx_judgement_reason(judgement), records);
    return lx_unless_spoofed(judgement, match.spoofed);
}

/*
 * The same for an ordinary packet. A flow that another image judged last must be judged anew, which is left to the
 * program's other half: LX_UNDECIDED.
 */
lx_inline __u32 lx_ask_known_flow(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    struct lx_flow *flow;
    __u32 judgement;

    flow = lx_flow_answered(packet, ipv4);
    if (!flow)
        return LX_JUDGED(LX_REASON_NO_ROW);
    if (flow->generation != view->image->generation)
        return LX_UNDECIDED;
    judgement = lx_judge_known_reply(view, packet, flow, bpf_ktime_get_coarse_ns(), LX_REASON_NO_ROW);
    return lx_unless_spoofed(judgement, lx_is_protected(view, packet->sender, ipv4));
}

/* An ICMP error of the role about a reply that a flow let in. */
lx_noinline int lx_flow_known(const struct lx_packet *packet, bool ipv4)
{
    struct lx_packet_flow sent;
    struct lx_flow *flow;
    __u64 key;

    if (!packet)
        return false;
    sent = lx_flow_of(packet, true, ipv4);
    flow = lx_find_flow(&sent, &key);
    return flow && !lx_flow_expired(flow, bpf_ktime_get_coarse_ns());
}

/*
 * Records the flow of a packet that the role sends, or refreshes it, at most once a second. `generation` is that of the
 * image that judged it. Returns false when it could not: another flow may have its place (lx_make_room).
 */
lx_inline bool lx_record_flow(const struct lx_packet *packet, bool ipv4, __u32 row, __u32 generation)
{
    __u64 now = bpf_ktime_get_coarse_ns();
    struct lx_packet_flow sent = lx_flow_of(packet, true, ipv4);
    struct lx_flow *flow, fresh;
    __u64 key;
    bool live;

    flow = lx_find_flow(&sent, &key);
    live = flow && !lx_flow_expired(flow, now);
    if (!lx_keeps_flow(&flow_gate, packet, live, row, now))
        return true;
    if (flow) {
        lx_flow_refresh(packet, flow, now, row, generation, live);
        return true;
    }
    lx_flow_begin(packet, &fresh, now, row, generation);
    lx_flow_ends(&sent, &fresh.ends);
    lx_open_gate(&flow_gate, (__u32)packet->transport << 16 | packet->tuple.source_port);
    if (bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST))
        return false;
    lx_count_flow();
    return true;
}

lx_noinline int lx_record_flow_noinline(const struct lx_packet *packet, bool ipv4, __u32 row, __u32 generation)
{
    return !packet || lx_record_flow(packet, ipv4, row, generation);
}

/*
 * Takes out the flow that stands where a packet's own would: both have one key, and what is there counts no more. A
 * function of its own beside the other, not in it, for the stack's sake.
 */
lx_noinline int lx_make_room(const struct lx_packet *packet, bool ipv4)
{
    struct lx_packet_flow sent;
    struct lx_flow *known;
    struct lx_view view;
    __u64 key;

    if (!packet)
        return false;
    sent = lx_flow_of(packet, true, ipv4);
    key = lx_flow_key(&sent, flow_gate.key);
    known = bpf_map_lookup_elem(&flows, &key);
    if (!known || !lx_image_in_force(&view))
        return false;
    if (!lx_flow_expired(known, bpf_ktime_get_coarse_ns()) && lx_is_honoured(&view, known))
        return false;
    bpf_map_delete_elem(&flows, &key);
    return true;
}

/*
 * Remembers a datagram whose first fragment passed. Not an ICMP error: it is short enough for every path, and its
 * addresses have given way to those of the packet that it quotes.
 */
lx_noinline int lx_record_fragment(const struct lx_packet *packet, enum lx_hook hook, bool ipv4)
{
    struct lx_fragmented datagram;
    struct lx_fragment_key key;

    if (!packet || packet->kind == LX_KIND_ICMP_ERROR)
        return 0;
    datagram = lx_fragmented_of(packet, bpf_ktime_get_coarse_ns());
    lx_fragment_key(packet, hook, ipv4, &key);
    return bpf_map_update_elem(&fragments, &key, &datagram, BPF_ANY);
}

/* A later fragment: passes when the first one of its datagram did. */
lx_noinline __u32 lx_ask_fragment(const struct lx_packet *packet, enum lx_hook hook, bool ipv4)
{
    const struct lx_fragmented *datagram;
    struct lx_fragment_key key;

    if (!packet)
        return LX_JUDGED(LX_REASON_FRAGMENT);
    lx_fragment_key(packet, hook, ipv4, &key);
    datagram = bpf_map_lookup_elem(&fragments, &key);
    if (!datagram)
        return LX_JUDGED(LX_REASON_FRAGMENT);
    return LX_JUDGED(lx_follow_fragment(packet, datagram, bpf_ktime_get_coarse_ns()));
}

#endif
