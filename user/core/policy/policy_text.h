/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of a policy file: what it includes, what it declares, its sets of rows and its roles. */
#ifndef LYNCXDP_CORE_POLICY_TEXT_H
#define LYNCXDP_CORE_POLICY_TEXT_H

#include "policy_reader.h"

/* Reads the tree of a file into the policy. Mistakes go to the file's reader. */
void lx_read_policy_text(struct lx_policy_reader *policy, struct lx_unit *unit);

#endif
