/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy of an interface whose own cannot be had, and that is to fail closed: what links and neighbours need
 * passes, and the rows by which whoever mends it comes in, nothing else.
 */
#ifndef LYNCXDP_CORE_CLOSED_H
#define LYNCXDP_CORE_CLOSED_H

#include "policy.h"
#include "user/core/policy/declaration.h"
#include "user/core/text/diagnostic.h"

/* Makes it of what is declared; results as lx_resolve. */
int lx_closed_policy(const struct lx_declared *declared, struct lx_policy *policy, struct lx_diagnostics *diagnostics);

#endif
