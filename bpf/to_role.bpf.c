/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The XDP program of the to-role hook: fetches the image in force, lets the pure data plane judge the frame, counts.
 * Its twin is the same program loaded with `twin` set: it answers instead of counting.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#include <lyncxdp/judge.h>

#include "maps.h"

/* lyncxdp decides before any other program of the dispatcher sees the packet; what it passes goes on to them. */
struct {
    __uint(priority, 10);
    __uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(lyncxdp_to_role);

SEC("xdp.frags")
int lyncxdp_to_role(struct xdp_md *context)
{
    struct lx_frame frame = {
        .data = (const __u8 *)(long)context->data,
        .end = (const __u8 *)(long)context->data_end,
        .length = bpf_xdp_get_buff_len(context),
    };
    __u32 reason = LX_REASON_NO_POLICY;
    struct lx_packet packet;
    struct lx_view view;

    if (lx_image_in_force(&view))
        reason = lx_read_frame(&view, &frame, &packet);
    if (reason != LX_UNDECIDED)
        return lx_conclude_early(reason, frame.length);
    return lx_conclude(lx_judge_ports(&view, &packet, packet.ethertype == ETH_P_IP), &packet.tuple, packet.transport,
                       frame.length);
}

char _license[] SEC("license") = "Dual BSD/GPL";
