/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The from-role hook, for the shell of every program (program.h): the same names as in hook_to_role.h. At tc egress it
 * stands on the role's own host, or at the outer NIC of a pair that the kernel bridges or routes, for the box's own
 * packets, which never cross the inner one; by XDP, at the inner NIC of a pair, or where the role is behind a NIC.
 */
#ifndef LYNCXDP_BPF_HOOK_FROM_ROLE_H
#define LYNCXDP_BPF_HOOK_FROM_ROLE_H

#include "state.h"

#define LX_HOOK LX_HOOK_FROM_ROLE

/* By XDP there is no such shortcut: a pass is longer there, and twice it takes more of the stack than is left. */
#define LX_HOOK_USUAL_PASS (LX_AT_EGRESS ? (__u32)LX_REASON_MIRROR : ~0u)
#define LX_HOOK_USUALLY_NO_ROW false

#define LX_HOOK_IPV6_NOINLINE 1

/* Where the role is behind the interface, what it sends is held to its own name (own_name.h); that is by XDP. */
#define LX_HOOK_HOLDS (!LX_AT_EGRESS)

/* This hook does not exist to a policy of `--egress off`; the program waits for an update that needs it. */
lx_inline bool lx_hook_is_off(const struct lx_view *view)
{
    return view->image->egress == LX_EGRESS_OFF;
}

/* What came in by another NIC of a pair was judged at the inner one; the box itself is not behind the role. */
lx_inline bool lx_hook_is_of_box(void)
{
    return LX_AT_EGRESS && paired;
}

lx_inline __u64 lx_hook_service(__u32 service, const struct lx_packet *packet)
{
    return lx_sent_service(service, packet);
}

#endif
