/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdicts on a capture: by the policy of a role, or by what filters an interface. Both return an exit code. */
#ifndef LYNCXDP_CLI_EXPLAIN_CAPTURE_H
#define LYNCXDP_CLI_EXPLAIN_CAPTURE_H

#include <lyncxdp/abi.h>

#include "user/cli/options/policy_options.h"

struct lx_capture_question {
    const char *path;  /* of a capture; "-": standard input */
    enum lx_hook hook; /* that judges every packet, with nothing remembered, unless */
    bool both_ways;    /* the addresses say which hook sees it, and what went before counts */
    bool json;
};

int lx_explain_capture_by_role(const struct lx_capture_question *question, const struct lx_policy_options *options);
int lx_explain_capture_by_interface(const struct lx_capture_question *question, const char *name);

#endif
