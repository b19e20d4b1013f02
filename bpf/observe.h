/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is done with a packet besides judging and counting it, the same for every program: the candidate is asked what
 * it would have done, and what was dropped is sampled for a monitor.
 */
#ifndef LYNCXDP_BPF_OBSERVE_H
#define LYNCXDP_BPF_OBSERVE_H

#include "sample.h"

int lx_any(LX_CONTEXT *context, struct lx_query *query);

/* What the candidate would have done with a packet that was judged and counted. */
lx_noinline int lx_shadow(LX_CONTEXT *context, bool passed)
{
    __u32 length, reason, row, service;
    struct lx_query query;

    if (dry_run)
        return 0;
    lx_query_shadow(&query);
    lx_any(context, &query);
    length = lx_context_length(context);
    if (!lx_compare(LX_HOOK, &query, passed, lx_context_packets(context), lx_context_bytes(context, length)))
        return 0;
    reason = lx_judgement_reason(query.judgement);
    row = lx_judgement_row(query.judgement);
    service = query.service;
    if (passed) {
        lx_query_in_force(&query);
        lx_any(context, &query);
        row = lx_judgement_row(query.judgement);
    }
    length = lx_context_length(context); /* asked for again: the stack has no room to keep it */
    return lx_count_change(LX_HOOK << 1 | !passed, LX_JUDGEMENT(reason, row), service, lx_context_packets(context),
                           lx_context_bytes(context, length));
}

lx_noinline int lx_send_sample(LX_CONTEXT *context, const struct lx_query *query)
{
    __u32 length = lx_context_length(context);
    struct lx_sample *sample;

    if (dry_run || !query)
        return 0;
    sample = lx_sample_begin(query, LX_HOOK, length);
    if (!sample)
        return 0;
    lx_context_load(context, sample->bytes, lx_sampled_bytes(length));
    bpf_ringbuf_submit(sample, 0);
    return 0;
}

/* Samples a packet, if it is one that the monitor asks for. */
lx_noinline int lx_sample_packet(LX_CONTEXT *context, bool passed)
{
    struct lx_query query;

    if (!lx_sample_asks(LX_HOOK, passed))
        return 0;
    lx_query_in_force(&query);
    lx_any(context, &query);
    if (!lx_judgement_passes(query.judgement))
        lx_send_sample(context, &query);
    return 0;
}

/* Both, where somebody wants to know. */
lx_inline void lx_observe(LX_CONTEXT *context, bool passed)
{
    if (lx_likely(!lx_is_observed()) || dry_run)
        return;
    if (lx_has_shadow())
        lx_shadow(context, passed);
    if (lx_sampled_until())
        lx_sample_packet(context, passed);
}

#endif
