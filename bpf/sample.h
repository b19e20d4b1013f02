/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Samples for a listener: packets that are dropped, or would be, at most so many a second and with a count of all. Who
 * listens says so for a few seconds at a time; once he does not, the next packet puts an end to it.
 */
#ifndef LYNCXDP_BPF_SAMPLE_H
#define LYNCXDP_BPF_SAMPLE_H

#include "shadow.h"

/* True while there is a listener, who may have gone without a word. */
lx_inline bool lx_is_listened_to(void)
{
    __u64 until = lx_sampled_until();

    if (!until)
        return false;
    if (bpf_ktime_get_coarse_ns() / 1000000 < until)
        return true;
    __sync_val_compare_and_swap(&control.sampled_until, until, 0);
    return false;
}

lx_inline struct lx_wish *lx_the_wish(void)
{
    __u32 first = 0;

    return bpf_map_lookup_elem(&wishes, &first);
}

lx_inline struct lx_listened *lx_my_listened(void)
{
    __u32 cpu = bpf_get_smp_processor_id();

    return bpf_map_lookup_elem(&listened, &cpu);
}

/* An end of the packet against the prefix. */
lx_inline bool lx_in_prefix(const struct lx_wish *wish, const __u32 address[4], bool ipv4)
{
    __u32 high = ipv4 ? 0 : address[0], next = ipv4 ? 0 : address[1], third = ipv4 ? LX_MAPPED_PREFIX : address[2];

    return !(((high ^ wish->address[0]) & wish->mask[0]) | ((next ^ wish->address[1]) & wish->mask[1]) |
             ((third ^ wish->address[2]) & wish->mask[2]) | ((address[3] ^ wish->address[3]) & wish->mask[3]));
}

/* What the listener wants to see. */
lx_inline bool lx_is_wanted(const struct lx_wish *wish, const struct lx_opinion *opinion,
                            const struct lx_packet *packet)
{
    bool ipv4 = packet->ethertype == ETH_P_IP;

    if (wish->reasons && !(wish->reasons >> (opinion->judgement & (LX_REASON_CAPACITY - 1)) & 1))
        return false;
    if (wish->service != LX_LISTEN_ANY &&
        (opinion->service == LX_NO_SERVICE ||
         (wish->service >> 31 ? (opinion->service ^ wish->service) & 0xffff : opinion->service ^ wish->service)))
        return false;
    if (!wish->prefixed)
        return true;
    if (!ipv4 && packet->ethertype != ETH_P_IPV6)
        return false;
    return lx_in_prefix(wish, packet->sender, ipv4) || lx_in_prefix(wish, packet->tuple.source, ipv4) ||
           lx_in_prefix(wish, packet->tuple.destination, ipv4);
}

lx_inline bool lx_wants_all(const struct lx_wish *wish)
{
    return !wish->reasons && wish->service == LX_LISTEN_ANY && !wish->prefixed;
}

/*
 * True when the image in force must be asked what became of a packet: not of one that passed where packets are dropped,
 * and not of one that was dropped while it is not time for another sample, if any is wanted; that one is counted.
 */
lx_apart int lx_sample_asks(enum lx_hook hook, bool passed)
{
    struct lx_listened *mine = lx_my_listened();
    struct lx_wish *wish = lx_the_wish();
    struct lx_view view;

    if (twin || !mine || !wish || !lx_is_listened_to())
        return false;
    if (passed)
        return lx_image_in_force(&view) && lx_is_lenient(&view, hook);
    if (!lx_wants_all(wish) || *(volatile __u64 *)&wish->next <= bpf_ktime_get_coarse_ns() + wish->burst)
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
lx_inline bool lx_is_time(struct lx_wish *wish)
{
    __u64 now = bpf_ktime_get_coarse_ns(), next = *(volatile __u64 *)&wish->next, from = next;

    if (next > now + wish->burst)
        return false;
    if (from < now)
        from = now;
    return __sync_val_compare_and_swap(&wish->next, next, from + wish->interval) == next;
}

lx_inline void lx_describe(struct lx_sample *sample, const struct lx_opinion *opinion, const struct lx_packet *packet,
                           enum lx_hook hook, __u32 length)
{
    sample->time = bpf_ktime_get_ns();
    sample->judgement = opinion->judgement;
    sample->length = length;
    sample->captured = length < LX_SAMPLE_BYTES ? length : LX_SAMPLE_BYTES;
    sample->hook = hook;
    sample->would = opinion->passes;
    sample->ethertype = packet->ethertype;
    sample->protocol = packet->protocol;
    sample->has_ports = opinion->service != LX_NO_SERVICE;
    sample->source_port = packet->tuple.source_port;
    sample->destination_port = packet->tuple.destination_port;
    sample->tcp_flags = packet->tcp_flags;
    sample->pad = 0;
    __builtin_memcpy(sample->source, packet->tuple.source, sizeof(sample->source));
    __builtin_memcpy(sample->destination, packet->tuple.destination, sizeof(sample->destination));
}

/* Room for a sample of the packet that was judged last, or NULL. Counted, whatever becomes of it. */
lx_inline struct lx_sample *lx_sample_begin(const struct lx_opinion *opinion, enum lx_hook hook, __u32 length)
{
    const struct lx_packet *packet = lx_scratch_packet();
    struct lx_listened *mine = lx_my_listened();
    struct lx_wish *wish = lx_the_wish();
    struct lx_sample *sample;
    __u32 first = 0;
    void *ring;

    if (!packet || !mine || !wish || !lx_is_wanted(wish, opinion, packet))
        return NULL;
    mine->wanted++;
    if (!lx_is_time(wish))
        return NULL;
    ring = bpf_map_lookup_elem(&samples, &first);
    sample = ring ? bpf_ringbuf_reserve(ring, sizeof(*sample), 0) : NULL;
    if (!sample) {
        mine->lost++;
        return NULL;
    }
    mine->samples++;
    lx_describe(sample, opinion, packet, hook, length);
    return sample;
}

#endif
