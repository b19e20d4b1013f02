/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses that no packet on a network bears rightly: what a site must not give a role as its own, or name as a peer.
 */
#ifndef LYNCXDP_CORE_UNUSABLE_H
#define LYNCXDP_CORE_UNUSABLE_H

#include "address.h"

/* What a prefix is that is of no use ("a loopback address"); NULL when it is of use. */
typedef const char *lx_unusable(const struct lx_prefix *prefix);

/* As the own addresses of a role: none of them may be such an address, and they are not all addresses there are. */
const char *lx_unusable_self(const struct lx_prefix *prefix);

/* As a peer: one of them at least must be another. */
const char *lx_unusable_peer(const struct lx_prefix *prefix);

/* As a neighbour that is bypassed: the same as a role's own. */
const char *lx_unusable_neighbour(const struct lx_prefix *prefix);

#endif
