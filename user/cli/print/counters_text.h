/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports of counters as tables for people. */
#ifndef LYNCXDP_CLI_COUNTERS_TEXT_H
#define LYNCXDP_CLI_COUNTERS_TEXT_H

#include <jansson.h>
#include <stdbool.h>

enum lx_breakdown {
    LX_BY_ALL,
    LX_BY_ROW,
    LX_BY_REASON,
    LX_BY_PORT,
};

/*
 * Prints reports. One table is printed in full, all of them with what counts most. With rates (lx_report_rates) what
 * moves comes first, and what has counted nothing is left out of any. Returns the exit code.
 */
int lx_print_counters(const json_t *reports, enum lx_breakdown by, bool rates);

#endif
