/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that say which policy is meant: role, edition, side, site and the rest. One set, shared by every verb
 * that needs a policy, so that what `show` and `explain` speak of is what `attach` puts in force.
 */
#ifndef LYNCXDP_CLI_POLICY_OPTIONS_H
#define LYNCXDP_CLI_POLICY_OPTIONS_H

#include "options.h"
#include "user/core/resolve/resolve.h"

#define LX_DEFAULT_EDITION "lync2010"

struct lx_policy_options {
    struct lx_words roles, without, open, workloads;
    struct lx_words policies; /* files, in the order given */
    const char *edition;      /* NULL: LX_DEFAULT_EDITION */
    const char *site;         /* a file, or NULL */
    enum lx_side side;
    enum lx_lb lb;
    struct lx_settings {
        struct lx_setting *items;
        size_t count;
    } settings;
    struct lx_egress_choice {
        bool said;
        enum lx_egress mode;
    } egress;
    bool audit;
};

/* The set, to be read into `options`. */
struct lx_option_set lx_policy_option_set(struct lx_policy_options *options);

/* How the policy is enforced, for the verbs that put it in force; to be read into `options`, too. */
struct lx_option_set lx_enforcement_option_set(struct lx_policy_options *options);

#define LX_CHANGE_OPTION_SETS 3

/*
 * The sets of the verbs that change a policy in force: both of the above, and `negations`, what only such a verb takes
 * back. The words that are given are added to `given`, and one of them clears those before it (options.h).
 */
void lx_change_option_sets(struct lx_policy_options *options, struct lx_words *given,
                           const struct lx_option_set *negations, struct lx_option_set sets[LX_CHANGE_OPTION_SETS]);

/* Takes a verb's arguments for roles, of which there must be one. Returns an exit code. */
int lx_policy_options_take_roles(struct lx_policy_options *options, const struct lx_arguments *arguments,
                                 const char *verb);

/* True when any of the first set was given. */
bool lx_policy_options_given(const struct lx_policy_options *options);

void lx_policy_options_free(struct lx_policy_options *options);

#endif
