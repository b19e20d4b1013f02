/* SPDX-License-Identifier: GPL-2.0-only */
/* One flow as JSON (report_json.h): who speaks with whom, how it stands, and the row that lists it. */
#ifndef LYNCXDP_CORE_REPORT_FLOWS_H
#define LYNCXDP_CORE_REPORT_FLOWS_H

#include <jansson.h>
#include <lyncxdp/abi.h>
#include <lyncxdp/flow.h>
#include <stdint.h>

/* A flow, as it is at `now` (nanoseconds of CLOCK_MONOTONIC). `labels` are LX_ROW_SLOTS. */
json_t *lx_report_flow(const struct lx_metadata *metadata, const struct lx_flow *flow, uint64_t now,
                       const struct lx_row_label *labels);

#endif
