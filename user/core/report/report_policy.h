/* SPDX-License-Identifier: GPL-2.0-only */
/* What is written in policies: roles, rows, and what is wrong with them, as JSON (report_json.h). */
#ifndef LYNCXDP_CORE_REPORT_POLICY_H
#define LYNCXDP_CORE_REPORT_POLICY_H

#include <jansson.h>

#include "user/core/policy/policy_file.h"
#include "user/core/resolve/policy.h"
#include "user/core/text/diagnostic.h"

/*
 * A role of a policy file, with the number of rows that its tables print, those of the roles it includes among them:
 * rows that cite one place count once, rows that cite nothing one by one.
 */
json_t *lx_report_role(const struct lx_policy_file *file, const struct lx_role *role);

/* A row. With a rule, also what its two ends resolved to: `source_addresses` and `destination_addresses`. */
json_t *lx_report_row(const struct lx_row *row, const struct lx_rule *rule);

/* A diagnostic, for `check --json`. */
json_t *lx_report_diagnostic(const struct lx_diagnostic *diagnostic);

#endif
