/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The data plane as pure functions: what a frame is, and what the policy says of it. decide.h asks these, and what is
 * remembered, for the BPF programs, the tests, the fuzzers and `explain` alike; there is no second implementation.
 */
#ifndef LYNCXDP_JUDGE_H
#define LYNCXDP_JUDGE_H

#include "built_in.h"
#include "bypass.h"
#include "classify.h"
#include "flow.h"
#include "fragment.h"
#include "link_control.h"
#include "martian.h"
#include "ordinary.h"
#include "own_name.h"
#include "packet.h"
#include "portless.h"

/* True where everything passes, and what the policy would have dropped is counted: audit mode, and egress `track`. */
lx_inline bool lx_is_permissive(const struct lx_view *view, enum lx_hook hook)
{
    return view->image->permissive >> hook & 1;
}

/*
 * The same of a judgement. What the role behind an interface may not claim hurts others than the role: `track`, which
 * lets pass what its tables may lack, is no reason to let it pass.
 */
lx_inline bool lx_is_permitted(const struct lx_view *view, enum lx_hook hook, __u32 judgement)
{
    return lx_is_permissive(view, judgement == LX_JUDGED(LX_REASON_NOT_FROM_ROLE) ? LX_HOOK_TO_ROLE : hook);
}

/*
 * Ethernet and VLAN tags. Leaves the cursor at what is inside, and its ethertype in `packet`. What is above
 * LX_UNDECIDED is lx_judge_bypass's to judge.
 */
lx_inline __u32 lx_read_link(const struct lx_view *view, struct lx_cursor *cursor, struct lx_packet *packet,
                             __u32 stripped)
{
    __u16 ids[LX_MAX_VLAN_TAGS] = {stripped & 0xfff}, type;
    __u32 reason = lx_parse_ethernet(cursor, packet, &type);

    if (reason != LX_UNDECIDED)
        return reason;
    if (lx_unlikely(lx_is_vlan_tag(type))) {
        reason = lx_parse_vlan_tags(cursor, &type, stripped ? 1 : 0, ids);
        if (reason != LX_UNDECIDED)
            return reason;
        lx_settle(cursor);
    }
    packet->ethertype = LX_BE16(type);
    return lx_check_scope(view, cursor, packet, ids);
}

/*
 * An IP header and its transport's. LX_UNDECIDED leaves a packet for the second half to judge, by its kind; what needs
 * no policy is judged on the spot.
 */
lx_inline __u32 lx_read_ip(struct lx_cursor *cursor, __u32 frame_length, __u32 built_ins, struct lx_packet *packet,
                           bool ipv4)
{
    __u32 reason = ipv4 ? lx_parse_ipv4(cursor, frame_length, built_ins, packet)
                        : lx_parse_ipv6(cursor, frame_length, built_ins, packet);

    if (reason != LX_UNDECIDED)
        return reason;
    if (lx_unlikely(packet->fragment_offset)) {
        packet->kind = LX_KIND_FRAGMENT;
        return lx_check_later_fragment(packet);
    }
    lx_settle(cursor);
    if (lx_is_ported(packet))
        return lx_parse_ports(cursor, packet);
    return lx_is_icmp(packet, ipv4) ? lx_read_icmp(cursor, packet, built_ins, ipv4) : lx_read_portless(packet);
}

/* What is inside the VLAN tags, by the ethertype that lx_read_link has left in `packet`. */
lx_inline __u32 lx_read_network(struct lx_cursor *cursor, __u32 frame_length, __u32 built_ins, struct lx_packet *packet)
{
    if (packet->ethertype == ETH_P_IP)
        return lx_read_ip(cursor, frame_length, built_ins, packet, true);
    if (packet->ethertype == ETH_P_IPV6)
        return lx_read_ip(cursor, frame_length, built_ins, packet, false);
    if (packet->ethertype == ETH_P_ARP)
        return lx_judge_arp(cursor, built_ins);
    return lx_judge_link_control(cursor, packet, built_ins);
}

/*
 * The first half of judging a frame, the same for both hooks but for what is bypassed and what is claimed: its headers.
 * LX_UNDECIDED leaves a packet for the second half; anything else is decided.
 */
lx_inline __u32 lx_read_frame(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                              struct lx_packet *packet)
{
    struct lx_cursor cursor = lx_cursor(frame), inside;
    __u32 reason = lx_read_link(view, &cursor, packet, frame->vlan);

    if (reason > LX_UNDECIDED)
        reason = lx_judge_bypass(view, hook, &cursor, frame->vlan, packet->ethertype, reason == LX_VLAN_BYPASSED);
    if (reason != LX_UNDECIDED)
        return reason;
    inside = cursor;
    reason = lx_read_network(&cursor, frame->length, view->image->built_ins, packet);
    return hook == LX_HOOK_FROM_ROLE ? lx_hold_to_name(view, &inside, reason) : reason;
}

