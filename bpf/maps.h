/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of an attachment and the two things that a program does with them: fetch the image in force and count a
 * judgement. Map sizes that depend on the machine or the policy are set before loading.
 */
#ifndef LYNCXDP_BPF_MAPS_H
#define LYNCXDP_BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <lyncxdp/classify.h>
#include <lyncxdp/judge.h>

/* Set before loading, constant ever after, so that the verifier and the JIT see constants. */
const volatile bool twin;
const volatile __u32 image_mask = LX_IMAGE_MIN_CAPACITY - 1;

/* The control word sits in a map of its own, so that it can be pinned and mapped into memory. */
struct lx_control control SEC(".data.control");

struct image_map {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __uint(value_size, LX_IMAGE_MIN_CAPACITY + LX_IMAGE_SLACK);
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, LX_IMAGE_SLOTS);
    __type(key, __u32);
    __array(values, struct image_map);
} images SEC(".maps");

/* One entry a possible CPU. An ordinary array: its lookup is inlined on every kernel, a per-CPU array's is not. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct lx_counters);
} counters SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, LX_ROW_SLOTS);
    __type(key, __u32);
    __type(value, struct lx_row_label);
} labels SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct lx_metadata);
} metadata SEC(".maps");

/* The image that judges this packet: the active one, or the fallback once a trial's deadline has passed. */
lx_inline bool lx_image_in_force(struct lx_view *view)
{
    __u64 word = *(volatile __u64 *)&control.word;
    __u32 slot = lx_control_active(word), first = 0;
    void *image;

    image = bpf_map_lookup_elem(&images, &slot);
    if (!image)
        return false;
    image = bpf_map_lookup_elem(image, &first);
    if (!image)
        return false;
    view->image = image;
    view->mask = image_mask;
    return true;
}

lx_inline void lx_add(struct lx_counter *counter, __u32 bytes)
{
    counter->packets++;
    counter->bytes += bytes;
}

lx_inline struct lx_counters *lx_my_counters(void)
{
    __u32 cpu = bpf_get_smp_processor_id();

    return bpf_map_lookup_elem(&counters, &cpu);
}

lx_inline int lx_action(__u32 reason)
{
    return lx_reason_verdict(reason) == LX_PASS ? XDP_PASS : XDP_DROP;
}

/* Ends a packet that never showed TCP or UDP ports: counts it by its reason (the twin answers instead). */
lx_inline int lx_conclude_early(__u32 reason, __u32 bytes)
{
    struct lx_counters *mine;

    if (twin)
        return LX_JUDGED(reason);
    mine = lx_my_counters();
    if (mine)
        lx_add(&mine->reasons[reason & (LX_REASON_CAPACITY - 1)], bytes);
    return lx_action(reason);
}

/* Ends a TCP or UDP packet: counts it by its row, or by its reason and, if dropped, its destination port. */
lx_inline int lx_conclude(__u32 word, const struct lx_tuple *tuple, __u8 transport, __u32 bytes)
{
    struct lx_judgement judgement = lx_judgement_unpack(word);
    struct lx_counters *mine;

    if (twin)
        return word;
    mine = lx_my_counters();
    if (!mine)
        return lx_action(judgement.reason);
    if (judgement.reason == LX_REASON_ROW) {
        lx_add(&mine->rows[judgement.row & (LX_ROW_SLOTS - 1)], bytes);
        return XDP_PASS;
    }
    lx_add(&mine->reasons[judgement.reason & (LX_REASON_CAPACITY - 1)], bytes);
    if (lx_reason_verdict(judgement.reason) == LX_PASS)
        return XDP_PASS;
    mine->dropped[transport & 1][lx_index16(tuple->destination_port)]++;
    return XDP_DROP;
}

#endif
