/* SPDX-License-Identifier: GPL-2.0-only */
/* The words that the rows of a policy use, when all of its files are read: its groups, and words that nobody declared.
 */
#ifndef LYNCXDP_CORE_VOCABULARY_H
#define LYNCXDP_CORE_VOCABULARY_H

#include "policy_reader.h"

/* Lists every group that a row names, once. */
void lx_collect_groups(struct lx_policy_reader *policy);

/* Finds the options and workloads of files that declare none, where another file declares some. */
void lx_check_declared(struct lx_policy_reader *policy);

#endif
