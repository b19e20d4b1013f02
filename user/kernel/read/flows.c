/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the flow table, in batches so that reading a full one takes thousands of flows a call. The table moves
 * meanwhile: what is read is what was there at some moment of the reading.
 */
#include "flows.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "user/kernel/object/flow_table.h"
#include "user/kernel/process/clock.h"

struct collected {
    struct lx_flow *flows; /* owned */
    size_t count;
    __u64 now;
};

static int collect(const struct lx_flow_batch *batch, void *data)
{
    struct collected *collected = data;
    struct lx_flow *grown = reallocarray(collected->flows, collected->count + batch->count + 1, sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    collected->flows = grown;
    for (__u32 i = 0; i < batch->count; i++)
        if (!lx_flow_expired(&batch->flows[i], collected->now))
            grown[collected->count++] = batch->flows[i];
    return 0;
}

static int fail_to_read(int error, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the flows: %s", strerror(-error));
}

int lx_attachment_flows(const struct lx_attachment *attachment, struct lx_flow **flows, size_t *count,
                        struct lx_failure *failure)
{
    struct collected collected = {.now = lx_monotonic_ns()};
    int error = 0;

    if (attachment->maps.fds[LX_MAP_FLOWS] >= 0)
        error = lx_flow_table_each(attachment->maps.fds[LX_MAP_FLOWS], collect, &collected);
    if (error) {
        free(collected.flows);
        return fail_to_read(error, failure);
    }
    *flows = collected.flows;
    *count = collected.count;
    return 0;
}

struct counted {
    __u64 present, live, picked_up, now;
};

static int count_batch(const struct lx_flow_batch *batch, void *data)
{
    struct counted *counted = data;

    counted->present += batch->count;
    for (__u32 i = 0; i < batch->count; i++) {
        bool live = !lx_flow_expired(&batch->flows[i], counted->now);

        counted->live += live;
        counted->picked_up += live && batch->flows[i].picked_up;
    }
    return 0;
}

/* Those that commands have put into the table, less those that they took out; the programs do not count them. */
static int read_carried(const struct lx_attachment *attachment, int64_t *carried)
{
    struct lx_flow_gate *gate = malloc(sizeof(*gate));
    const __u32 first = 0;
    int error = gate ? 0 : -ENOMEM;

    if (gate && bpf_map_lookup_elem(attachment->maps.fds[LX_MAP_FLOW_GATE], &first, gate))
        error = -errno;
    if (!error)
        *carried = gate->carried;
    free(gate);
    return error;
}

/* The flows that were ever created. */
static int read_created(const struct lx_attachment *attachment, uint64_t *created, struct lx_failure *failure)
{
    struct lx_counters *sum = malloc(sizeof(*sum));
    int error;

    if (!sum)
        return fail_to_read(-ENOMEM, failure);
    error = lx_attachment_counters(attachment, LX_HOOK_FROM_ROLE, sum, failure);
    if (!error)
        *created = sum->flows_created;
    free(sum);
    return error;
}

/* The kernel reports no eviction: those were evicted that were created and are not there. */
int lx_attachment_count_flows(const struct lx_attachment *attachment, uint64_t created, struct lx_flow_numbers *numbers,
                              struct lx_failure *failure)
{
    struct counted counted = {.now = lx_monotonic_ns()};
    int64_t carried = 0;
    int error = 0;

    if (lx_attachment_has_hook(attachment, LX_HOOK_FROM_ROLE))
        error = read_carried(attachment, &carried)
                    ?: lx_flow_table_each(attachment->maps.fds[LX_MAP_FLOWS], count_batch, &counted);
    if (error)
        return fail_to_read(error, failure);
    created += (uint64_t)carried;
    *numbers = (struct lx_flow_numbers){
        .live = counted.live,
        .picked_up = counted.picked_up,
        .evicted = created > counted.present ? created - counted.present : 0,
    };
    return 0;
}

int lx_attachment_flow_numbers(const struct lx_attachment *attachment, struct lx_flow_numbers *numbers,
                               struct lx_failure *failure)
{
    uint64_t created = 0;
    int error = 0;

    /* The created ones are read first: what is created meanwhile makes evictions fewer, not more than there were. */
    if (lx_attachment_has_hook(attachment, LX_HOOK_FROM_ROLE))
        error = read_created(attachment, &created, failure);
    return error ?: lx_attachment_count_flows(attachment, created, numbers, failure);
}
