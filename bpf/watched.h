/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is done with a packet besides judging and counting it: the candidate is asked what it would have done, and a
 * listener is told of what was dropped. The same for every program, which says before it includes this:
 *   LX_PROGRAM   the end of its functions' names; lx_any_<LX_PROGRAM> judges any packet
 *   LX_WATCHED   the hook that it stands at
 *   LX_CONTEXT   the type of what the kernel hands it
 *   LX_ACCESS    what the functions begin with that look into that: lx_<LX_ACCESS>_packets and so on
 * There is no guard against a second time: the tests compile all programs as one.
 */
#include "sample.h"

#define LX_JOIN_NOW(one, other) one##other
#define LX_JOIN(one, other) LX_JOIN_NOW(one, other)
#define LX_MINE(name) LX_JOIN(name, LX_PROGRAM)
#define LX_OF(context, what) LX_JOIN(LX_JOIN(lx_, LX_ACCESS), what)(context)

/* What the candidate would have done with a packet that was judged and counted. */
lx_apart int LX_MINE(lx_shadow_)(LX_CONTEXT *context, bool passed)
{
    __u32 reason, row, service;
    struct lx_opinion opinion;

    if (twin)
        return 0;
    lx_ask_candidate(&opinion);
    LX_MINE(lx_any_)(context, &opinion);
    if (!lx_compare(LX_WATCHED, &opinion, passed, LX_OF(context, _packets), LX_OF(context, _bytes)))
        return 0;
    reason = opinion.judgement & 0xffff;
    row = opinion.judgement >> 16;
    service = opinion.service;
    if (passed) {
        lx_ask_in_force(&opinion);
        LX_MINE(lx_any_)(context, &opinion);
        row = opinion.judgement >> 16;
    }
    return lx_count_change(LX_WATCHED << 1 | !passed, LX_JUDGEMENT(reason, row), service, LX_OF(context, _packets),
                           LX_OF(context, _bytes));
}

lx_apart int LX_MINE(lx_send_sample_)(LX_CONTEXT *context, const struct lx_opinion *opinion)
{
    __u32 length = LX_OF(context, _length);
    struct lx_sample *sample;

    if (twin || !opinion)
        return 0;
    sample = lx_sample_begin(opinion, LX_WATCHED, length);
    if (!sample)
        return 0;
    LX_JOIN(LX_JOIN(bpf_, LX_ACCESS), _load_bytes)(context, 0, sample->bytes, lx_sampled_bytes(length));
    bpf_ringbuf_submit(sample, 0);
    return 0;
}

/* Tells the listener of a packet, if it is one that he wants to hear of. */
lx_apart int LX_MINE(lx_sample_)(LX_CONTEXT *context, bool passed)
{
    struct lx_opinion opinion;

    if (!lx_sample_asks(LX_WATCHED, passed))
        return 0;
    lx_ask_in_force(&opinion);
    LX_MINE(lx_any_)(context, &opinion);
    if (lx_reason_verdict(opinion.judgement & 0xffff) == LX_DROP)
        LX_MINE(lx_send_sample_)(context, &opinion);
    return 0;
}

/* Both, where somebody wants to know. */
lx_inline void LX_MINE(lx_watch_)(LX_CONTEXT *context, bool passed)
{
    if (lx_likely(!lx_is_watched()) || twin)
        return;
    if (lx_has_candidate())
        LX_MINE(lx_shadow_)(context, passed);
    if (lx_sampled_until())
        LX_MINE(lx_sample_)(context, passed);
}

#undef LX_JOIN_NOW
#undef LX_JOIN
#undef LX_MINE
#undef LX_OF
#undef LX_PROGRAM
#undef LX_WATCHED
#undef LX_CONTEXT
#undef LX_ACCESS