/* What TCP and UDP must pass on either hook before their rows are asked; DHCP is decided here. */
lx_inline __u32 lx_check_ports(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 reason = lx_check_transport(packet);

    if (reason != LX_UNDECIDED)
        return reason;
    if (packet->transport == LX_UDP) {
        reason = lx_judge_dhcp(packet, view->image->built_ins, ipv4);
        if (reason != LX_UNDECIDED)
            return reason;
    }
    return lx_check_addresses(packet, ipv4);
}

lx_inline bool lx_is_protected(const struct lx_view *view, const __u32 address[4], bool ipv4)
{
    return lx_address_class(view, &view->image->protected, address, ipv4);
}

/* Echo, on either hook: requests and the answers to them, where the site lets them through. */
lx_inline __u32 lx_judge_echo(const struct lx_view *view)
{
    return view->image->built_ins & LX_BUILT_IN_ECHO ? LX_REASON_ECHO : LX_REASON_BUILT_IN_OFF;
}

/*
 * What the policy's tables say of a packet on its way to the role. Asked once and beforehand: not every packet needs
 * the answers, but the verifier would follow each place that asks.
 */
struct lx_policy_match {
    bool spoofed;   /* its sender is behind the role */
    __u16 row;      /* slot of the inbound row that lists it, or LX_NO_ROW */
    __u16 answered; /* slot of the outbound row that lists what it may answer, or LX_NO_ROW */
};

/* Of a packet with ports. */
lx_inline struct lx_policy_match lx_policy_lookup_ported(const struct lx_view *view, const struct lx_packet *packet,
                                                         bool ipv4)
{
    struct lx_policy_match match = {lx_is_protected(view, packet->sender, ipv4), LX_NO_ROW, LX_NO_ROW};

    match.row = lx_classify(view, &view->image->inbound, &packet->tuple, lx_service_of(packet), ipv4);
    if (view->image->egress != LX_EGRESS_OFF)
        match.answered = lx_row_answered(view, packet, ipv4);
    return match;
}

/* Of one without. */
lx_inline struct lx_policy_match lx_policy_lookup_portless(const struct lx_view *view, const struct lx_packet *packet,
                                                           bool ipv4)
{
    struct lx_policy_match match = {lx_is_protected(view, packet->sender, ipv4), LX_NO_ROW, LX_NO_ROW};
    __u32 protocol = lx_protocol_of(packet->transport, packet->tuple.destination_port);
    struct lx_tuple begun;

    match.row = lx_classify_protocol(view, &view->image->inbound, &packet->tuple, protocol, ipv4);
    if (view->image->egress == LX_EGRESS_OFF)
        return match;
    lx_tuple_swap(&packet->tuple, ipv4, &begun);
    match.answered = lx_classify_protocol(view, &view->image->outbound, &begun, protocol, ipv4);
    return match;
}

lx_inline struct lx_policy_match lx_policy_lookup(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    return lx_has_no_ports(packet) ? lx_policy_lookup_portless(view, packet, ipv4)
                                   : lx_policy_lookup_ported(view, packet, ipv4);
}

/* Echo on its way to the role, and ICMP errors about an echo request of the role: its row, else the built-in case. */
lx_inline __u32 lx_judge_echo_to_role(const struct lx_view *view, const struct lx_packet *packet,
                                      struct lx_policy_match match)
{
    if (packet->kind == LX_KIND_ICMP_ERROR)
        return LX_JUDGED(match.answered == LX_NO_ROW ? LX_REASON_ICMP_ERROR_UNRELATED : LX_REASON_ICMP_ERROR);
    if (!packet->echo_request)
        return LX_JUDGED(LX_REASON_ICMP_TYPE);
    return match.row == LX_NO_ROW ? LX_JUDGED(lx_judge_echo(view)) : LX_JUDGEMENT(LX_REASON_ROW, (__u32)match.row);
}

/* What the rows alone say of a packet on its way to the role, or of one that an ICMP error is about. */
lx_inline __u32 lx_rows_to_role(const struct lx_packet *packet, struct lx_policy_match match)
{
    if (packet->kind == LX_KIND_ICMP_ERROR)
        return LX_JUDGED(match.row == LX_NO_ROW && match.answered == LX_NO_ROW ? LX_REASON_ICMP_ERROR_UNRELATED
                                                                               : LX_REASON_ICMP_ERROR);
    if (match.row == LX_NO_ROW)
        return LX_JUDGED(LX_REASON_NO_ROW);
    return match.spoofed ? LX_JUDGED(LX_REASON_SPOOFED) : LX_JUDGEMENT(LX_REASON_ROW, (__u32)match.row);
}

