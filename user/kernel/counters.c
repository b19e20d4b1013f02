/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the counters of an attachment, one copy for each CPU, and adds them up. By look-up rather than mmap, because
 * the kernel maps no memory through a descriptor that may only read, and reading counters is to need no more.
 */
#include "attachment.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The structure is made of 64-bit counters from its first byte to its last. */
static void add_cpu(struct lx_counters *sum, const struct lx_counters *cpu)
{
    const __u64 *from = (const __u64 *)cpu;
    __u64 *to = (__u64 *)sum;

    for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
        to[i] += from[i];
}

static __u64 less(__u64 from, __u64 what)
{
    return from > what ? from - what : 0;
}

/*
 * A packet that a row credits is counted under the row alone, unless it has a reason of its own: a reply within a flow,
 * an answer. Those were counted after their row, so that what is read meanwhile never falls below zero; all the same.
 */
static void work_out_rows(struct lx_counters *total)
{
    const struct lx_counter *flow = &total->reasons[LX_REASON_FLOW], *mirror = &total->reasons[LX_REASON_MIRROR];
    struct lx_counter sum = {0};

    for (size_t i = 0; i < LX_ROW_SLOTS; i++) {
        sum.packets += total->rows[i].packets;
        sum.bytes += total->rows[i].bytes;
    }
    total->reasons[LX_REASON_ROW] = (struct lx_counter){
        .packets = less(sum.packets, flow->packets + mirror->packets),
        .bytes = less(sum.bytes, flow->bytes + mirror->bytes),
    };
}

int lx_attachment_counters(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_counters *sum,
                           struct lx_failure *failure)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);
    struct lx_counters *total, *copy;
    int error = 0;

    if (attachment->maps.fds[lx_map_of_counters(hook)] < 0)
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT, "%s has no such hook", attachment->metadata.interface);
    total = calloc(2, sizeof(*total));
    if (!total)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    copy = total + 1;
    if (bpf_obj_get_info_by_fd(attachment->maps.fds[lx_map_of_counters(hook)], &info, &length))
        error = -errno;
    for (__u32 cpu = 0; !error && cpu < info.max_entries; cpu++) {
        if (bpf_map_lookup_elem(attachment->maps.fds[lx_map_of_counters(hook)], &cpu, copy))
            error = -errno;
        else
            add_cpu(total, copy);
    }
    work_out_rows(total);
    if (!error)
        memcpy(sum, total, sizeof(*sum));
    free(total);
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the counters: %s", strerror(-error));
}
