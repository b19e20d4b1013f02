/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the words of a request that mean nothing in an edition: roles, options, workloads, and the roles a site names.
 */
#ifndef LYNCXDP_CORE_REQUEST_CHECK_H
#define LYNCXDP_CORE_REQUEST_CHECK_H

#include "user/core/policy/request.h"
#include "user/core/policy/site_file.h"

/*
 * All mistakes are diagnosed in one run. Returns 0, -ENOENT for an unknown role, -EINVAL for another mistake, -ENOMEM.
 * `site` may be NULL.
 */
int lx_request_check(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
                     struct lx_diagnostics *diagnostics);

#endif
