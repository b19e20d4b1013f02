/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy files that include others: opened by whoever asked for the policy, read before what includes them. */
#ifndef LYNCXDP_CORE_POLICY_INCLUDES_H
#define LYNCXDP_CORE_POLICY_INCLUDES_H

#include "policy_reader.h"

/* Reads what stands behind a file's `include:`. A file that was read already is not read again. */
void lx_read_policy_includes(struct lx_policy_reader *policy, struct lx_unit *unit, const struct lx_node *node);

#endif
