/* SPDX-License-Identifier: GPL-2.0-only */
/* What two policies bypass differently. */
#ifndef LYNCXDP_CORE_BYPASS_DIFF_H
#define LYNCXDP_CORE_BYPASS_DIFF_H

#include "user/core/resolve/policy.h"

/*
 * The first neighbour from `at` on that `mine` bypasses and `theirs` does not, or behind other MAC addresses; `at`
 * receives the place behind it. NULL: there is none.
 */
const struct lx_bypassed *lx_bypass_next_own(const struct lx_bypass *mine, const struct lx_bypass *theirs, size_t *at);

/* Whether the two are the same. */
bool lx_bypass_same(const struct lx_bypass *left, const struct lx_bypass *right);

#endif
