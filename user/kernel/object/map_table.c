/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of maps. */
#include "map_table.h"

#include <lyncxdp/flow.h>
#include <lyncxdp/fragment.h>

const struct lx_map_kind lx_map_kinds[LX_MAP_COUNT] = {
    [LX_MAP_CONTROL] = {"control", sizeof(__u32), sizeof(struct lx_control)},
    [LX_MAP_IMAGES] = {"images", sizeof(__u32), sizeof(__u32)},
    [LX_MAP_FLOWS] = {"flows", sizeof(__u64), sizeof(struct lx_flow)},
    [LX_MAP_FLOW_GATE] = {"flow_gate", sizeof(__u32), sizeof(struct lx_flow_gate)},
    [LX_MAP_FRAGMENTS] = {"fragments", sizeof(struct lx_fragment_key), sizeof(struct lx_fragmented)},
    [LX_MAP_PEERS] = {"peers", sizeof(__u32), sizeof(__u32)},
    [LX_MAP_LABELS] = {"labels", sizeof(__u32), sizeof(struct lx_row_label)},
    [LX_MAP_METADATA] = {"metadata", sizeof(__u32), sizeof(struct lx_metadata)},
    [LX_MAP_PUBLICATIONS] = {"publications", sizeof(__u32), sizeof(struct lx_publication)},
    [LX_MAP_CHANGES] = {"changes", sizeof(__u32), sizeof(__u32)},
    [LX_MAP_COMPARISONS] = {"comparisons", sizeof(__u32), sizeof(struct lx_comparisons)},
    [LX_MAP_SAMPLES] = {"samples", sizeof(__u32), sizeof(__u32)},
    [LX_MAP_SAMPLE_FILTER] = {"sample_filter", sizeof(__u32), sizeof(struct lx_sample_filter)},
    [LX_MAP_SAMPLE_COUNTS] = {"sample_counts", sizeof(__u32), sizeof(struct lx_sample_counts)},
    [LX_MAP_TO_ROLE_COUNTERS] = {"to_role_counters", sizeof(__u32), sizeof(struct lx_cpu_counters)},
    [LX_MAP_TO_ROLE_PORTS] = {"to_role_ports", sizeof(__u32), sizeof(struct lx_port_page)},
    [LX_MAP_FROM_ROLE_COUNTERS] = {"from_role_counters", sizeof(__u32), sizeof(struct lx_cpu_counters)},
    [LX_MAP_FROM_ROLE_PORTS] = {"from_role_ports", sizeof(__u32), sizeof(struct lx_port_page)},
    [LX_MAP_OWN_PORTS] = {"own_ports", sizeof(__u32), sizeof(struct lx_port_page)},
};

const char *lx_map_name(enum lx_map map)
{
    return lx_map_kinds[map].name;
}
