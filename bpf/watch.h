/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is done with a packet besides judging and counting it, the same for every program: the candidate is asked what
 * it would have done, and a listener is told of what was dropped.
 */
#ifndef LYNCXDP_BPF_WATCH_H
#define LYNCXDP_BPF_WATCH_H

#include "sample.h"

int lx_any(LX_CONTEXT *context, struct lx_opinion *opinion);

/* What the candidate would have done with a packet that was judged and counted. */
lx_apart int lx_shadow(LX_CONTEXT *context, bool passed)
{
    __u32 length, reason, row, service;
    struct lx_opinion opinion;

    if (twin)
        return 0;
    lx_ask_candidate(&opinion);
    lx_any(context, &opinion);
    length = lx_context_length(context);
    if (!lx_compare(LX_HOOK, &opinion, passed, lx_context_packets(context), lx_context_bytes(context, length)))
        return 0;
    reason = lx_judgement_reason(opinion.judgement);
    row = lx_judgement_row(opinion.judgement);
    service = opinion.service;
    if (passed) {
        lx_ask_in_force(&opinion);
        lx_any(context, &opinion);
        row = lx_judgement_row(opinion.judgement);
    }
    length = lx_context_length(context); /* asked for again: the stack has no room to keep it */
    return lx_count_change(LX_HOOK << 1 | !passed, LX_JUDGEMENT(reason, row), service, lx_context_packets(context),
                           lx_context_bytes(context, length));
}

lx_apart int lx_send_sample(LX_CONTEXT *context, const struct lx_opinion *opinion)
{
    __u32 length = lx_context_length(context);
    struct lx_sample *sample;

    if (twin || !opinion)
        return 0;
    sample = lx_sample_begin(opinion, LX_HOOK, length);
    if (!sample)
        return 0;
    lx_context_load(context, sample->bytes, lx_sampled_bytes(length));
    bpf_ringbuf_submit(sample, 0);
    return 0;
}

/* Tells the listener of a packet, if it is one that he wants to hear of. */
lx_apart int lx_tell(LX_CONTEXT *context, bool passed)
{
    struct lx_opinion opinion;

    if (!lx_sample_asks(LX_HOOK, passed))
        return 0;
    lx_ask_in_force(&opinion);
    lx_any(context, &opinion);
    if (!lx_judgement_passes(opinion.judgement))
        lx_send_sample(context, &opinion);
    return 0;
}

/* Both, where somebody wants to know. */
lx_inline void lx_watch(LX_CONTEXT *context, bool passed)
{
    if (lx_likely(!lx_is_watched()) || twin)
        return;
    if (lx_has_candidate())
        lx_shadow(context, passed);
    if (lx_sampled_until())
        lx_tell(context, passed);
}

#endif
