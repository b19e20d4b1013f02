/* SPDX-License-Identifier: GPL-2.0-only */
/* What a site bypasses, with its groups' addresses: policy->bypass. */
#ifndef LYNCXDP_CORE_BYPASS_BINDING_H
#define LYNCXDP_CORE_BYPASS_BINDING_H

#include "binding.h"
#include "user/core/text/diagnostic.h"

/*
 * Fills policy->bypass, once policy->protected is known: none of its addresses may be the role's. Returns 0, -ENOMEM,
 * or -EINVAL after a diagnostic.
 */
int lx_bind_bypass(struct lx_binding *binding, struct lx_diagnostics *diagnostics);

#endif
