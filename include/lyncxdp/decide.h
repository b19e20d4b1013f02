/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a packet: the policy is asked (judge.h), and then what is remembered, flows that the role began and
 * datagrams that came in fragments. The one place where these steps follow each other, for the programs and for
 * `explain` alike.
 */
#ifndef LYNCXDP_DECIDE_H
#define LYNCXDP_DECIDE_H

#include "judge.h"

/*
 * The state. Whoever includes this defines these functions behind it: the programs over their maps, `explain` over
 * trees. Which state is meant goes by the packet, for those that have several.
 */
lx_inline bool lx_state_records(const struct lx_packet *packet); /* false: it is asked only, and nothing may change */
lx_inline __u64 lx_state_now(const struct lx_packet *packet);    /* nanoseconds of CLOCK_MONOTONIC (coarse) */
lx_inline struct lx_flow_gate *lx_state_gate(const struct lx_packet *packet);
lx_inline bool lx_state_image(const struct lx_packet *packet,
                              struct lx_view *view); /* in force; false: there is none */

/* What stands in the table of flows under a key (lx_flow_key), or NULL. */
lx_inline struct lx_flow *lx_state_flow(const struct lx_packet *packet, const __u64 *key);
/* False when something stands there. */
lx_inline bool lx_state_begin_flow(const struct lx_packet *packet, const __u64 *key, const struct lx_flow *flow);
lx_inline void lx_state_remove_flow(const struct lx_packet *packet, const __u64 *key);

lx_inline const struct lx_fragmented *lx_state_datagram(const struct lx_packet *packet,
                                                        const struct lx_fragment_key *key);
lx_inline void lx_state_keep_datagram(const struct lx_packet *packet, const struct lx_fragment_key *key,
                                      const struct lx_fragmented *datagram);

/*
 * The policy's tables (lx_policy_lookup), and lx_policy_from_role of what has no ports. The programs have functions of
 * their own for these, which the verifier follows once.
 */
#ifdef __bpf__
lx_inline struct lx_policy_match lx_state_match(const struct lx_view *view, const struct lx_packet *packet, bool ipv4);
lx_inline __u32 lx_state_portless(const struct lx_view *view, const struct lx_packet *packet, bool ipv4);
#else
lx_inline __u32 lx_state_portless(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    return lx_policy_from_role_portless(view, packet, ipv4);
}

lx_inline struct lx_policy_match lx_state_match(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    return lx_policy_lookup(view, packet, ipv4);
}
#endif

/* The flow in the table, or NULL. `key` receives its key either way. */
lx_inline struct lx_flow *lx_find_flow(const struct lx_packet *packet, const struct lx_packet_flow *wanted, __u64 *key)
{
    struct lx_flow *flow;

    *key = lx_flow_key(wanted, lx_state_gate(packet)->key);
    flow = lx_state_flow(packet, key);
    return flow && lx_is_flow(flow, wanted) ? flow : NULL;
}

/* The flow that a packet on its way to the role may be the reply of, or NULL. */
lx_inline struct lx_flow *lx_flow_answered(const struct lx_packet *packet, bool ipv4)
{
    struct lx_packet_flow wanted = lx_flow_of(packet, false, ipv4);
    __u64 key;

    return lx_find_flow(packet, &wanted, &key);
}

/* True when an ICMP error of the role is about a reply that a flow let in. */
lx_noinline int lx_is_about_reply(const struct lx_packet *packet, bool ipv4)
{
    struct lx_packet_flow sent;
    struct lx_flow *flow;
    __u64 key;

    if (!packet)
        return false;
    sent = lx_flow_of(packet, true, ipv4);
    flow = lx_find_flow(packet, &sent, &key);
    return flow && !lx_flow_expired(flow, lx_state_now(packet));
}

/*
 * Records the flow of a packet that the role sends, or refreshes it, at most once a second. `generation` is that of the
 * image that judged it. Returns false when it could not: another flow may have its place (lx_make_room).
 */
