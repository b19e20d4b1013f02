/* SPDX-License-Identifier: GPL-2.0-only */
/* What a change of policy newly allows and newly drops, for people or as JSON. */
#ifndef LYNCXDP_CLI_PRINT_DIFF_H
#define LYNCXDP_CLI_PRINT_DIFF_H

#include <stdbool.h>

#include "user/core/resolve/policy.h"

/* Prints the difference between the policy in force and the one that would be. Returns the exit code. */
int lx_print_diff(const struct lx_policy *before, const struct lx_policy *after, bool json);

#endif
