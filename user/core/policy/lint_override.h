/* SPDX-License-Identifier: GPL-2.0-only */
/* What lint has to say of the rows that a site overrides. */
#ifndef LYNCXDP_CORE_LINT_OVERRIDE_H
#define LYNCXDP_CORE_LINT_OVERRIDE_H

#include "policy_file.h"
#include "site_file.h"

/*
 * Warns of what overrides open beyond the rows of the file, and of those behind it, and of keys that change nothing.
 * Returns 0 or -ENOMEM.
 */
int lx_lint_overrides(const struct lx_site *site, const struct lx_policy_file *file,
                      struct lx_diagnostics *diagnostics);

#endif
