/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The state that packets are judged by (decide.h), in the maps of an attachment: one, whichever packet asks. */
#ifndef LYNCXDP_BPF_STATE_H
#define LYNCXDP_BPF_STATE_H

#include <lyncxdp/decide.h>

#include "count.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

lx_inline bool lx_state_records(const struct lx_packet *packet)
{
    return !dry_run;
}

lx_inline __u64 lx_state_now(const struct lx_packet *packet)
{
    return bpf_ktime_get_coarse_ns();
}

lx_inline struct lx_flow_gate *lx_state_gate(const struct lx_packet *packet)
{
    return &flow_gate;
}

lx_inline bool lx_state_image(const struct lx_packet *packet, struct lx_view *view)
{
    return lx_image_in_force(view);
}

/* As one number, which a function that is not inlined can return. */
#define LX_NO_MATCH (LX_NO_ROW << 16 | LX_NO_ROW)

lx_inline __u64 lx_match_pack(struct lx_policy_match match)
{
    return (__u64)match.spoofed << 32 | (__u32)match.row << 16 | match.answered;
}

/* Not inlined, so that the verifier follows the tables once and not at every call. */
lx_noinline __u64 lx_policy_lookup_noinline(const struct lx_packet *packet, __u32 slot, bool ipv4)
{
    struct lx_view view;

    if (!packet || !lx_image_of(slot, &view))
        return LX_NO_MATCH;
    return lx_match_pack(ipv4 ? lx_policy_lookup_ported(&view, packet, true)
                              : lx_policy_lookup_ported(&view, packet, false));
}

/* The same of what has no ports, for which few policies have any use. */
lx_noinline __u64 lx_portless_lookup_noinline(const struct lx_packet *packet, __u32 slot, bool ipv4)
{
    struct lx_view view;

    if (!packet || !lx_image_of(slot, &view))
        return LX_NO_MATCH;
    return lx_match_pack(ipv4 ? lx_policy_lookup_portless(&view, packet, true)
                              : lx_policy_lookup_portless(&view, packet, false));
}

lx_noinline __u32 lx_portless_noinline(const struct lx_packet *packet, __u32 slot, bool ipv4, bool any_source)
{
    struct lx_view view;

    if (!packet || !lx_image_of(slot, &view))
        return LX_JUDGED(LX_REASON_NO_POLICY);
    view.any_source = any_source;
    return ipv4 ? lx_policy_from_role_portless(&view, packet, true)
                : lx_policy_from_role_portless(&view, packet, false);
}

lx_inline __u32 lx_state_portless(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    return lx_portless_noinline(packet, view->slot, ipv4, view->any_source);
}

lx_inline struct lx_policy_match lx_state_match(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    __u64 match = lx_has_no_ports(packet) ? lx_portless_lookup_noinline(packet, view->slot, ipv4)
                                          : lx_policy_lookup_noinline(packet, view->slot, ipv4);

    return (struct lx_policy_match){match >> 32 & 1, match >> 16, match};
}

lx_inline struct lx_flow *lx_state_flow(const struct lx_packet *packet, const __u64 *key)
{
    return bpf_map_lookup_elem(&flows, key);
}

lx_inline bool lx_state_begin_flow(const struct lx_packet *packet, const __u64 *key, const struct lx_flow *flow)
{
    if (bpf_map_update_elem(&flows, key, flow, BPF_NOEXIST))
        return false;
    lx_count_flow();
    return true;
}

lx_inline void lx_state_remove_flow(const struct lx_packet *packet, const __u64 *key)
{
    bpf_map_delete_elem(&flows, key);
}

lx_inline const struct lx_fragmented *lx_state_datagram(const struct lx_packet *packet,
                                                        const struct lx_fragment_key *key)
{
    return bpf_map_lookup_elem(&fragments, key);
}

lx_inline void lx_state_keep_datagram(const struct lx_packet *packet, const struct lx_fragment_key *key,
                                      const struct lx_fragmented *datagram)
{
    bpf_map_update_elem(&fragments, key, datagram, BPF_ANY);
}

#endif
