/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the counters of an attachment, one copy for each CPU, and adds them up. By look-up rather than mmap, because
 * the kernel maps no memory through a descriptor that may only read, and reading counters is to need no more.
 */
#include "counters.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What all CPUs have, one behind the other, as it was read. */
struct copies {
    struct lx_cpu_counters *cpus; /* owned */
    __u32 count;
};

static int read_cpus(int map, struct copies *copies)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);
    int error = 0;

    if (bpf_obj_get_info_by_fd(map, &info, &length))
        return -errno;
    copies->count = info.max_entries;
    copies->cpus = calloc(info.max_entries, sizeof(*copies->cpus));
    if (!copies->cpus)
        return -ENOMEM;
    for (__u32 cpu = 0; cpu < copies->count && !error; cpu++)
        if (bpf_map_lookup_elem(map, &cpu, &copies->cpus[cpu]))
            error = -errno;
    return error;
}

static void add(__u64 *sums, const __u64 *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += values[i];
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
    sum.packets += total->rows_gone.packets;
    sum.bytes += total->rows_gone.bytes;
    total->reasons[LX_REASON_ROW] = (struct lx_counter){
        .packets = less(sum.packets, flow->packets + mirror->packets),
        .bytes = less(sum.bytes, flow->bytes + mirror->bytes),
    };
}

static __u64 most(__u64 one, __u64 other)
{
    return one > other ? one : other;
}

/* A counter that fell was given to another row by an update: what it had goes on to count for the reason `row`. */
static void keep_rows_gone(const struct lx_counter *rows, struct lx_counters *sum)
{
    for (size_t i = 0; i < LX_ROW_SLOTS; i++) {
        if (rows[i].packets >= sum->rows[i].packets)
            continue;
        sum->rows_gone.packets += sum->rows[i].packets;
        sum->rows_gone.bytes += sum->rows[i].bytes;
    }
}

/*
 * Everything but the ports. The structures are made of 64-bit counters from their first byte to there. Reason `row` is
 * worked out of several counters that packets change while they are read, and yet it must not fall from one reading to
 * the next: who takes rates would see an enormous one.
 */
static void add_up(struct copies *copies, struct lx_counters *sum)
{
    size_t count = offsetof(struct lx_cpu_counters, pad) / sizeof(__u64);
    const struct lx_counter before = sum->reasons[LX_REASON_ROW];
    struct lx_counter *row = &sum->reasons[LX_REASON_ROW];

    for (__u32 cpu = 1; cpu < copies->count; cpu++)
        add((__u64 *)copies->cpus, (const __u64 *)&copies->cpus[cpu], count);
    keep_rows_gone(copies->cpus->rows, sum);
    memcpy(sum, copies->cpus, count * sizeof(__u64));
    work_out_rows(sum);
    row->packets = most(row->packets, before.packets);
    row->bytes = most(row->bytes, before.bytes);
}

/* Reads one page of ports on every CPU that has counted in it. */
static int read_page(int map, const struct copies *copies, __u32 transport, __u32 page, struct lx_counters *sum)
{
    __u32 first = page * LX_PORT_PAGE;
    struct lx_port_page total = {0}, one;

    for (__u32 cpu = 0; cpu < copies->count; cpu++) {
        __u32 key = lx_port_page(cpu, transport, first);

        if (!copies->cpus[cpu].port_pages[transport][page])
            continue;
        if (bpf_map_lookup_elem(map, &key, &one))
            return -errno;
        add((__u64 *)&total, (const __u64 *)&one, sizeof(one) / sizeof(__u64));
    }
    for (__u32 i = 0; i < LX_PORT_PAGE; i++) {
        sum->all_dropped[transport] += total.dropped[i] - sum->dropped[transport][first + i];
        sum->all_would_drop[transport] += total.would_drop[i] - sum->would_drop[transport][first + i];
    }
    memcpy(&sum->dropped[transport][first], total.dropped, sizeof(total.dropped));
    memcpy(&sum->would_drop[transport][first], total.would_drop, sizeof(total.would_drop));
    return 0;
}

/* Reads the pages whose sums differ from those in `read`, which then are the ones before the reading. */
static int read_pages(int map, const struct copies *copies, struct lx_counters *read)
{
    int error = 0;

    for (__u32 i = 0; i < LX_TRANSPORT_COUNT * LX_PORT_PAGES && !error; i++) {
        __u32 transport = i / LX_PORT_PAGES, page = i % LX_PORT_PAGES;
        __u64 sum = 0;

        for (__u32 cpu = 0; cpu < copies->count; cpu++)
            sum += copies->cpus[cpu].port_pages[transport][page];
        if (sum == read->port_pages[transport][page])
            continue;
        error = read_page(map, copies, transport, page, read);
        if (!error)
            read->port_pages[transport][page] = sum;
    }
    return error;
}

/* The same by the role's own port, which all CPUs count in one page. */
static int read_own_pages(int map, const struct copies *copies, struct lx_counters *read)
{
    struct lx_port_page page;

    for (__u32 key = 0; key < LX_OWN_PAGES; key++) {
        __u64 sum = 0;

        for (__u32 cpu = 0; cpu < copies->count; cpu++)
            sum += (&copies->cpus[cpu].own_pages[0][0])[key];
        if (sum == (&read->own_pages[0][0])[key])
            continue;
        if (bpf_map_lookup_elem(map, &key, &page))
            return -errno;
        memcpy(&read->own_dropped[0][0] + key * LX_PORT_PAGE, page.dropped, sizeof(page.dropped));
        memcpy(&read->own_would_drop[0][0] + key * LX_PORT_PAGE, page.would_drop, sizeof(page.would_drop));
    }
    return 0;
}

int lx_attachment_counters_again(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_counters *sum,
                                 struct lx_failure *failure)
{
    const struct lx_maps *maps = &attachment->maps;
    struct copies copies = {0};
    int error;

    if (maps->fds[lx_map_of_counters(hook)] < 0)
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT, "%s has no such hook",
                       lx_called(attachment->metadata.interface, attachment->metadata.vlan).text);
    error = read_cpus(maps->fds[lx_map_of_counters(hook)], &copies);
    error = error ?: read_pages(maps->fds[lx_map_of_ports(hook)], &copies, sum);
    if (hook == LX_HOOK_FROM_ROLE)
        error = error ?: read_own_pages(maps->fds[LX_MAP_OWN_PORTS], &copies, sum);
    if (!error)
        add_up(&copies, sum);
    free(copies.cpus);
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the counters: %s", strerror(-error));
}

int lx_attachment_counters(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_counters *sum,
                           struct lx_failure *failure)
{
    struct lx_counters *read = calloc(1, sizeof(*read));
    int error;

    if (!read)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    error = lx_attachment_counters_again(attachment, hook, read, failure);
    if (!error)
        memcpy(sum, read, sizeof(*sum));
    free(read);
    return error;
}
