/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads in batches, so that a full table takes thousands of flows a call. The table moves meanwhile: what is read is
 * what was there at some moment of the reading.
 */
#include "flow_table.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int lx_flow_table_each(int map, int (*each)(const struct lx_flow_batch *batch, void *data), void *data)
{
    struct lx_flow_batch *batch = malloc(sizeof(*batch));
    __u64 position; /* the kernel writes a bucket's number into it, which is shorter */
    bool begun = false, done = false;
    int error = batch ? 0 : -ENOMEM;

    while (!error && !done) {
        batch->count = LX_FLOW_BATCH;
        if (bpf_map_lookup_batch(map, begun ? &position : NULL, &position, batch->keys, batch->flows, &batch->count,
                                 NULL)) {
            done = errno == ENOENT;
            error = done ? 0 : -errno;
        }
        begun = true;
        error = error ?: each(batch, data);
    }
    free(batch);
    return error;
}

struct removal {
    int map;
    size_t count;
};

static int remove_batch(const struct lx_flow_batch *batch, void *data)
{
    struct removal *removal = data;

    for (__u32 i = 0; i < batch->count; i++)
        if (batch->flows[i].picked_up)
            removal->count += !bpf_map_delete_elem(removal->map, &batch->keys[i]);
    return 0;
}

int lx_flows_remove_picked_up(int map, size_t *count)
{
    struct removal removal = {.map = map};
    int error = lx_flow_table_each(map, remove_batch, &removal);

    *count = removal.count;
    return error;
}
