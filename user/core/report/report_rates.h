/* SPDX-License-Identifier: GPL-2.0-only */
/* What counters have counted a second between two reports, and which of them count most. */
#ifndef LYNCXDP_CORE_REPORT_RATES_H
#define LYNCXDP_CORE_REPORT_RATES_H

#include <jansson.h>

/*
 * Adds to reports of counters what was counted a second since `before`, which is the same some seconds ago (NULL: there
 * is none, and nothing was): `packets_per_second` and `bytes_per_second`, of ports `per_second`. Returns 0 or -1.
 */
int lx_report_rates(json_t *reports, const json_t *before, double seconds);

/* The items with the largest members first: `members` are numbers, the first one decides, and end with NULL. */
json_t *lx_report_sorted(const json_t *items, const char *const *members);

#endif
