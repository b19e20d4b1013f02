/* SPDX-License-Identifier: GPL-2.0-only */
/* Roles that take over the rows of other roles: that those exist, that none includes itself, which sides come along. */
#ifndef LYNCXDP_CORE_ROLE_INCLUDES_H
#define LYNCXDP_CORE_ROLE_INCLUDES_H

#include "policy_draft.h"

/*
 * Checks what the roles of all files include, and gives each role the sides of the roles that it includes. Mistakes go
 * to the readers of the files.
 */
void lx_check_role_includes(struct lx_policy_draft *policy);

/* What an edge names: a role or set of `names`, or NULL. */
const struct lx_named *lx_edge_target(const struct lx_policy_draft *policy, const struct lx_edge *edge);

#endif
