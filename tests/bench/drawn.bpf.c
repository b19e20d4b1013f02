/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Gives each run of a test its own source address before it goes on to the program that is measured. A test run repeats
 * one frame, and what it costs to look up one address over and over says little of a crowd.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "drawn.h"

__u32 sources[LX_DRAWN]; /* network byte order, taken in turn */
__u32 next;

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} measured SEC(".maps");

SEC("xdp.frags")
int drawn(struct xdp_md *context)
{
    void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);

    if ((void *)(ip + 1) > end)
        return XDP_ABORTED;
    ip->saddr = sources[next++ & (LX_DRAWN - 1)];
    bpf_tail_call(context, &measured, 0);
    return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