lx_inline bool lx_record_flow(const struct lx_packet *packet, bool ipv4, __u32 row, __u32 generation)
{
    __u64 now = lx_state_now(packet);
    struct lx_packet_flow sent = lx_flow_of(packet, true, ipv4);
    struct lx_flow *flow, fresh;
    __u64 key;
    bool live;

    flow = lx_find_flow(packet, &sent, &key);
    live = flow && !lx_flow_expired(flow, now);
    if (!lx_keeps_flow(lx_state_gate(packet), packet, live, row, now))
        return true;
    if (flow) {
        lx_flow_refresh(packet, flow, now, row, generation, live);
        return true;
    }
    lx_flow_begin(packet, &fresh, now, row, generation);
    lx_flow_ends(&sent, &fresh.ends);
    lx_open_gate(lx_state_gate(packet), (__u32)packet->transport << 16 | packet->tuple.source_port);
    return lx_state_begin_flow(packet, &key, &fresh);
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
    key = lx_flow_key(&sent, lx_state_gate(packet)->key);
    known = lx_state_flow(packet, &key);
    if (!known || !lx_state_image(packet, &view))
        return false;
    if (!lx_flow_expired(known, lx_state_now(packet)) && lx_is_honoured(&view, known))
        return false;
    lx_state_remove_flow(packet, &key);
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
    datagram = lx_fragmented_of(packet, lx_state_now(packet));
    lx_fragment_key(packet, hook, ipv4, &key);
    lx_state_keep_datagram(packet, &key, &datagram);
    return 0;
}

/* A later fragment: passes when the first one of its datagram did. */
lx_noinline __u32 lx_decide_fragment(const struct lx_packet *packet, enum lx_hook hook, bool ipv4)
{
    const struct lx_fragmented *datagram;
    struct lx_fragment_key key;

    if (!packet)
        return LX_JUDGED(LX_REASON_FRAGMENT);
    lx_fragment_key(packet, hook, ipv4, &key);
    datagram = lx_state_datagram(packet, &key);
    if (!datagram)
        return LX_JUDGED(LX_REASON_FRAGMENT);
    return LX_JUDGED(lx_follow_fragment(packet, datagram, lx_state_now(packet)));
}

/*
 * A packet on its way to the role that no row allows passes as the reply to a live flow. `records` keeps with the flow
 * what this image says of it.
 */
lx_inline __u32 lx_decide_reply(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                                struct lx_policy_match match, __u32 judgement, bool records)
{
    struct lx_flow *flow;

    if (!lx_gate_open(lx_state_gate(packet), (__u32)packet->transport << 16 | packet->tuple.destination_port))
        return judgement;
    flow = lx_flow_answered(packet, ipv4);
    if (!flow)
        return judgement;
    judgement = lx_judge_reply(view, packet, flow, lx_state_now(packet), match.answered, lx_judgement_reason(judgement),
                               records && lx_state_records(packet));
    return lx_unless_spoofed(judgement, match.spoofed);
}

lx_inline __u32 lx_decide_to_role(const struct lx_view *view, const struct lx_packet *packet, bool ipv4, bool records)
{
    struct lx_policy_match match = lx_state_match(view, packet, ipv4);
    __u32 judgement = lx_policy_to_role(view, packet, ipv4, match);

    if (lx_may_be_reply(view, packet, judgement))
        judgement = lx_decide_reply(view, packet, ipv4, match, judgement, records);
    return judgement;
}

lx_inline __u32 lx_decide_from_role(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 judgement = lx_has_no_ports(packet) ? lx_state_portless(view, packet, ipv4)
                                              : lx_policy_from_role_ported(view, packet, ipv4);

    if (judgement == LX_JUDGED(LX_REASON_ICMP_ERROR_UNRELATED) && lx_is_about_reply(packet, ipv4))
        return LX_JUDGED(LX_REASON_ICMP_ERROR);
    return judgement;
}

