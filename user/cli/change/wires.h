/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces, or pairs, that are to be filtered with another, as they are written: IFACE, of a pair OUTER:INNER. */
#ifndef LYNCXDP_CLI_WIRES_H
#define LYNCXDP_CLI_WIRES_H

#include "pair.h"
#include "user/core/policy/declaration.h"
#include "user/kernel/attachment/attach.h"

_Static_assert(LX_MOST_WITH == LX_MEMBERS - 1, "what can be declared can be attached");

struct lx_wires {
    struct lx_wire items[LX_MEMBERS - 1];
    size_t count;
};

/*
 * Finds them and makes sure that they can be filtered with that interface, or with that pair (else NULL). Returns an
 * exit code.
 */
int lx_wires_find(const struct lx_words *with, const struct lx_interface *interface, const struct lx_pair *pair,
                  struct lx_wires *wires);

/* As lx_guard_attachment, for those that are filtered with another. */
int lx_guard_wires(const struct lx_wires *wires, bool forward, bool behind, const struct lx_policy *policy,
                   const struct lx_compiled *compiled, const struct lx_intent *intent);

#endif
