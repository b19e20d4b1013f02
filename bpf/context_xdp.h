/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame as XDP hands it over, for the shell of every program (program.h). context_skb.h gives the same names to what
 * tc hands over; a program includes one of the two.
 */
#ifndef LYNCXDP_BPF_CONTEXT_XDP_H
#define LYNCXDP_BPF_CONTEXT_XDP_H

#include "maps.h"

#define LX_CONTEXT struct xdp_md
#define LX_CONTEXT_DROP XDP_DROP

/* XDP sees what a NIC receives: all of it comes in by that NIC. */
#define LX_AT_EGRESS 0

/* An ordinary frame is not longer; of a longer one, more may lie in fragments than the program sees. */
#define LX_LONGEST_LINEAR 1522

/* The frame as it lies there now; `length` is that of the whole. */
lx_inline struct lx_frame lx_context_frame(LX_CONTEXT *context, __u32 length)
{
    return (struct lx_frame){
        .data = (const __u8 *)(long)context->data,
        .end = (const __u8 *)(long)context->data_end,
        .length = length,
    };
}

/* How long the frame is with all its fragments. */
lx_inline __u32 lx_context_length(LX_CONTEXT *context)
{
    return bpf_xdp_get_buff_len(context);
}

/* Any frame, with as much of it in sight as can be had. */
lx_inline struct lx_frame lx_context_any(LX_CONTEXT *context)
{
    return lx_context_frame(context, lx_context_length(context));
}

/* A frame that may be ordinary, for which no helper is called: it is taken to have no fragments. */
lx_inline struct lx_frame lx_context_linear(LX_CONTEXT *context)
{
    return lx_context_frame(context, context->data_end - context->data);
}

/* True when what lx_context_linear took for granted holds. */
lx_inline bool lx_context_is_linear(const struct lx_frame *frame)
{
    return frame->length <= LX_LONGEST_LINEAR;
}

/* The packets and bytes that a frame of this length counts for. */
lx_inline __u32 lx_context_packets(const LX_CONTEXT *context)
{
    (void)context;
    return 1;
}

lx_inline __u32 lx_context_bytes(const LX_CONTEXT *context, __u32 length)
{
    (void)context;
    return length;
}

/* The frame's beginning, wherever it lies. */
lx_inline void lx_context_load(LX_CONTEXT *context, void *to, __u32 length)
{
    bpf_xdp_load_bytes(context, 0, to, length);
}

/*
 * What passes goes on to the kernel, or, on a pair that forwards by itself, out at the other NIC; when that one is
 * gone, nowhere.
 */
lx_inline int lx_context_pass(enum lx_hook hook)
{
    return forward ? bpf_redirect_map(&peers, hook, XDP_DROP) : XDP_PASS;
}

#endif
