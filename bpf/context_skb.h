/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as tc hands it over at a NIC's egress, for the shell of every program (program.h): the same names as in
 * context_xdp.h.
 */
#ifndef LYNCXDP_BPF_CONTEXT_SKB_H
#define LYNCXDP_BPF_CONTEXT_SKB_H

#include "maps.h"

#include <linux/pkt_cls.h>

#define LX_CONTEXT struct __sk_buff
#define LX_CONTEXT_DROP TC_ACT_SHOT
#define LX_AT_EGRESS 1

/* The most of a packet that is pulled into its linear part: Ethernet, two tags, IPv6 and room for extension headers. */
#define LX_HEADERS 256

/* The frame as it lies there now; `length` is that of the whole. */
lx_inline struct lx_frame lx_context_frame(LX_CONTEXT *context, __u32 length)
{
    return (struct lx_frame){
        .data = (const __u8 *)(long)context->data,
        .end = (const __u8 *)(long)context->data_end,
        .length = length,
        .vlan = context->vlan_present ? LX_VLAN_STRIPPED | (context->vlan_tci & 0xfff) : 0,
    };
}

lx_inline __u32 lx_context_length(const LX_CONTEXT *context)
{
    return context->len;
}

/* Any frame, with as much of it in sight as can be had: only the Ethernet header is sure to be linear here. */
lx_inline struct lx_frame lx_context_any(LX_CONTEXT *context)
{
    if ((void *)(long)context->data + LX_HEADERS > (void *)(long)context->data_end)
        bpf_skb_pull_data(context, context->len < LX_HEADERS ? context->len : LX_HEADERS);
    return lx_context_frame(context, context->len);
}

/* A frame that may be ordinary, for which no helper is called: what of it is not linear is not read. */
lx_inline struct lx_frame lx_context_linear(LX_CONTEXT *context)
{
    return lx_context_frame(context, context->len);
}

/* True when nothing that an ordinary frame has not is out of sight: its tag. */
lx_inline bool lx_context_is_linear(const struct lx_frame *frame)
{
    return !frame->vlan;
}

/* What a packet counts for: a segmentation-offload packet stands for several, and its tag may be out of sight. */
lx_inline __u32 lx_context_packets(const LX_CONTEXT *context)
{
    __u32 segments = context->gso_segs;

    return segments ? segments : 1;
}

lx_inline __u32 lx_context_bytes(const LX_CONTEXT *context, __u32 length)
{
    (void)length; /* read again: to keep it until here costs more */
    return context->len + (context->vlan_present ? 4 : 0);
}

/* The packet's beginning, wherever it lies. */
lx_inline void lx_context_load(LX_CONTEXT *context, void *to, __u32 length)
{
    bpf_skb_load_bytes(context, 0, to, length);
}

/* What passes goes on to the other programs of the NIC. */
lx_inline int lx_context_pass(enum lx_hook hook)
{
    (void)hook;
    return TC_ACT_UNSPEC;
}

#endif
