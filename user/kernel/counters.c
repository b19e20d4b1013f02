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

static void add_counter(struct lx_counter *sum, const struct lx_counter *more)
{
    sum->packets += more->packets;
    sum->bytes += more->bytes;
}

static void add_cpu(struct lx_counters *sum, const struct lx_counters *cpu)
{
    for (size_t i = 0; i < LX_REASON_CAPACITY; i++)
        add_counter(&sum->reasons[i], &cpu->reasons[i]);
    for (size_t i = 0; i < LX_ROW_SLOTS; i++)
        add_counter(&sum->rows[i], &cpu->rows[i]);
    for (size_t transport = 0; transport < LX_TRANSPORT_COUNT; transport++)
        for (size_t port = 0; port < 65536; port++)
            sum->dropped[transport][port] += cpu->dropped[transport][port];
}

int lx_attachment_counters(const struct lx_attachment *attachment, struct lx_counters *sum, struct lx_failure *failure)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);
    struct lx_counters *total, *copy;
    int error = 0;

    total = calloc(2, sizeof(*total));
    if (!total)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    copy = total + 1;
    if (bpf_obj_get_info_by_fd(attachment->counters, &info, &length))
        error = -errno;
    for (__u32 cpu = 0; !error && cpu < info.max_entries; cpu++) {
        if (bpf_map_lookup_elem(attachment->counters, &cpu, copy))
            error = -errno;
        else
            add_cpu(total, copy);
    }
    /* A packet that a row credits is counted under the row alone. */
    for (size_t i = 0; i < LX_ROW_SLOTS; i++)
        add_counter(&total->reasons[LX_REASON_ROW], &total->rows[i]);
    if (!error)
        memcpy(sum, total, sizeof(*sum));
    free(total);
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the counters: %s", strerror(-error));
}
