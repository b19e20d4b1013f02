/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is legal in a policy or a site but probably not meant. Lint warns and changes nothing; it says nothing of what
 * the documents print, who let ranges overlap and repeat ports for several services.
 */
#ifndef LYNCXDP_CORE_LINT_H
#define LYNCXDP_CORE_LINT_H

#include "policy_file.h"
#include "site_file.h"

/*
 * Warns of rows that open nothing new, rows that could be one, what opens the perimeter wide, and options and workloads
 * that are declared and not used. Returns 0 or -ENOMEM.
 */
int lx_lint_policy(const struct lx_policy_file *file, struct lx_diagnostics *diagnostics);

/*
 * Warns of the same in a site's own rows, of groups that no policy has of those it is for (`file` and all behind it),
 * of roles without an address and of what a host lives by and is switched off. Roles and options that no policy has are
 * errors. Returns 0 or -ENOMEM.
 */
int lx_lint_site(const struct lx_site *site, const struct lx_policy_file *file, struct lx_diagnostics *diagnostics);

#endif
