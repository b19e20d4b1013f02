/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs on a NIC's XDP hook share: how they see a frame, and what becomes of one that passes. */
#ifndef LYNCXDP_BPF_XDP_H
#define LYNCXDP_BPF_XDP_H

#include <linux/bpf.h>

#include "count.h"

/* An ordinary frame is not longer; of a longer one, more may lie in fragments than the program sees. */
#define LX_LONGEST_LINEAR 1522

lx_inline struct lx_frame lx_xdp_frame(struct xdp_md *context, __u32 length)
{
    return (struct lx_frame){
        .data = (const __u8 *)(long)context->data,
        .end = (const __u8 *)(long)context->data_end,
        .length = length,
    };
}

/* What a frame counts for, and how long it is with all its pieces. */
lx_inline __u32 lx_xdp_packets(const struct xdp_md *context)
{
    (void)context;
    return 1;
}

lx_inline __u32 lx_xdp_length(struct xdp_md *context)
{
    return bpf_xdp_get_buff_len(context);
}

lx_inline __u32 lx_xdp_bytes(struct xdp_md *context)
{
    return lx_xdp_length(context);
}

/*
 * What passes goes on to the kernel, or, on a pair that forwards by itself, out at the other NIC; when that one is
 * gone, nowhere.
 */
lx_inline int lx_xdp_pass(enum lx_hook hook)
{
    return forward ? bpf_redirect_map(&peers, hook, XDP_DROP) : XDP_PASS;
}

/* Counts a judgement, and turns it into what the program returns. `service` is LX_NO_SERVICE where none was read. */
lx_inline int lx_xdp_conclude(enum lx_hook hook, __u32 judgement, __u64 service, __u32 bytes, bool would)
{
    struct lx_cpu_counters *mine;
    __u32 cpu;

    if (twin)
        return judgement;
    mine = lx_my_counters(&cpu);
    if (mine)
        lx_count(mine, cpu, judgement, service, 1, bytes, would);
    return would || lx_reason_verdict(judgement & 0xffff) == LX_PASS ? lx_xdp_pass(hook) : XDP_DROP;
}

/* What is inside the VLAN tags, which take `offset` bytes together with the Ethernet header. */
lx_apart __u32 lx_read_inside_xdp(struct xdp_md *context, __u32 offset, __u32 length, __u32 built_ins,
                                  struct lx_packet *packet)
{
    struct lx_frame frame = lx_xdp_frame(context, length);
    struct lx_cursor cursor = lx_cursor(&frame);

    if (!packet)
        return LX_REASON_SHORT_FRAME;
    cursor.offset = offset;
    lx_settle(&cursor);
    return lx_read_network(&cursor, length, built_ins, packet);
}

#endif
