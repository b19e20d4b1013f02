/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names in a site that must be known: a misspelt role would leave its rows open to any address, a misspelt option a
 * range open that somebody wanted closed. A site is shared by roles and editions, so any table at hand may know them.
 */
#ifndef LYNCXDP_CORE_SITE_NAMES_H
#define LYNCXDP_CORE_SITE_NAMES_H

#include "policy_file.h"
#include "site_file.h"

/*
 * Diagnoses, at its place and with the nearest, every role and option that neither `file` knows nor `elsewhere` (each
 * with those behind it; the latter may be NULL). Returns 0, -EINVAL when there was one, or -ENOMEM.
 */
int lx_site_names_check(const struct lx_site *site, const struct lx_policy_file *file,
                        const struct lx_policy_file *elsewhere, struct lx_diagnostics *diagnostics);

#endif