/* Remembers what is to be remembered of a packet that was judged. */
lx_inline void lx_record(const struct lx_view *view, enum lx_hook hook, const struct lx_packet *packet, bool ipv4,
                         __u32 judgement)
{
    __u32 row = lx_judgement_row(judgement), generation = view->image->generation;

    if (hook == LX_HOOK_FROM_ROLE && lx_begins_flow(view, packet, lx_judgement_reason(judgement)) &&
        !lx_record_flow_noinline(packet, ipv4, row, generation) && lx_make_room(packet, ipv4))
        lx_record_flow_noinline(packet, ipv4, row, generation);
    if (lx_keeps_fragment(view, packet, hook, judgement))
        lx_record_fragment(packet, hook, ipv4);
}

lx_inline __u32 lx_decide_family(const struct lx_view *view, enum lx_hook hook, const struct lx_packet *packet,
                                 bool ipv4, bool records)
{
    __u32 judgement;

    if (packet->kind == LX_KIND_FRAGMENT)
        return lx_decide_fragment(packet, hook, ipv4);
    judgement = hook == LX_HOOK_TO_ROLE ? lx_decide_to_role(view, packet, ipv4, records)
                                        : lx_decide_from_role(view, packet, ipv4);
    if (records && lx_state_records(packet))
        lx_record(view, hook, packet, ipv4, judgement);
    return judgement;
}

/*
 * What becomes of a packet that lx_read_frame has not decided. Returns a packed judgement (abi.h). `records` false asks
 * only, and nothing changes by it.
 */
lx_inline __u32 lx_decide(const struct lx_view *view, enum lx_hook hook, const struct lx_packet *packet, bool records)
{
    if (packet->ethertype == ETH_P_IP)
        return lx_decide_family(view, hook, packet, true, records);
    return lx_decide_family(view, hook, packet, false, records);
}

/*
 * The same for an ordinary packet (ordinary.h), of which the policy's tables are all that is left to ask.
 * LX_UNDECIDED leaves it to lx_decide: a flow that another image judged last must be judged anew, or another flow
 * stands in the way of its own.
 */
lx_inline __u32 lx_decide_ordinary(const struct lx_view *view, enum lx_hook hook, const struct lx_packet *packet,
                                   bool ipv4, __u64 *service)
{
    __u32 judgement, row, destination;
    const struct lx_flow *flow;

    if (hook == LX_HOOK_FROM_ROLE) {
        judgement =
            lx_is_own_source(view, packet, ipv4) ? lx_rows_from_role(view, packet, ipv4) : LX_JUDGED(LX_REASON_SPOOFED);
        if (lx_state_records(packet) && lx_begins_flow(view, packet, lx_judgement_reason(judgement)) &&
            !lx_record_flow(packet, ipv4, lx_judgement_row(judgement), view->image->generation))
            return LX_UNDECIDED;
        *service = lx_service_of(packet);
        return judgement;
    }
    *service = destination = lx_service_of(packet);
    row = lx_classify(view, &view->image->inbound, &packet->tuple, destination, ipv4);
    if (row != LX_NO_ROW)
        return lx_is_protected(view, packet->sender, ipv4) ? LX_JUDGED(LX_REASON_SPOOFED)
                                                           : LX_JUDGEMENT(LX_REASON_ROW, row);
    if (!lx_has_reply_shape(view, packet) || !lx_gate_open(lx_state_gate(packet), destination))
        return LX_JUDGED(LX_REASON_NO_ROW);
    flow = lx_flow_answered(packet, ipv4);
    if (!flow)
        return LX_JUDGED(LX_REASON_NO_ROW);
    if (flow->generation != view->image->generation)
        return LX_UNDECIDED;
    judgement = lx_judge_known_reply(view, packet, flow, lx_state_now(packet), LX_REASON_NO_ROW);
    return lx_unless_spoofed(judgement, lx_is_protected(view, packet->sender, ipv4));
}

#endif
