/* SPDX-License-Identifier: GPL-2.0-only */
/* Roles that take over the rows of other roles: that those exist, that none includes itself, which sides come along. */
#ifndef LYNCXDP_CORE_ROLE_INCLUDES_H
#define LYNCXDP_CORE_ROLE_INCLUDES_H

#include "policy_file.h"
#include "schema.h"

/*
 * Checks what the roles include and gives each the sides of what it includes. nodes[i] is what stands behind
 * `includes:` in roles[i], or NULL. Mistakes go to the reader.
 */
void lx_check_includes(struct lx_reader *reader, struct lx_role *roles, const struct lx_node *const *nodes,
                       size_t count);

#endif
