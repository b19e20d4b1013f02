/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The to-role hook, for the shell of every program (program.h): what goes to the role, wherever the program stands that
 * sees it. hook_from_role.h gives the same names to the other hook; a program includes one of the two, after its
 * context.
 */
#ifndef LYNCXDP_BPF_HOOK_TO_ROLE_H
#define LYNCXDP_BPF_HOOK_TO_ROLE_H

#include "to_role.h"

#define LX_HOOK LX_HOOK_TO_ROLE

/* The reason that most ordinary packets pass for. */
#define LX_HOOK_USUAL_PASS LX_REASON_ROW

/* Most packets that an attack is made of are of no row. */
#define LX_HOOK_USUALLY_NO_ROW true

/* 1 where the verifier follows either family in a function of its own. */
#define LX_HOOK_IPV6_NOINLINE 0

/* No policy is without this hook. */
lx_inline bool lx_hook_is_off(const struct lx_view *view)
{
    (void)view;
    return false;
}

/* True where the hook sees the packets of the box itself alone. */
lx_inline bool lx_hook_is_of_box(void)
{
    return false;
}

/* What a packet of this service is counted by. */
lx_inline __u64 lx_hook_service(__u32 service, const struct lx_packet *packet)
{
    (void)packet;
    return service;
}

/* A packet whose headers were read and have not decided it. */
lx_inline __u32 lx_hook_decide(const struct lx_view *view, const struct lx_packet *packet, __u32 slot, bool records)
{
    bool ipv4 = packet->ethertype == ETH_P_IP;
    struct lx_policy_match match = lx_policy_match_unpack(lx_policy_lookup_noinline(packet, slot, ipv4));

    if (ipv4)
        return lx_decide_to_role(view, packet, true, match, records);
    return lx_decide_to_role(view, packet, false, match, records);
}

/* An ordinary packet; LX_UNDECIDED when it takes more than is done there. `service` receives what it is counted by. */
lx_inline __u32 lx_hook_decide_ordinary(const struct lx_view *view, const struct lx_packet *packet, bool ipv4,
                                        __u64 *service)
{
    __u32 destination = lx_service_of(packet);

    *service = destination;
    return lx_decide_to_role_ordinary(view, packet, destination, ipv4);
}

#endif
