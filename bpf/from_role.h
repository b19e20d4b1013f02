/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Judging what the role sends, wherever the program stands that sees it: at tc egress on the role's own host, or by XDP
 * on the inner NIC of a pair. Answers to inbound rows pass, outbound rows pass and are remembered as flows; what no row
 * lists is dropped, or under `--egress track` recorded and counted as what would have been dropped.
 */
#ifndef LYNCXDP_BPF_FROM_ROLE_H
#define LYNCXDP_BPF_FROM_ROLE_H

#include "state.h"

/*
 * What becomes of a packet whose headers were read: what the policy says of it (lx_judge_from_role), and what is
 * remembered. `records` false asks only, and nothing changes by it.
 */
lx_inline __u32 lx_decide_from_role(const struct lx_view *view, const struct lx_packet *packet, bool ipv4, bool records)
{
    __u32 judgement = lx_judge_from_role(view, packet, ipv4);

    if (packet->kind == LX_KIND_FRAGMENT)
        return lx_ask_fragment(packet, LX_HOOK_FROM_ROLE, ipv4);
    if (judgement == LX_JUDGED(LX_REASON_ICMP_ERROR_UNRELATED) && lx_flow_known(packet, ipv4))
        judgement = LX_JUDGED(LX_REASON_ICMP_ERROR);
    if (!records)
        return judgement;
    if (lx_begins_flow(view, packet, lx_judgement_reason(judgement)) &&
        !lx_record_flow_noinline(packet, ipv4, lx_judgement_row(judgement), view->image->generation) &&
        lx_make_room(packet, ipv4))
        lx_record_flow_noinline(packet, ipv4, lx_judgement_row(judgement), view->image->generation);
    if (lx_keeps_fragment(view, packet, LX_HOOK_FROM_ROLE, judgement))
        lx_record_fragment(packet, LX_HOOK_FROM_ROLE, ipv4);
    return judgement;
}

/*
 * The same for an ordinary packet. One whose flow another stands in the way of is left to the program's other half:
 * LX_UNDECIDED.
 */
lx_inline __u32 lx_decide_from_role_ordinary(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u32 judgement = lx_judge_from_role_ordinary(view, packet, ipv4);

    if (!dry_run && lx_begins_flow(view, packet, lx_judgement_reason(judgement)) &&
        !lx_record_flow(packet, ipv4, lx_judgement_row(judgement), view->image->generation))
        return LX_UNDECIDED;
    return judgement;
}

#endif
