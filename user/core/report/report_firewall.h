/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sheet for whoever runs another firewall: what a policy lets through, a line for each row that opens something, in
 * words that need no knowledge of the tables (report_json.h).
 */
#ifndef LYNCXDP_CORE_REPORT_FIREWALL_H
#define LYNCXDP_CORE_REPORT_FIREWALL_H

#include <jansson.h>

#include "user/core/policy/policy_file.h"
#include "user/core/resolve/policy.h"

/*
 * A line: `rule`, `from`, `source_port`, `to`, `destination_port`, `transport`, `direction` (inbound: to the role),
 * `purpose`, `only_for`, `source`. The role stands there by name; `roles` is that name for a site's own rows. With a
 * rule, addresses stand behind the names. `file` knows what the row's options are for.
 */
json_t *lx_report_firewall_line(const struct lx_row *row, const struct lx_rule *rule, const char *roles,
                                const struct lx_policy_file *file);

#endif
