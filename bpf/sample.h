/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Samples for a monitor: packets that are dropped, or would be, at most so many a second and with a count of all. The
 * monitor asks for a few seconds at a time; once it does not, the next packet puts an end to it.
 */
#ifndef LYNCXDP_BPF_SAMPLE_H
#define LYNCXDP_BPF_SAMPLE_H

#include "shadow.h"

/* True while a monitor asks for samples; one that was killed is forgotten here. */
lx_inline bool lx_is_sampled(void)
{
    __u64 until = lx_sampled_until();

    if (!until)
        return false;
    if (bpf_ktime_get_coarse_ns() / 1000000 < until)
        return true;
    __sync_val_compare_and_swap(&control.sampled_until, until, 0);
    return false;
}

lx_inline struct lx_sample_filter *lx_sample_filter_now(void)
{
    __u32 first = 0;

    return bpf_map_lookup_elem(&sample_filter, &first);
}

lx_inline struct lx_sample_counts *lx_my_sample_counts(void)
{
    __u32 cpu = bpf_get_smp_processor_id();

    return bpf_map_lookup_elem(&sample_counts, &cpu);
}

/* An end of the packet against the prefix. */
lx_inline bool lx_in_prefix(const struct lx_sample_filter *filter, const __u32 address[4], bool ipv4)
{
    __u32 high = ipv4 ? 0 : address[0], next = ipv4 ? 0 : address[1], third = ipv4 ? LX_MAPPED_PREFIX : address[2];

    return !(((high ^ filter->address[0]) & filter->mask[0]) | ((next ^ filter->address[1]) & filter->mask[1]) |
             ((third ^ filter->address[2]) & filter->mask[2]) | ((address[3] ^ filter->address[3]) & filter->mask[3]));
}

/* True when the monitor asks for such a packet. */
lx_inline bool lx_is_wanted(const struct lx_sample_filter *filter, const struct lx_query *query,
                            const struct lx_packet *packet)
{
    bool ipv4 = packet->ethertype == ETH_P_IP;

    if (filter->reasons && !(filter->reasons >> (query->judgement & (LX_REASON_CAPACITY - 1)) & 1))
        return false;
    if (filter->service != LX_SAMPLE_ANY &&
        (query->service == LX_NO_SERVICE ||
         (filter->service >> 31 ? (query->service ^ filter->service) & 0xffff : query->service ^ filter->service)))
        return false;
    if (!filter->prefixed)
        return true;
    if (!ipv4 && packet->ethertype != ETH_P_IPV6)
        return false;
    return lx_in_prefix(filter, packet->sender, ipv4) || lx_in_prefix(filter, packet->tuple.source, ipv4) ||
           lx_in_prefix(filter, packet->tuple.destination, ipv4);
}

lx_inline bool lx_wants_all(const struct lx_sample_filter *filter)
{
    return !filter->reasons && filter->service == LX_SAMPLE_ANY && !filter->prefixed;
}

/*
 * True when the image in force must be asked what became of a packet: not of one that passed where packets are dropped,
 * and not of one that was dropped while it is not time for another sample, if any is wanted; that one is counted.
 */
lx_noinline int lx_sample_asks(enum lx_hook hook, bool passed)
{
    struct lx_sample_counts *mine = lx_my_sample_counts();
    struct lx_sample_filter *filter = lx_sample_filter_now();
    struct lx_view view;

    if (dry_run || !mine || !filter || !lx_is_sampled())
        return false;
    if (passed)
        return lx_image_in_force(&view) && lx_is_permissive(&view, hook);
    if (!lx_wants_all(filter) || *(volatile __u64 *)&filter->next <= bpf_ktime_get_coarse_ns() + filter->burst)
        return true;
    mine->wanted++;
    return false;
}

/* How much of a frame a sample takes: 1 to LX_SAMPLE_BYTES, in a form that the verifier follows. */
lx_inline __u32 lx_sampled_bytes(__u32 length)
{
    __u32 most = (length < LX_SAMPLE_BYTES ? length : LX_SAMPLE_BYTES) - 1;

    lx_opaque(most);
    return (most & (LX_SAMPLE_BYTES - 1)) + 1;
}

/* One sample an interval, whichever CPU has it, and a burst ahead. */
lx_inline bool lx_is_time(struct lx_sample_filter *filter)
{
    __u64 now = bpf_ktime_get_coarse_ns(), next = *(volatile __u64 *)&filter->next, from = next;

    if (next > now + filter->burst)
        return false;
    if (from < now)
        from = now;
    return __sync_val_compare_and_swap(&filter->next, next, from + filter->interval) == next;
}

lx_inline void lx_describe(struct lx_sample *sample, const struct lx_query *query, const struct lx_packet *packet,
                           enum lx_hook hook, __u32 length)
{
    sample->time = bpf_ktime_get_ns();
    sample->judgement = query->judgement;
    sample->length = length;
    sample->captured = length < LX_SAMPLE_BYTES ? length : LX_SAMPLE_BYTES;
    sample->hook = hook;
    sample->passes = query->passes;
    sample->ethertype = packet->ethertype;
    sample->protocol = packet->protocol;
    sample->has_ports = query->service != LX_NO_SERVICE;
    sample->source_port = packet->tuple.source_port;
    sample->destination_port = packet->tuple.destination_port;
    sample->tcp_flags = packet->tcp_flags;
    sample->pad = 0;
    __builtin_memcpy(sample->source, packet->tuple.source, sizeof(sample->source));
    __builtin_memcpy(sample->destination, packet->tuple.destination, sizeof(sample->destination));
}

/* Room for a sample of the packet that was judged last, or NULL. Counted, whatever becomes of it. */
lx_inline struct lx_sample *lx_sample_begin(const struct lx_query *query, enum lx_hook hook, __u32 length)
{
    const struct lx_packet *packet = lx_scratch_packet();
    struct lx_sample_counts *mine = lx_my_sample_counts();
    struct lx_sample_filter *filter = lx_sample_filter_now();
    struct lx_sample *sample;
    __u32 first = 0;
    void *ring;

    if (!packet || !mine || !filter || !lx_is_wanted(filter, query, packet))
        return NULL;
    mine->wanted++;
    if (!lx_is_time(filter))
        return NULL;
    ring = bpf_map_lookup_elem(&samples, &first);
    sample = ring ? bpf_ringbuf_reserve(ring, sizeof(*sample), 0) : NULL;
    if (!sample) {
        mine->lost++;
        return NULL;
    }
    mine->samples++;
    lx_describe(sample, query, packet, hook, length);
    return sample;
}

#endif
