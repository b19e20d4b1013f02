/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a packet costs before anybody has decided anything: a program that only drops, and one that parses Ethernet, IP
 * and ports and then drops, or passes what has any. Every figure of the benchmark stands beside these.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int floor_drop(struct xdp_md *context)
{
    (void)context;
    return XDP_DROP;
}

static __always_inline int parse(struct xdp_md *context, int verdict)
{
    void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
    struct ethhdr *ethernet = data;
    struct udphdr *ports;
    __u8 protocol;

    if ((void *)(ethernet + 1) > end)
        return XDP_ABORTED;
    if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
        struct iphdr *ip = (void *)(ethernet + 1);

        if ((void *)(ip + 1) > end)
            return XDP_ABORTED;
        protocol = ip->protocol;
        ports = (void *)ip + ip->ihl * 4;
    } else {
        struct ipv6hdr *ip = (void *)(ethernet + 1);

        if ((void *)(ip + 1) > end)
            return XDP_ABORTED;
        protocol = ip->nexthdr;
        ports = (void *)(ip + 1);
    }
    if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || (void *)(ports + 1) > end)
        return XDP_ABORTED;
    /* So that reading them is not optimised away; a variable would be written by every CPU. */
    asm volatile("" : : "r"(ports->source | (__u32)ports->dest << 16));
    return verdict;
}

SEC("xdp.frags")
int floor_parse(struct xdp_md *context)
{
    return parse(context, XDP_DROP);
}

SEC("xdp.frags")
int floor_pass(struct xdp_md *context)
{
    return parse(context, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
