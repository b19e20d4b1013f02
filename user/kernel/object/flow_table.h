/* SPDX-License-Identifier: GPL-2.0-only */
/* The flow table, many flows a call. */
#ifndef LYNCXDP_KERNEL_FLOW_TABLE_H
#define LYNCXDP_KERNEL_FLOW_TABLE_H

#include <lyncxdp/flow.h>

#include <stddef.h>

/* More than any bucket of the hash holds; a batch takes whole buckets. */
#define LX_FLOW_BATCH 4096

struct lx_flow_batch {
    __u64 keys[LX_FLOW_BATCH];
    struct lx_flow flows[LX_FLOW_BATCH];
    __u32 count;
};

/* Hands the whole table to `each`, a batch at a time, until it returns an error. Returns 0 or -errno. */
int lx_flow_table_each(int map, int (*each)(const struct lx_flow_batch *batch, void *data), void *data);

/* Takes all flows that were picked up out of a table; `count` receives how many they were. Returns 0 or -errno. */
int lx_flows_remove_picked_up(int map, size_t *count);

#endif