/* What the policy says of what has no ports: echo, other protocols, and ICMP errors about either. */
lx_inline __u32 lx_policy_to_role_portless(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                                           struct lx_policy_match match)
{
    __u32 reason = packet->kind == LX_KIND_PORTLESS ? lx_check_portless(view, packet, ipv4) : LX_UNDECIDED;

    if (reason != LX_UNDECIDED)
        return LX_JUDGED(reason);
    if (match.spoofed && packet->kind == LX_KIND_ICMP_ERROR)
        return LX_JUDGED(LX_REASON_SPOOFED);
    if (packet->transport == LX_ECHO)
        return lx_unless_spoofed(lx_judge_echo_to_role(view, packet, match), match.spoofed);
    return lx_rows_to_role(packet, match);
}

lx_inline __u32 lx_policy_to_role_ported(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                                         struct lx_policy_match match)
{
    __u32 reason = LX_UNDECIDED;

    if (packet->kind == LX_KIND_PORTS)
        reason = lx_check_ports(view, packet, ipv4);
    if (match.spoofed && (reason == LX_REASON_DHCP || packet->kind == LX_KIND_ICMP_ERROR))
        return LX_JUDGED(LX_REASON_SPOOFED);
    return reason == LX_UNDECIDED ? lx_rows_to_role(packet, match) : LX_JUDGED(reason);
}

/*
 * What the policy alone says of a packet on its way to the role. Returns a packed judgement (abi.h), which a flow may
 * still turn into a pass (lx_may_be_reply).
 */
lx_inline __u32 lx_policy_to_role(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                                  struct lx_policy_match match)
{
    return lx_has_no_ports(packet) ? lx_policy_to_role_portless(view, packet, ipv4, match)
                                   : lx_policy_to_role_ported(view, packet, ipv4, match);
}

/* True when a packet on its way to the role, which no row allows, has the shape of a reply to a flow. */
lx_inline bool lx_has_reply_shape(const struct lx_view *view, const struct lx_packet *packet)
{
    return view->image->egress != LX_EGRESS_OFF &&
           (packet->transport != LX_TCP || packet->tcp_flags & (LX_TCP_ACK | LX_TCP_RST));
}

lx_inline bool lx_may_be_reply(const struct lx_view *view, const struct lx_packet *packet, __u32 judgement)
{
    if (judgement == LX_JUDGED(LX_REASON_NO_ROW))
        return lx_has_reply_shape(view, packet);
    if (view->image->egress == LX_EGRESS_OFF)
        return false;
    return judgement == LX_JUDGED(LX_REASON_ICMP_ERROR_UNRELATED) || judgement == LX_JUDGED(LX_REASON_ICMP_TYPE);
}

/*
 * The rows that a TCP or UDP packet of the role belongs to: first the inbound row that it answers (for TCP only with
 * ACK or RST), else the outbound row that lists it. For an ICMP error of the role, the tuple is that of an answer to
 * the packet it quotes, so the same rows say whether that packet was let in.
 */
lx_inline __u32 lx_rows_from_role(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    bool error = packet->kind == LX_KIND_ICMP_ERROR;
    struct lx_tuple answered;
    __u32 row;

    if (error || packet->transport == LX_UDP || packet->tcp_flags & (LX_TCP_ACK | LX_TCP_RST)) {
        lx_tuple_swap(&packet->tuple, ipv4, &answered);
        row = lx_classify(view, &view->image->inbound, &answered,
                          lx_service(packet->transport, answered.destination_port), ipv4);
        if (row != LX_NO_ROW)
            return error ? LX_JUDGED(LX_REASON_ICMP_ERROR) : LX_JUDGEMENT(LX_REASON_MIRROR, row);
    }
    row = lx_classify(view, &view->image->outbound, &packet->tuple, lx_service_of(packet), ipv4);
    if (error)
        return LX_JUDGED(row == LX_NO_ROW ? LX_REASON_ICMP_ERROR_UNRELATED : LX_REASON_ICMP_ERROR);
    return row == LX_NO_ROW ? LX_JUDGED(LX_REASON_NO_ROW) : LX_JUDGEMENT(LX_REASON_ROW, row);
}

/* True when the source of a packet that the role sends is the role's, or nobody has said what is, or it need not be. */
lx_inline bool lx_is_own_source(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    return view->any_source || !view->image->protects || lx_is_protected(view, packet->sender, ipv4);
}

/* True for what an inbound row may have let in and the role answers: not what it says to a group of its own accord. */
lx_inline bool lx_may_answer(const struct lx_packet *packet, bool ipv4)
{
    return packet->kind == LX_KIND_ECHO ? !packet->echo_request
                                        : lx_destination_cast(packet->tuple.destination, ipv4) == LX_UNICAST;
}

