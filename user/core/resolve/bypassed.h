/* SPDX-License-Identifier: GPL-2.0-only */
/* Neighbours behind the same pair, and VLANs, that are not judged: what `bypass:` of a site comes to. */
#ifndef LYNCXDP_CORE_BYPASSED_H
#define LYNCXDP_CORE_BYPASSED_H

#include "user/core/policy/bypass.h"

struct lx_bypassed {
    struct lx_prefix prefix;
    struct lx_bound bound;
};

struct lx_bypass {
    struct lx_bypassed *items; /* owned; in order, each prefix once: of two that hold an address the longer counts */
    size_t count;
    bool has_vlans;
    uint8_t vlans[512]; /* bitmap by VLAN id: frames all of whose tags are in it */
};

/* Whether there is anything. */
bool lx_bypass_any(const struct lx_bypass *bypass);

/* Whether all of it is bound to MAC addresses; what is not can be borrowed by whoever is behind the pair. */
bool lx_bypass_is_bound(const struct lx_bypass *bypass);

/* Whether a host is a neighbour, behind this MAC address. */
bool lx_bypass_holds(const struct lx_bypass *bypass, const struct lx_address *address, const uint8_t card[6]);

#endif
