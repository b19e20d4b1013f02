/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy as the words of a request ask for it: those that are kept beside what is in force, or what they come to. */
#ifndef LYNCXDP_CLI_POLICY_SPEC_H
#define LYNCXDP_CLI_POLICY_SPEC_H

#include "compiled_policy.h"

/* Zeroed but for the words, which it owns, and the placement: nothing yet. */
struct lx_policy_spec {
    struct lx_words words;
    bool is_inline;                   /* for a pair */
    unsigned vlan;                    /* for one VLAN of a trunk, or 0 */
    struct lx_policy_options options; /* as read from the words */
    struct lx_compiled_policy compiled_policy;
};

/* Reads the words, and then the files that they name. `verb` and `interface` are for what is wrong. */
int lx_policy_spec_compose(const char *verb, const char *interface, struct lx_policy_spec *spec);

/* Adds the path of every file that was read for it, or could not be, once. Returns 0 or -ENOMEM. */
int lx_policy_spec_files(const struct lx_policy_spec *spec, struct lx_words *files);

/* Whether a publication is this very policy. It must have been composed. */
bool lx_policy_spec_published(const struct lx_policy_spec *spec, const struct lx_publication *publication);

void lx_policy_spec_free(struct lx_policy_spec *spec);

#endif
