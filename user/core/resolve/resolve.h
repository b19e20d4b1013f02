/* SPDX-License-Identifier: GPL-2.0-only */
/* From rows and a site to a policy: picks the rows of the roles asked for and gives every name its addresses. */
#ifndef LYNCXDP_CORE_RESOLVE_H
#define LYNCXDP_CORE_RESOLVE_H

#include "policy.h"
#include "user/core/policy/request.h"
#include "user/core/policy/site_file.h"
#include "user/core/text/diagnostic.h"

/*
 * Resolves. An unresolved `self` is any unicast address; an unresolved group is an error that names the row, the group
 * and how to supply it. Returns 0; -EINVAL after diagnostics; -ENOENT for a role that the file does not have (with a
 * diagnostic that lists the nearest); -ENOTSUP for a side on a role without sides; -E2BIG for more than LX_MAX_ROWS
 * rows; -ENOMEM. The output is untouched unless 0. `site` may be NULL.
 */
int lx_resolve(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
               struct lx_policy *policy, struct lx_diagnostics *diagnostics);

#endif
