/* SPDX-License-Identifier: GPL-2.0-only */
/* update --watch: stays, and makes the change again whenever a file that the policy was read from changes. */
#ifndef LYNCXDP_CLI_WATCH_LOOP_H
#define LYNCXDP_CLI_WATCH_LOOP_H

#include "change.h"

/* Makes the change and stays until SIGINT or SIGTERM. Whatever is wrong later, the policy in force stays. */
int lx_watch_loop(struct lx_policy_change *change);

#endif
