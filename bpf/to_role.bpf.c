/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The XDP program of the to-role hook: fetches the image in force, lets the pure data plane judge the frame, asks the
 * flows where no row allows it, counts. Its twin is the same program loaded with `twin` set: it answers instead.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#include "state.h"

/* lyncxdp decides before any other program of the dispatcher sees the packet; what it passes goes on to them. */
struct {
    __uint(priority, 10);
    __uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(lyncxdp_to_role);

lx_inline int lx_verdict(__u32 reason, bool would)
{
    return would || lx_reason_verdict(reason) == LX_PASS ? XDP_PASS : XDP_DROP;
}

/* The second half of a judgement, with what is remembered. */
lx_inline __u32 lx_judge(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 judgement = lx_judge_to_role(view, packet, ipv4);

    if (lx_unlikely(packet->kind == LX_KIND_FRAGMENT))
        return lx_ask_fragment(packet, LX_HOOK_TO_ROLE, ipv4);
    if (lx_may_be_reply(view, packet, judgement))
        judgement = lx_ask_flow(view, packet, ipv4, judgement);
    if (lx_unlikely(packet->first_fragment) && !twin && lx_reason_verdict(judgement & 0xffff) == LX_PASS)
        lx_record_fragment(packet, LX_HOOK_TO_ROLE, ipv4);
    return judgement;
}

SEC("xdp.frags")
int lyncxdp_to_role(struct xdp_md *context)
{
    struct lx_frame frame = {
        .data = (const __u8 *)(long)context->data,
        .end = (const __u8 *)(long)context->data_end,
        .length = bpf_xdp_get_buff_len(context),
    };
    __u32 reason = LX_REASON_NO_POLICY, judgement, cpu;
    struct lx_cpu_counters *mine;
    struct lx_packet packet;
    struct lx_view view;
    bool would = false;

    if (lx_image_in_force(&view)) {
        would = lx_is_lenient(&view, LX_HOOK_TO_ROLE);
        reason = lx_read_frame(&view, &frame, &packet);
    }
    if (reason != LX_UNDECIDED) {
        if (twin)
            return LX_JUDGED(reason);
        mine = lx_my_counters(&cpu);
        if (mine)
            lx_count_early(mine, reason, 1, frame.length, would);
        return lx_verdict(reason, would);
    }
    lx_blur(&packet);
    judgement = lx_judge(&view, &packet, packet.ethertype == ETH_P_IP);
    if (twin)
        return judgement;
    mine = lx_my_counters(&cpu);
    if (mine)
        lx_count(mine, cpu, judgement, &packet, 1, frame.length, would);
    return lx_verdict(judgement & 0xffff, would);
}

char _license[] SEC("license") = "Dual BSD/GPL";
