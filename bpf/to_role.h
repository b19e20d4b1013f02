/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Judging what goes to the role, wherever the program stands that sees it: inbound rows pass, and so do the replies to
 * flows where no row allows them.
 */
#ifndef LYNCXDP_BPF_TO_ROLE_H
#define LYNCXDP_BPF_TO_ROLE_H

#include "state.h"

/* What the tables of the image in a slot say, as one number: not inlined, so that the verifier follows them once and
 * not at every call. */
lx_noinline __u64 lx_policy_lookup_noinline(const struct lx_packet *packet, __u32 slot, bool ipv4)
{
    struct lx_policy_match match;
    struct lx_view view;

    if (!packet || !lx_image_of(slot, &view))
        return LX_NO_ROW << 16 | LX_NO_ROW;
    if (ipv4)
        match = lx_policy_lookup(&view, packet, true);
    else
        match = lx_policy_lookup(&view, packet, false);
    return (__u64)match.spoofed << 32 | (__u32)match.row << 16 | match.answered;
}

lx_inline struct lx_policy_match lx_policy_match_unpack(__u64 around)
{
    return (struct lx_policy_match){around >> 32 & 1, around >> 16, around};
}

/*
 * What becomes of a packet whose headers were read: what the policy says of it (lx_judge_to_role), and what is
 * remembered. `records` false asks only, and nothing changes by it.
 */
lx_inline __u32 lx_decide_to_role(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                                  struct lx_policy_match match, bool records)
{
    __u32 judgement = lx_judge_to_role(view, packet, ipv4, match);

    if (packet->kind == LX_KIND_FRAGMENT)
        return lx_ask_fragment(packet, LX_HOOK_TO_ROLE, ipv4);
    if (lx_may_be_reply(view, packet, judgement))
        judgement = lx_ask_flow(view, packet, ipv4, match, judgement, records);
    if (records && lx_keeps_fragment(view, packet, LX_HOOK_TO_ROLE, judgement))
        lx_record_fragment(packet, LX_HOOK_TO_ROLE, ipv4);
    return judgement;
}

/* The same for an ordinary packet; LX_UNDECIDED when it takes more than is done here. */
lx_inline __u32 lx_decide_to_role_ordinary(const struct lx_view *view, const struct lx_packet *packet, __u32 service,
                                           bool ipv4)
{
    __u32 row = lx_classify(view, &view->image->inbound, &packet->tuple, service, ipv4);

    if (row != LX_NO_ROW)
        return lx_judge_to_role_ordinary(view, packet, ipv4, row);
    if (!lx_has_reply_shape(view, packet) || !lx_gate_open(&flow_gate, service))
        return LX_JUDGED(LX_REASON_NO_ROW);
    return lx_ask_known_flow(view, packet, ipv4);
}

#endif
