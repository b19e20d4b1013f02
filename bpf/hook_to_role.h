/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The to-role hook, for the shell of every program (program.h): what goes to the role, wherever the program stands that
 * sees it. hook_from_role.h gives the same names to the other hook; a program includes one of the two, after its
 * context.
 */
#ifndef LYNCXDP_BPF_HOOK_TO_ROLE_H
#define LYNCXDP_BPF_HOOK_TO_ROLE_H

#include "state.h"

#define LX_HOOK LX_HOOK_TO_ROLE

/* The reason that most ordinary packets pass for. */
#define LX_HOOK_USUAL_PASS LX_REASON_ROW

/* Most packets that an attack is made of are of no row. */
#define LX_HOOK_USUALLY_NO_ROW true

/* 1 where the verifier follows either family in a function of its own. */
#define LX_HOOK_IPV6_NOINLINE 0

/* What goes to the role claims nothing of the role's. */
#define LX_HOOK_HOLDS 0

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

#endif
