/* SPDX-License-Identifier: GPL-2.0-only */
/* What lint has to say of rows, whoever's they are. */
#ifndef LYNCXDP_CORE_LINT_ROWS_H
#define LYNCXDP_CORE_LINT_ROWS_H

#include "row.h"
#include "user/core/text/diagnostic.h"

/* Every row is held against every other, so more of them than any policy may have open are not looked at. */
#define LX_LINT_ROWS 2048

/*
 * Warns of each of the first `own` rows that opens nothing new: an earlier one of them, or any of those behind them,
 * opens as much. Two lines of a document stand as they are printed if they differ in application or note.
 */
void lx_lint_covered(const struct lx_row *const *rows, size_t own, size_t count, struct lx_diagnostics *diagnostics);

/* Hints at rows that could be one, and at ranges of one row that could; not at what documents print apart. */
void lx_lint_adjacent(const struct lx_row *const *rows, size_t count, struct lx_diagnostics *diagnostics);

/*
 * True for an inbound row with all the ports that clients use, 1024-65535, which may be on an external side. No table
 * of the perimeter has one: there the ports are listed.
 */
bool lx_row_opens_clients(const struct lx_row *row);

#endif
