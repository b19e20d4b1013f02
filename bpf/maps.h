/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of an attachment, which its programs share, and the image in force. Map sizes that depend on the machine or
 * the policy are set before loading.
 */
#ifndef LYNCXDP_BPF_MAPS_H
#define LYNCXDP_BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <lyncxdp/judge.h>

/* Set before loading, constant ever after, so that the verifier and the JIT see constants. */
const volatile bool dry_run;
const volatile __u32 image_mask = LX_IMAGE_MIN_CAPACITY - 1;
const volatile bool paired;  /* an inline pair: the outer NIC's egress is for the box's own packets */
const volatile bool forward; /* the pair forwards by itself */

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

/*
 * One entry a possible CPU. An ordinary array: its lookup is inlined on every kernel, a per-CPU array's is not. Mapped
 * into memory by the one who clears the counter of a row that is gone: writing a whole entry would undo what others
 * count meanwhile.
 */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct lx_cpu_counters);
} counters SEC(".maps");

/* As many entries a possible CPU as there are pages of ports. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, LX_TRANSPORT_COUNT *LX_PORT_PAGES);
    __type(key, __u32);
    __type(value, struct lx_port_page);
} ports SEC(".maps");

/* The role's own ports, of what it sends: made for programs of the from-role hook alone. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, LX_OWN_PAGES);
    __type(key, __u32);
    __type(value, struct lx_port_page);
} own_ports SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, LX_DEFAULT_FLOWS);
    __type(key, __u64); /* lx_flow_key */
    __type(value, struct lx_flow);
} flows SEC(".maps");

/*
 * Which ports of the role have had flows: a flood on other ports is spared the look into the flow table. A variable in
 * a map of its own, so that the gate needs no look-up either.
 */
struct lx_flow_gate flow_gate SEC(".data.flow_gate");

/* Datagrams whose first fragment passed, and when. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, LX_FRAGMENTED_DATAGRAMS);
    __type(key, struct lx_fragment_key);
    __type(value, struct lx_fragmented);
} fragments SEC(".maps");

/* The NICs of a pair that forwards by itself: by hook, where a packet that it passes goes out. */
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, LX_HOOK_COUNT);
    __type(key, __u32);
    __type(value, __u32); /* an interface's index */
} peers SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, LX_ROW_SLOTS);
    __type(key, __u32);
    __type(value, struct lx_row_label);
} labels SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, LX_MEMBERS);
    __type(key, __u32);
    __type(value, struct lx_metadata);
} metadata SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, LX_IMAGE_SLOTS);
    __type(key, __u32);
    __type(value, struct lx_publication);
} publications SEC(".maps");

/*
 * What a candidate would change, counted in a map by hook that is there only while there is a candidate. All CPUs share
 * it: only packets that the two judge differently come there.
 */
struct change_map {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, LX_CHANGES);
    __uint(key_size, sizeof(struct lx_divergence)); /* clang leaves the types of an inner map's keys out of its BTF */
    __uint(value_size, sizeof(struct lx_counter));
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, LX_HOOK_COUNT);
    __type(key, __u32);
    __array(values, struct change_map);
} changes SEC(".maps");

/* One entry a possible CPU. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct lx_comparisons);
} comparisons SEC(".maps");

/* Samples of dropped packets on their way to a monitor, which brings the ring buffer along. */
struct sample_ring {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, LX_SAMPLE_RING);
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct sample_ring);
} samples SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct lx_sample_filter);
} sample_filter SEC(".maps");

/* One entry a possible CPU. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct lx_sample_counts);
} sample_counts SEC(".maps");

/* The control word of this moment. */
lx_inline __u64 lx_control_now(void)
{
    return *(volatile __u64 *)&control.word;
}

lx_inline bool lx_has_shadow(void)
{
    return lx_control_now() & LX_CONTROL_SHADOW;
}

lx_inline __u64 lx_sampled_until(void)
{
    return *(volatile __u64 *)&control.sampled_until;
}

/* True when more is to be done with a packet than to judge and count it. */
lx_inline bool lx_is_observed(void)
{
    return (lx_control_now() & LX_CONTROL_SHADOW) | lx_sampled_until();
}

/* The slot in force. The clock is asked only while a trial is pending. */
lx_inline __u32 lx_slot_in_force(__u64 word)
{
    if (lx_likely(!lx_control_deadline(word)))
        return lx_control_active(word);
    return lx_control_in_force(word, bpf_ktime_get_boot_ns() / 1000000);
}

/* The image in a slot. */
lx_inline bool lx_image_of(__u32 slot, struct lx_view *view)
{
    __u32 first = 0;
    void *image;

    image = bpf_map_lookup_elem(&images, &slot);
    if (!image)
        return false;
    image = bpf_map_lookup_elem(image, &first);
    if (!image)
        return false;
    view->image = image;
    view->mask = image_mask;
    view->any_source = false;
    return true;
}

/* The image that judges this packet: the active one, or the fallback once a trial's deadline has passed. */
lx_inline bool lx_image_in_force(struct lx_view *view)
{
    return lx_image_of(lx_slot_in_force(lx_control_now()), view);
}

#endif
