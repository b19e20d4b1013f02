/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a candidate beside the policy in force would change: each packet that was judged and counted is judged once more
 * by the candidate's image, and where the two do not agree it is counted what the candidate would have done and why.
 * Nothing that the policy in force goes by changes: flows and fragments are read, and are those of that policy.
 *
 * It is asked by the half of a program that takes any frame, which answers instead of counting then. (A program of its
 * own behind a tail call would leave these programs alone, but the kernel lets none behind libxdp's dispatcher have
 * one: from 6.12 on a tail call counts as changing the packet.)
 */
#ifndef LYNCXDP_BPF_SHADOW_H
#define LYNCXDP_BPF_SHADOW_H

#include "count.h"

/* A question to an image, and its answer. */
struct lx_query {
    __u32 slot;      /* asked: of the image */
    __u32 judgement; /* packed */
    __u32 service;   /* of the packet, or LX_NO_SERVICE */
    __u32 passes;
};

/* The slot of the image to judge by: the one that is asked, or the one in force. */
lx_inline __u32 lx_query_slot(const struct lx_query *query)
{
    return query ? query->slot : lx_slot_in_force(lx_control_now());
}

lx_inline int lx_query_decide(struct lx_query *query, __u32 judgement, __u32 service, bool permissive)
{
    query->judgement = judgement;
    query->service = service;
    query->passes = permissive || lx_judgement_passes(judgement);
    return 0;
}

lx_inline void lx_query_shadow(struct lx_query *query)
{
    *query = (struct lx_query){.slot = lx_control_shadow(lx_control_now()), .judgement = LX_JUDGED(0)};
}

/* The policy in force asked once more: for the row that lets a packet pass. */
lx_inline void lx_query_in_force(struct lx_query *query)
{
    *query = (struct lx_query){.slot = lx_slot_in_force(lx_control_now()), .judgement = LX_JUDGED(0)};
}

/* Counts a packet that both have judged. True when the candidate would not do with it what was done: `passed`. */
lx_inline bool lx_compare(enum lx_hook hook, const struct lx_query *candidate, bool passed, __u32 packets, __u32 bytes)
{
    __u32 cpu = bpf_get_smp_processor_id();
    struct lx_comparisons *mine = bpf_map_lookup_elem(&comparisons, &cpu);

    if (!mine)
        return false;
    mine->hooks[hook].packets += packets;
    if (candidate->passes == passed)
        return false;
    if (passed)
        lx_add(&mine->hooks[hook].newly[LX_DROP], packets, bytes);
    else
        lx_add(&mine->hooks[hook].newly[LX_PASS], packets, bytes);
    return true;
}

/* Counts what the candidate would change; the row of `judgement` is that of the one of the two that lets it pass. */
lx_noinline int lx_count_change(__u32 hook_and_newly, __u32 judgement, __u32 service, __u32 packets, __u32 bytes)
{
    __u32 hook = hook_and_newly >> 1, newly = hook_and_newly & 1;
    struct lx_counter fresh = {.packets = packets, .bytes = bytes}, *counter;
    struct lx_divergence change = {.newly = newly,
                                   .reason = lx_judgement_reason(judgement),
                                   .row = lx_judgement_row(judgement),
                                   .transport = LX_NO_TRANSPORT};
    void *map = bpf_map_lookup_elem(&changes, &hook);

    if (!map)
        return 0;
    if (service != LX_NO_SERVICE) {
        change.transport = service >> 16;
        change.port = service;
    }
    counter = bpf_map_lookup_elem(map, &change);
    if (!counter) {
        if (!bpf_map_update_elem(map, &change, &fresh, BPF_NOEXIST))
            return 0;
        counter = bpf_map_lookup_elem(map, &change); /* another CPU was quicker, or there is no room */
        if (!counter)
            return 0;
    }
    __sync_fetch_and_add(&counter->packets, fresh.packets);
    __sync_fetch_and_add(&counter->bytes, fresh.bytes);
    return 0;
}

#endif
