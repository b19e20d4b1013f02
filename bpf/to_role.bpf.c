/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The XDP program of the to-role hook: fetches the image in force, lets the pure data plane judge the frame, asks the
 * flows where no row allows it, counts. Its twin is the same program loaded with `twin` set: it answers instead.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#include "sample.h"
#include "state.h"
#include "xdp.h"

/* lyncxdp decides before any other program of the dispatcher sees the packet; what it passes goes on to them. */
struct {
    __uint(priority, 10);
    __uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(lyncxdp_to_role);

/* What the tables of the image in a slot say, as one number: apart, the verifier follows them a tenth as often. */
lx_apart __u64 lx_look_around_apart(const struct lx_packet *packet, __u32 slot, bool ipv4)
{
    struct lx_background background;
    struct lx_view view;

    if (!packet || !lx_image_of(slot, &view))
        return LX_NO_ROW << 16 | LX_NO_ROW;
    if (ipv4)
        background = lx_look_around(&view, packet, true);
    else
        background = lx_look_around(&view, packet, false);
    return (__u64)background.spoofed << 32 | (__u32)background.row << 16 | background.answered;
}

lx_inline struct lx_background lx_background_from(__u64 around)
{
    return (struct lx_background){around >> 32 & 1, around >> 16, around};
}

/* The second half of a judgement, with what is remembered; `records` false asks only, and nothing changes by it. */
lx_inline __u32 lx_judge(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                         struct lx_background background, bool records)
{
    __u32 judgement = lx_judge_to_role(view, packet, ipv4, background);

    if (packet->kind == LX_KIND_FRAGMENT)
        return lx_ask_fragment(packet, LX_HOOK_TO_ROLE, ipv4);
    if (lx_may_be_reply(view, packet, judgement))
        judgement = lx_ask_flow(view, packet, ipv4, background, judgement, records);
    if (packet->first_fragment && records && lx_reason_verdict(judgement & 0xffff) == LX_PASS)
        lx_record_fragment(packet, LX_HOOK_TO_ROLE, ipv4);
    return judgement;
}

/* The same for an ordinary packet; LX_UNDECIDED when it takes more than is done here. */
lx_inline __u32 lx_judge_ordinary(const struct lx_view *view, const struct lx_packet *packet, __u32 service, bool ipv4)
{
    __u32 row = lx_classify(view, &view->image->inbound, &packet->tuple, service, ipv4);

    if (row != LX_NO_ROW)
        return lx_judge_row(view, packet, ipv4, row);
    if (!lx_has_reply_shape(view, packet) || !lx_gate_open(&flow_gate, service))
        return LX_JUDGED(LX_REASON_NO_ROW);
    return lx_ask_known_flow(view, packet, ipv4);
}

/* Any frame, with all that it may need. With an opinion to give it answers by that, and does nothing else. */
lx_apart int lx_any_to_role(struct xdp_md *context, struct lx_opinion *opinion)
{
    struct lx_frame frame = lx_xdp_frame(context, bpf_xdp_get_buff_len(context));
    struct lx_cursor cursor = lx_cursor(&frame);
    __u32 judgement = LX_JUDGED(LX_REASON_NO_POLICY), service = LX_NO_SERVICE, reason;
    struct lx_packet *packet = lx_scratch_packet();
    bool records = !twin && !opinion;
    __u32 slot = lx_slot_asked(opinion);
    struct lx_background background;
    bool would = false, ipv4;
    struct lx_view view;

    if (!packet)
        return XDP_DROP;
    __builtin_memset(packet, 0, sizeof(*packet));
    if (lx_image_of(slot, &view)) {
        would = lx_is_lenient(&view, LX_HOOK_TO_ROLE);
        reason = lx_read_link(&view, &cursor, packet, frame.vlan);
        if (reason == LX_UNDECIDED)
            reason = lx_read_inside_xdp(context, cursor.offset, frame.length, view.image->built_ins, packet);
        lx_opaque(reason); /* the verifier follows the rest once, not once for every reason */
        judgement = LX_JUDGED(reason);
        if (reason == LX_UNDECIDED) {
            service = lx_counted_service(packet);
            ipv4 = packet->ethertype == ETH_P_IP;
            background = lx_background_from(lx_look_around_apart(packet, slot, ipv4));
            if (ipv4)
                judgement = lx_judge(&view, packet, true, background, records);
            else
                judgement = lx_judge(&view, packet, false, background, records);
        }
    }
    if (opinion)
        return lx_answer(opinion, judgement, service, would);
    return lx_xdp_conclude(LX_HOOK_TO_ROLE, judgement, service, frame.length, would);
}

/* An ordinary frame, judged and counted; false when it is none, or takes more than is done here. */
lx_inline bool lx_ordinary_to_role(struct xdp_md *context, bool ipv4, int *verdict)
{
    struct lx_frame frame = lx_xdp_frame(context, context->data_end - context->data);
    struct lx_packet packet;
    struct lx_view view;
    __u32 judgement, service;
    bool would;

    /* The image before the rest, so that little need be kept while it is looked up. */
    if (frame.length > LX_LONGEST_LINEAR || !lx_ordinary_link(&frame, ipv4) || !lx_image_in_force(&view) ||
        view.image->vlans || !lx_ordinary(&frame, &packet, ipv4))
        return false;
    service = lx_service_of(&packet);
    judgement = lx_judge_ordinary(&view, &packet, service, ipv4);
    if (judgement == LX_UNDECIDED)
        return false;
    would = lx_is_lenient(&view, LX_HOOK_TO_ROLE);
    /* The same thing three times: what is known of the first two makes their code short. */
    if (lx_likely(judgement == LX_JUDGED(LX_REASON_NO_ROW) && !would))
        *verdict = lx_xdp_conclude(LX_HOOK_TO_ROLE, LX_JUDGED(LX_REASON_NO_ROW), service, frame.length, false);
    else if ((judgement & 0xffff) == LX_REASON_ROW)
        *verdict = lx_xdp_conclude(LX_HOOK_TO_ROLE, LX_JUDGEMENT(LX_REASON_ROW, judgement >> 16), service, frame.length,
                                   would);
    else
        *verdict = lx_xdp_conclude(LX_HOOK_TO_ROLE, judgement, service, frame.length, would);
    return true;
}

#define LX_PROGRAM to_role
#define LX_WATCHED LX_HOOK_TO_ROLE
#define LX_CONTEXT struct xdp_md
#define LX_ACCESS xdp
#include "watched.h"

SEC("xdp.frags")
int lyncxdp_to_role(struct xdp_md *context)
{
    int verdict;

    if (!lx_ordinary_to_role(context, true, &verdict) && !lx_ordinary_to_role(context, false, &verdict))
        verdict = lx_any_to_role(context, NULL);
    lx_watch_to_role(context, verdict != XDP_DROP);
    return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
