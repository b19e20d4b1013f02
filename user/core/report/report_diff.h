/* SPDX-License-Identifier: GPL-2.0-only */
/* What a change of policy does, as JSON (report_json.h). */
#ifndef LYNCXDP_CORE_REPORT_DIFF_H
#define LYNCXDP_CORE_REPORT_DIFF_H

#include <jansson.h>

#include "user/core/diff/policy_diff.h"

/*
 * `allowed` and `dropped`, the regions, each with its verdicts `before` and `after`, and
 * `switches`, what is not about rows. A region's addresses are `source_addresses` without `source_except`, and so for
 * the destination. Large sets are one value, however many regions refer to them.
 */
json_t *lx_report_diff(const struct lx_policy_diff *diff);

#endif
