/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shell of every program: fetches the image in force, lets the pure data plane judge the frame, remembers, counts
 * and returns what becomes of it. A program includes its context (context_xdp.h, context_skb.h), then its hook
 * (hook_to_role.h, hook_from_role.h), then this. Loaded with `dry_run` set, the program answers
 * with its judgement and changes nothing.
 */
#ifndef LYNCXDP_BPF_PROGRAM_H
#define LYNCXDP_BPF_PROGRAM_H

#include "observe.h"

/* Counts a judgement, and turns it into what the program returns. `service` is LX_NO_SERVICE where none was read. */
lx_inline int lx_conclude(LX_CONTEXT *context, __u32 length, __u32 judgement, __u64 service, bool permissive)
{
    struct lx_cpu_counters *mine;
    __u32 cpu;

    if (dry_run)
        return judgement;
    mine = lx_my_counters(&cpu);
    if (mine)
        lx_count(mine, cpu, judgement, service, lx_context_packets(context), lx_context_bytes(context, length),
                 permissive);
    return permissive || lx_judgement_passes(judgement) ? lx_context_pass(LX_HOOK) : LX_CONTEXT_DROP;
}

/* What is inside the VLAN tags, which take `offset` bytes together with the Ethernet header. */
lx_noinline __u32 lx_read_inside(LX_CONTEXT *context, __u32 offset, __u32 length, __u32 built_ins,
                                 struct lx_packet *packet)
{
    struct lx_frame frame = lx_context_frame(context, length);
    struct lx_cursor cursor = lx_cursor(&frame);

    if (!packet)
        return LX_REASON_SHORT_FRAME;
    cursor.offset = offset;
    lx_settle(&cursor);
    return lx_read_network(&cursor, frame.length, built_ins, packet);
}

/* What a function of its own needs of a frame and of the image that judges it; the cursor stands at the offset. */
lx_inline bool lx_look_again(LX_CONTEXT *context, __u32 offset, __u32 slot, struct lx_frame *frame,
                             struct lx_cursor *cursor, struct lx_view *view)
{
    *frame = lx_context_frame(context, 0);
    *cursor = lx_cursor(frame);
    if (!lx_image_of(slot, view))
        return false;
    cursor->offset = offset;
    lx_settle(cursor);
    return true;
}

/* A frame that may be bypassed. In a function of its own: few policies have any use for it. */
lx_noinline __u32 lx_bypass(LX_CONTEXT *context, __u32 offset, __u32 slot, __u32 ethertype, bool by_vlan)
{
    struct lx_cursor cursor;
    struct lx_frame frame;
    struct lx_view view;

    if (!lx_look_again(context, offset, slot, &frame, &cursor, &view))
        return LX_REASON_NO_POLICY;
    return lx_judge_bypass(&view, LX_HOOK, &cursor, frame.vlan, ethertype, by_vlan);
}

#if LX_HOOK_HOLDS
/* What was read of a frame of a role behind the interface. In a function of its own, as above. */
lx_noinline __u32 lx_hold(LX_CONTEXT *context, __u32 offset, __u32 slot, __u32 reason)
{
    struct lx_cursor cursor;
    struct lx_frame frame;
    struct lx_view view;

    if (!lx_look_again(context, offset, slot, &frame, &cursor, &view))
        return LX_REASON_NO_POLICY;
    return lx_hold_to_name(&view, &cursor, reason);
}
#endif

