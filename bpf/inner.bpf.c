/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The XDP program of the from-role hook on the inner NIC of an inline pair: what comes in there is what the role sends.
 * Its twin is the same program loaded with `twin` set: it answers instead.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#include "from_role.h"
#include "sample.h"
#include "xdp.h"

/* As on the outer NIC: lyncxdp decides first, and what it passes goes on to the dispatcher's other programs. */
struct {
    __uint(priority, 10);
    __uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(lyncxdp_inner);

/* Any frame, with all that it may need. With an opinion to give it answers by that, and does nothing else. */
lx_apart int lx_any_inner(struct xdp_md *context, struct lx_opinion *opinion)
{
    struct lx_frame frame = lx_xdp_frame(context, bpf_xdp_get_buff_len(context));
    struct lx_cursor cursor = lx_cursor(&frame);
    __u32 judgement = LX_JUDGED(LX_REASON_NO_POLICY), reason;
    __u64 service = LX_NO_SERVICE;
    struct lx_packet *packet = lx_scratch_packet();
    bool records = !twin && !opinion;
    struct lx_view view;
    bool would = false;

    if (!packet)
        return XDP_DROP;
    __builtin_memset(packet, 0, sizeof(*packet));
    if (lx_image_of(lx_slot_asked(opinion), &view)) {
        /* As at tc egress, a policy of `--egress off` has nothing judged or counted here. */
        if (view.image->egress == LX_EGRESS_OFF && !opinion)
            return lx_xdp_pass(LX_HOOK_FROM_ROLE);
        would = lx_is_lenient(&view, LX_HOOK_FROM_ROLE) || view.image->egress == LX_EGRESS_OFF;
        reason = lx_read_link(&view, &cursor, packet, frame.vlan);
        if (reason == LX_UNDECIDED)
            reason = lx_read_inside_xdp(context, cursor.offset, frame.length, view.image->built_ins, packet);
        judgement = lx_judge_any_sent(&view, packet, reason, records, &service);
    }
    if (opinion)
        return lx_answer(opinion, judgement, service, would);
    return lx_xdp_conclude(LX_HOOK_FROM_ROLE, judgement, service, frame.length, would);
}

/* An ordinary frame, judged, remembered and counted; false when it is none. */
lx_inline bool lx_ordinary_inner(struct xdp_md *context, bool ipv4, int *verdict)
{
    struct lx_frame frame = lx_xdp_frame(context, context->data_end - context->data);
    __u32 judgement;
    __u64 service;
    struct lx_packet packet;
    struct lx_view view;

    /* The image before the rest, so that little need be kept while it is looked up. */
    if (frame.length > LX_LONGEST_LINEAR || !lx_ordinary_link(&frame, ipv4) || !lx_image_in_force(&view) ||
        view.image->vlans || view.image->egress == LX_EGRESS_OFF || !lx_ordinary(&frame, &packet, ipv4))
        return false;
    judgement = lx_judge_sent_ordinary(&view, &packet, ipv4);
    if (lx_unlikely(judgement == LX_UNDECIDED))
        return false;
    service = lx_sent_service(lx_service_of(&packet), &packet);
    *verdict =
        lx_xdp_conclude(LX_HOOK_FROM_ROLE, judgement, service, frame.length, lx_is_lenient(&view, LX_HOOK_FROM_ROLE));
    return true;
}

/* IPv6 apart, so that the verifier follows either family on its own. LX_UNDECIDED for false. */
lx_apart int lx_ordinary6_inner(struct xdp_md *context)
{
    int verdict = LX_UNDECIDED;

    lx_ordinary_inner(context, false, &verdict);
    return verdict;
}

#define LX_PROGRAM inner
#define LX_WATCHED LX_HOOK_FROM_ROLE
#define LX_CONTEXT struct xdp_md
#define LX_ACCESS xdp
#include "watched.h"

SEC("xdp.frags")
int lyncxdp_inner(struct xdp_md *context)
{
    int verdict;

    if (!lx_ordinary_inner(context, true, &verdict)) {
        verdict = lx_ordinary6_inner(context);
        if (verdict == LX_UNDECIDED)
            verdict = lx_any_inner(context, NULL);
    }
    lx_watch_inner(context, verdict != XDP_DROP);
    return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
