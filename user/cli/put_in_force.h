/* SPDX-License-Identifier: GPL-2.0-only */
/* What every verb does that puts a policy in force: spare the hand that does it, warn, and tell what is open now. */
#ifndef LYNCXDP_CLI_PUT_IN_FORCE_H
#define LYNCXDP_CLI_PUT_IN_FORCE_H

#include "../core/compile.h"
#include "../core/policy.h"
#include "../kernel/interface.h"

/* How sure a person is of a policy. */
struct lx_intent {
    const char *verb;     /* "attach", "update" */
    uint32_t try_seconds; /* it comes back by itself after that time; 0: it does not */
    bool force;
};

/* Refuses a policy that would cut the SSH session this command was typed in. Returns an exit code. */
int lx_guard_session(const struct lx_interface *interface, const struct lx_policy *policy,
                     const struct lx_compiled *compiled, const struct lx_intent *intent);

/* Warns of what is legal but probably not meant. */
void lx_warn_of_policy(const struct lx_interface *interface, const struct lx_policy *policy);

size_t lx_rules_of_hook(const struct lx_policy *policy, enum lx_hook hook);

/* "av-edge (lync2010, external)" */
void lx_say_roles(const struct lx_policy *policy);

/* What becomes of what the role sends, whether anything is dropped at all, and until when. */
void lx_say_terms(const char *interface, const struct lx_policy *policy, uint32_t try_seconds);

#endif