/* Any frame, with all that it may need. With a query it answers that, and does nothing else. */
lx_noinline int lx_any(LX_CONTEXT *context, struct lx_query *query)
{
    __u32 judgement = LX_JUDGED(LX_REASON_NO_POLICY), reason, slot;
    __u64 service = LX_NO_SERVICE;
    struct lx_frame frame = lx_context_any(context);
    struct lx_cursor cursor = lx_cursor(&frame);
    struct lx_packet *packet = lx_scratch_packet();
    bool permissive = false;
    struct lx_view view;

    if (!packet)
        return LX_CONTEXT_DROP;
    if (query) /* whoever asks may look at more of the packet than was read */
        __builtin_memset(packet, 0, sizeof(*packet));
    slot = lx_query_slot(query);
    if (lx_image_of(slot, &view)) {
        view.slot = slot;
        view.any_source = lx_hook_is_of_box();
        if (lx_hook_is_off(&view) && !query)
            return lx_context_pass(LX_HOOK);
        permissive = lx_is_permissive(&view, LX_HOOK) || lx_hook_is_off(&view);
        reason = lx_read_link(&view, &cursor, packet, frame.vlan);
        if (lx_unlikely(reason > LX_UNDECIDED))
            reason = lx_bypass(context, cursor.offset, slot, packet->ethertype, reason == LX_VLAN_BYPASSED);
        if (reason == LX_UNDECIDED)
            reason = lx_read_inside(context, cursor.offset, frame.length, view.image->built_ins, packet);
#if LX_HOOK_HOLDS
        if (view.image->built_ins & LX_BUILT_IN_BEHIND)
            reason = lx_hold(context, cursor.offset, slot, reason);
#endif
        lx_opaque(reason); /* the verifier follows the rest once, not once for every reason */
        judgement = LX_JUDGED(reason);
        if (reason == LX_UNDECIDED) {
            service = lx_hook_service(lx_counted_service(packet), packet);
            judgement = lx_decide(&view, LX_HOOK, packet, !query);
        }
        if (LX_HOOK_HOLDS)
            permissive = lx_is_permitted(&view, LX_HOOK, judgement) || lx_hook_is_off(&view);
    }
    if (query)
        return lx_query_decide(query, judgement, service, permissive);
    return lx_conclude(context, frame.length, judgement, service, permissive);
}

/* An ordinary frame of a family, judged, remembered and counted; false when it is none, or takes more. */
lx_inline bool lx_ordinary_frame(LX_CONTEXT *context, bool ipv4, int *verdict)
{
    struct lx_frame frame = lx_context_linear(context);
    __u32 judgement;
    __u64 service;
    struct lx_packet packet;
    struct lx_view view;
    bool permissive;

    /* The image before the rest, so that little need be kept while it is looked up. */
    if (!lx_context_is_linear(&frame) || !lx_ordinary_link(&frame, ipv4) || !lx_image_in_force(&view) ||
        view.image->scope || lx_hook_is_off(&view) || !lx_ordinary(&frame, &packet, ipv4))
        return false;
    view.any_source = lx_hook_is_of_box();
    judgement = lx_decide_ordinary(&view, LX_HOOK, &packet, ipv4, &service);
    if (lx_unlikely(judgement == LX_UNDECIDED))
        return false;
    service = lx_hook_service(service, &packet);
    permissive = lx_is_permissive(&view, LX_HOOK);
    /* The same thing again and again: what is known of the usual ones makes their code short. */
    if (LX_HOOK_USUALLY_NO_ROW && lx_likely(judgement == LX_JUDGED(LX_REASON_NO_ROW) && !permissive))
        *verdict = lx_conclude(context, frame.length, LX_JUDGED(LX_REASON_NO_ROW), service, false);
    else if (lx_likely(lx_judgement_reason(judgement) == LX_HOOK_USUAL_PASS))
        *verdict = lx_conclude(context, frame.length, LX_JUDGEMENT(LX_HOOK_USUAL_PASS, lx_judgement_row(judgement)),
                               service, permissive);
    else
        *verdict = lx_conclude(context, frame.length, judgement, service, permissive);
    return true;
}

#if LX_HOOK_IPV6_NOINLINE
/* IPv6 in a function of its own, so that the verifier follows each family alone. LX_UNDECIDED for false. */
lx_noinline int lx_ordinary_ipv6(LX_CONTEXT *context)
{
    int verdict = LX_UNDECIDED;

    lx_ordinary_frame(context, false, &verdict);
    return verdict;
}
#endif

/* The short way, which nearly all frames take; false leaves a frame to lx_any. */
lx_inline bool lx_short_way(LX_CONTEXT *context, int *verdict)
{
    if (lx_ordinary_frame(context, true, verdict))
        return true;
#if LX_HOOK_IPV6_NOINLINE
    *verdict = lx_ordinary_ipv6(context);
    return *verdict != LX_UNDECIDED;
#else
    return lx_ordinary_frame(context, false, verdict);
#endif
}

/* All that a program does. */
lx_inline int lx_program(LX_CONTEXT *context)
{
    int verdict;

    if (lx_hook_is_of_box() && !dry_run && context->ingress_ifindex)
        return lx_context_pass(LX_HOOK);
    if (!lx_short_way(context, &verdict))
        verdict = lx_any(context, NULL);
    lx_observe(context, verdict != LX_CONTEXT_DROP);
    return verdict;
}

#endif
