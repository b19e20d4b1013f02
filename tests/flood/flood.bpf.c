/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Makes a frame out of each one that a test run hands in: a source that is drawn, the next target in turn, checksums to
 * match; and sends it out of an interface. Pages come back with what their last reader left in them, so that all
 * headers are written each time.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "shape.h"

const volatile struct lx_flood_shape shape;

__u32 targets[LX_FLOOD_TARGETS];
__u64 state = 1; /* of the generator of random numbers; never 0 */
__u32 next;
__u64 made;
__u64 began, ended; /* a run's first frame and, give or take a few, its last: CLOCK_MONOTONIC, ns */

/* xorshift64: what is needed is a source that differs, not one that cannot be guessed. */
static __always_inline __u64 draw(void)
{
    __u64 drawn = state;

    drawn ^= drawn << 13;
    drawn ^= drawn >> 7;
    drawn ^= drawn << 17;
    return state = drawn;
}

static __always_inline __u32 next_target(void)
{
    __u32 now = next;

    next = now + 1 < shape.targets ? now + 1 : 0;
    return targets[now & (LX_FLOOD_TARGETS - 1)];
}

/* Asks for the time now and then only: it costs as much as a third of a frame. */
static __always_inline void note_time(void)
{
    if (made++ % LX_FLOOD_TIMED && began)
        return;
    ended = bpf_ktime_get_ns();
    if (!began)
        began = ended;
}

/* The sum of the 16-bit words of eight bytes. */
static __always_inline __u32 sum_of(__u64 bytes)
{
    return (__u32)(bytes & 0xffff) + (__u32)(bytes >> 16 & 0xffff) + (__u32)(bytes >> 32 & 0xffff) +
           (__u32)(bytes >> 48);
}

static __always_inline __u16 checksum(__u32 sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

/* Returns the sum of the source's words. */
static __always_inline __u32 write_network(__u8 *ip, __u32 transport)
{
    __u64 source = (draw() & shape.varied[0]) | shape.source[0], rest = 0;

    if (shape.ipv6) {
        rest = (draw() & shape.varied[1]) | shape.source[1];
        *(__u64 *)(ip + 8) = source;
        *(__u64 *)(ip + 16) = rest;
    } else {
        *(__u32 *)(ip + 12) = source;
        *(__u16 *)(ip + 10) = checksum(shape.ip_sums[transport] + sum_of(source));
    }
    return sum_of(source) + sum_of(rest);
}

static __always_inline void write_transport(__u8 *at, __u32 target, __u32 sum)
{
    __u32 transport = target >> 16 & 1;
    __u16 to = bpf_htons(target & 0xffff), from = bpf_htons(shape.source_port);

    if (!shape.source_port)
        from = bpf_htons(1024 + (__u32)draw() % 64512);
    *(__u16 *)at = from;
    *(__u16 *)(at + 2) = to;
    sum = checksum(shape.sums[transport] + sum + from + to);
    if (transport == LX_FLOOD_TCP)
        *(__u16 *)(at + 16) = sum;
    else
        *(__u16 *)(at + 6) = sum ?: 0xffff;
}

SEC("xdp")
int flood(struct xdp_md *context)
{
    __u8 *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
    __u32 target = next_target(), transport = target >> 16 & 1, sum;

    if (data + shape.words * 8 > end)
        return XDP_ABORTED;
    for (__u32 i = 0; i < LX_FLOOD_HEADERS / 8; i++)
        if (i < shape.words)
            ((__u64 *)data)[i] = transport == LX_FLOOD_TCP ? shape.templates[1][i] : shape.templates[0][i];
    sum = write_network(data + shape.ip, transport);
    write_transport(data + shape.ip + (shape.ipv6 ? 40 : 20), target, sum);
    note_time();
    return bpf_redirect(shape.ifindex, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
