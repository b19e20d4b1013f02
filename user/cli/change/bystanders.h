/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosts behind a pair that are not the role, and that a policy would cut. */
#ifndef LYNCXDP_CLI_BYSTANDERS_H
#define LYNCXDP_CLI_BYSTANDERS_H

#include "user/core/resolve/policy.h"
#include "user/kernel/link/interface.h"

/* Warns of those that this machine knows to be behind the inner interface, or says that it knows of none. */
void lx_warn_of_bystanders(const struct lx_interface *inner, const struct lx_policy *policy);

#endif
