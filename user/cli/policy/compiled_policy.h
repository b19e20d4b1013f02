/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy as the options ask for it, from its tables to its image: the one way from words to what judges packets, for
 * every verb that needs one. Functions return an exit code (enum lx_exit) and print what is wrong.
 */
#ifndef LYNCXDP_CLI_COMPILED_POLICY_H
#define LYNCXDP_CLI_COMPILED_POLICY_H

#include "tables.h"
#include "user/core/image/compile.h"
#include "user/core/policy/declaration.h"

/* Zeroed: nothing yet. */
struct lx_compiled_policy {
    struct lx_tables tables;
    struct lx_policy policy;
    struct lx_compiled compiled;
};

/*
 * Reads the tables and gives their rows addresses, for a host or for an inline pair. The options must outlive what is
 * composed.
 */
int lx_compose(const struct lx_policy_options *options, bool is_inline, struct lx_compiled_policy *compiled_policy);

/* The whole of it for an interface that fails closed. */
int lx_compose_closed(const struct lx_declared *declared, bool is_inline, unsigned vlan,
                      struct lx_compiled_policy *compiled_policy);

/* Refuses what only a pair can do, for a policy of a host. Returns an exit code. */
int lx_refuse_bypass(const struct lx_compiled_policy *compiled_policy);

/* Compiles the policy; apart, because an update gives its rows their counters in between. */
int lx_compiled_policy_build(struct lx_compiled_policy *compiled_policy);

void lx_compiled_policy_free(struct lx_compiled_policy *compiled_policy);

#endif
