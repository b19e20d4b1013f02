/* SPDX-License-Identifier: GPL-2.0-only */
/* A declared interface taken for the words of attach: one reader of options, whoever writes them. */
#ifndef LYNCXDP_CLI_INTERFACE_CONFIG_H
#define LYNCXDP_CLI_INTERFACE_CONFIG_H

#include "policy_spec.h"
#include "user/cli/options/attachment_options.h"
#include "user/core/policy/declaration.h"
#include "user/kernel/attachment/attach.h"

/* Zeroed: nothing yet. */
struct lx_interface_config {
    struct lx_words words; /* of the declaration; `pair` borrows from them */
    struct lx_attach_choices choices;
    const char *pair;     /* the inner interface of an inline pair, or NULL */
    struct lx_words with; /* what is filtered with it */
    struct lx_policy_spec policy;
};

/* Reads what is declared, and nothing that it names: how the interface is attached, and the words of its request. */
int lx_interface_config_read(const char *verb, const struct lx_declared *declared, struct lx_interface_config *config);

/* Reads what is declared and the files that it names, and compiles. `verb` is for what is wrong. Returns an exit code.
 */
int lx_interface_config_compose(const char *verb, const struct lx_declared *declared,
                                struct lx_interface_config *config);

void lx_interface_config_free(struct lx_interface_config *config);

#endif
