/* SPDX-License-Identifier: GPL-2.0-only */
/* What every verb does that puts a policy in force: spare the hand that does it, warn, and show what is open now. */
#ifndef LYNCXDP_CLI_ACTIVATE_H
#define LYNCXDP_CLI_ACTIVATE_H

#include "user/core/image/compile.h"
#include "user/core/resolve/policy.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/update.h"
#include "user/kernel/link/tcx.h"

/* How sure a person is of a policy. */
struct lx_intent {
    const char *verb;     /* "attach", "update", "apply" */
    bool no_trials;       /* the verb has none */
    uint32_t try_seconds; /* it comes back by itself after that time; 0: it does not */
    bool force;
    bool shadow;     /* it is to be a candidate, and enforced by nobody */
    bool unattended; /* nobody typed this just now: what may yet become right is warned of, and not refused */
    bool forget;     /* what was picked up ends with it */
    bool pick_up;    /* what is running is picked up with it */
};

/* Refuses a policy that would cut the SSH session this command was typed in. Returns an exit code. */
int lx_guard_session(const struct lx_interface *interface, const struct lx_policy *policy,
                     const struct lx_compiled *compiled, const struct lx_intent *intent);

/*
 * Refuses a policy for a host whose interface has addresses, but none that the site gives the role: it would drop
 * everything. Where a row of the site's own opens one of them, it warns. Returns an exit code.
 */
int lx_guard_self(const struct lx_interface *interface, const struct lx_policy *policy, const struct lx_intent *intent);

/*
 * Warns of an interface that leads to others than this host, which has no address of the role's there: a tap, a port of
 * a bridge, the host's end of a veth. Asked of a host's placement.
 */
void lx_warn_of_place(const struct lx_interface *interface, const struct lx_policy *policy);

/* Warns that nobody gave the role an address. */
void lx_warn_of_any_self(const struct lx_policy *policy);

/* Warns of every old list that a group of the policy was read from. */
void lx_warn_of_old_lists(const struct lx_policy *policy);

/* Warns of what is legal but probably not meant. `forward`: the pair forwards by itself, and no host lives there. */
void lx_warn_of_policy(const struct lx_interface *interface, const struct lx_policy *policy, bool forward);

/* Shows what was amiss with an attachment and is right since it was taken in hand. */
void lx_warn_of_restored(const struct lx_update *update);

/* Warns of a program that what the role sends meets before the filter. */
void lx_warn_of_tcx(const struct lx_tcx *tcx);

/* What was attached, how it runs, and its terms: egress, audit, trial. */
void lx_say_attached(const struct lx_metadata *attached, const struct lx_policy *policy,
                     const struct lx_attach_choices *choices);

/* What is in force after an update, and its terms. */
void lx_say_updated(const struct lx_update *update, const struct lx_policy *policy, uint32_t try_seconds);

/* What is a candidate after an update that only loads it, and what can be done with it. */
void lx_say_loaded(const struct lx_update *update, const struct lx_policy *policy);

#endif
