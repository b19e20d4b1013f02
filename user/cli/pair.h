/* SPDX-License-Identifier: GPL-2.0-only */
/* What a person is told who attaches an inline pair: what keeps it from working, and the session that it would cut. */
#ifndef LYNCXDP_CLI_PAIR_H
#define LYNCXDP_CLI_PAIR_H

#include "../core/compile.h"
#include "../core/policy.h"
#include "../kernel/interface.h"
#include "put_in_force.h"

/* An inline pair as it was asked for. */
struct lx_pair {
    struct lx_interface outer, inner;
    bool forward;
};

/*
 * Refuses what would cut the SSH session that this command was typed in, where that arrives by the inner interface, or
 * by either of two that forward by themselves; what arrives by the outer one of others is a host's case. Returns
 * LX_EXIT_DONE, with a warning where the intent is to cut it, or LX_EXIT_FAILED.
 */
int lx_guard_pair(const struct lx_pair *pair, const struct lx_compiled *compiled, const struct lx_intent *intent);

/* Says what is legal but probably not meant. */
void lx_warn_of_pair(const struct lx_pair *pair);

#endif
