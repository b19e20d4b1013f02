/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that say what an attachment is to be: its policy, how that is enforced, and how its programs run. One
 * list of them, for attach and for what a file declares.
 */
#ifndef LYNCXDP_CLI_ATTACHMENT_OPTIONS_H
#define LYNCXDP_CLI_ATTACHMENT_OPTIONS_H

#include "policy_options.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/attachment.h"

struct lx_attachment_options {
    struct lx_policy_options policy;
    struct lx_attach_choices choices;
    const char *pair;     /* the inner interface of an inline pair, or NULL */
    struct lx_words with; /* owned: what is filtered with it, IFACE or OUTER:INNER */
};

#define LX_ATTACHMENT_OPTION_SETS 3

/*
 * Fills in the sets, to be read into `options`. What an update may start from is written down in `request` and nothing
 * else is.
 */
void lx_attachment_option_sets(struct lx_attachment_options *options, struct lx_words *request,
                               struct lx_option_set sets[LX_ATTACHMENT_OPTION_SETS]);

/* What the options come to together. Returns LX_EXIT_DONE, or LX_EXIT_USAGE after it has printed what is wrong. */
int lx_attachment_options_check(const struct lx_attachment_options *options);

void lx_attachment_options_free(struct lx_attachment_options *options); /* what it owns */

#endif