/* True for what an outbound row may let the role begin, or an ICMP error about an answer to that. */
lx_inline bool lx_may_begin(const struct lx_packet *packet)
{
    return packet->transport != LX_ECHO || (packet->kind == LX_KIND_ECHO && packet->echo_request);
}

/*
 * lx_rows_from_role for what has no ports. Of an ICMP error about an echo, what it quotes is a request that came
 * in; that one answers nothing.
 */
lx_inline __u32 lx_rows_from_role_portless(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 protocol = lx_protocol_of(packet->transport, packet->tuple.destination_port), row, reason;
    bool error = packet->kind == LX_KIND_ICMP_ERROR;
    struct lx_tuple answered;

    if (lx_may_answer(packet, ipv4)) {
        lx_tuple_swap(&packet->tuple, ipv4, &answered);
        row = lx_classify_protocol(view, &view->image->inbound, &answered, protocol, ipv4);
        if (row != LX_NO_ROW)
            return error ? LX_JUDGED(LX_REASON_ICMP_ERROR) : LX_JUDGEMENT(LX_REASON_MIRROR, row);
    }
    row = LX_NO_ROW;
    if (lx_may_begin(packet))
        row = lx_classify_protocol(view, &view->image->outbound, &packet->tuple, protocol, ipv4);
    if (row != LX_NO_ROW)
        return error ? LX_JUDGED(LX_REASON_ICMP_ERROR) : LX_JUDGEMENT(LX_REASON_ROW, row);
    reason = packet->transport == LX_ECHO ? lx_judge_echo(view) : LX_REASON_NO_ROW;
    if (error)
        reason = reason == LX_REASON_ECHO ? LX_REASON_ICMP_ERROR : LX_REASON_ICMP_ERROR_UNRELATED;
    return LX_JUDGED(reason);
}

/* What the policy says of what the role sends without ports: echo, other protocols, and ICMP errors about either. */
lx_inline __u32 lx_policy_from_role_portless(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 reason = packet->kind == LX_KIND_PORTLESS ? lx_check_portless(view, packet, ipv4) : LX_UNDECIDED;

    if (reason != LX_UNDECIDED)
        return LX_JUDGED(reason);
    if (!lx_is_own_source(view, packet, ipv4))
        return LX_JUDGED(LX_REASON_SPOOFED);
    return lx_rows_from_role_portless(view, packet, ipv4);
}

/* The same of what has ports. */
lx_inline __u32 lx_policy_from_role_ported(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 reason = LX_UNDECIDED;

    if (packet->kind == LX_KIND_PORTS)
        reason = lx_check_ports(view, packet, ipv4);
    if (reason != LX_UNDECIDED)
        return lx_hold_to_asking(view, packet, LX_JUDGED(reason));
    if (!lx_is_own_source(view, packet, ipv4))
        return LX_JUDGED(LX_REASON_SPOOFED);
    return lx_rows_from_role(view, packet, ipv4);
}

/* The same of any packet that the role sends. */
lx_inline __u32 lx_policy_from_role(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    return lx_has_no_ports(packet) ? lx_policy_from_role_portless(view, packet, ipv4)
                                   : lx_policy_from_role_ported(view, packet, ipv4);
}

/* True when a packet of the role records or refreshes a flow. What answers an inbound row needs none, and no group
 * answers. */
lx_inline bool lx_begins_flow(const struct lx_view *view, const struct lx_packet *packet, __u32 reason)
{
    bool track = view->image->egress == LX_EGRESS_TRACK;

    if (view->image->egress == LX_EGRESS_OFF)
        return false;
    if (packet->kind == LX_KIND_ECHO)
        return packet->echo_request && (reason == LX_REASON_ROW || reason == LX_REASON_ECHO ||
                                        (track && (reason == LX_REASON_BUILT_IN_OFF || reason == LX_REASON_SPOOFED)));
    if (packet->kind != LX_KIND_PORTS && packet->kind != LX_KIND_PORTLESS)
        return false;
    if (packet->kind == LX_KIND_PORTLESS &&
        lx_destination_cast(packet->tuple.destination, packet->ethertype == ETH_P_IP) != LX_UNICAST)
        return false;
    return reason == LX_REASON_ROW || (track && (reason == LX_REASON_NO_ROW || reason == LX_REASON_SPOOFED));
}

/* True when the later fragments of a datagram go by this one, which is its first. */
lx_inline bool lx_keeps_fragment(const struct lx_view *view, const struct lx_packet *packet, enum lx_hook hook,
                                 __u32 judgement)
{
    bool track = hook == LX_HOOK_FROM_ROLE && view->image->egress == LX_EGRESS_TRACK;

    return packet->first_fragment && (lx_judgement_passes(judgement) || track);
}

#endif
