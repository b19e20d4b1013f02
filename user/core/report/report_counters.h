/* SPDX-License-Identifier: GPL-2.0-only */
/* What one hook of an attachment has counted, as JSON (report_json.h). */
#ifndef LYNCXDP_CORE_REPORT_COUNTERS_H
#define LYNCXDP_CORE_REPORT_COUNTERS_H

#include <jansson.h>
#include <lyncxdp/abi.h>

#include "counters.h"

/*
 * The counters of one hook, where reason `row` is already the sum over the rows; `labels` are LX_ROW_SLOTS. Rows: every
 * labelled one, in the order of their slots; reasons and ports: the non-zero ones, reasons in the order of the ABI,
 * what was dropped before what would have been, ports with the most of both together first.
 */
json_t *lx_report_counters(const struct lx_metadata *metadata, enum lx_hook hook, const struct lx_counters *counters,
                           const struct lx_row_label *labels);

#endif
