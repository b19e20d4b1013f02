/* SPDX-License-Identifier: GPL-2.0-only */
/* What a person must know who attaches an inline pair: what keeps it from working, and the session that it would cut.
 */
#ifndef LYNCXDP_CLI_PAIR_H
#define LYNCXDP_CLI_PAIR_H

#include "activate.h"
#include "user/core/image/compile.h"
#include "user/core/resolve/policy.h"
#include "user/kernel/attachment/pair.h"

/* Finds the inner interface and makes sure that the two can be a pair. Returns an exit code. */
int lx_pair_find(const char *inner, const struct lx_interface *outer, bool forward, struct lx_pair *pair);

/*
 * Refuses what would cut the SSH session that this command was typed in, where that arrives by the inner interface, or
 * by either of two that forward by themselves; what arrives by the outer one of others is a host's case. Warns of what
 * keeps a pair from working. Returns an exit code.
 */
int lx_guard_pair(const struct lx_pair *pair, const struct lx_compiled *compiled, const struct lx_intent *intent);

/* The same of an SSH session that comes from the role itself, behind the interface. */
int lx_guard_behind(const struct lx_interface *interface, const struct lx_compiled *compiled,
                    const struct lx_intent *intent);

/*
 * Makes sure that what is to be attached, to an interface (the role `behind` it or not) or a pair (else NULL), does not
 * cut the hand that asks, and warns of what is probably not meant. Returns an exit code.
 */
int lx_guard_attachment(const struct lx_interface *interface, const struct lx_pair *pair, bool behind,
                        const struct lx_policy *policy, const struct lx_compiled *compiled,
                        const struct lx_intent *intent);

#endif
