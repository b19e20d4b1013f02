/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counting: every packet once, by row or by reason, and a dropped one by its port too; each CPU in its own memory. */
#ifndef LYNCXDP_BPF_COUNT_H
#define LYNCXDP_BPF_COUNT_H

#include "maps.h"

lx_inline struct lx_cpu_counters *lx_my_counters(__u32 *cpu)
{
    *cpu = bpf_get_smp_processor_id();
    return bpf_map_lookup_elem(&counters, cpu);
}

/* `packets` is 1 but for a segmentation-offload packet, which stands for several on the wire. */
lx_inline void lx_add(struct lx_counter *counter, __u32 packets, __u32 bytes)
{
    counter->packets += packets;
    counter->bytes += bytes;
}

/* Counts a packet that its headers alone decided. */
lx_inline void lx_count_early(struct lx_cpu_counters *mine, __u32 reason, __u32 packets, __u32 bytes, bool would)
{
    struct lx_counter *counters_of =
        would && lx_reason_verdict(reason) == LX_DROP ? mine->would_drop_reasons : mine->reasons;

    lx_add(&counters_of[reason & (LX_REASON_CAPACITY - 1)], packets, bytes);
}

/* The page first and its sum behind it: a reader that finds the sum as it left it has missed nothing in the page. */
lx_inline void lx_count_port(struct lx_cpu_counters *mine, __u32 cpu, const struct lx_packet *packet, __u32 packets,
                             bool would)
{
    __u32 transport = packet->transport & 1, port = lx_index16(packet->tuple.destination_port);
    __u32 key = lx_port_page(cpu, transport, port);
    struct lx_port_page *page = bpf_map_lookup_elem(&ports, &key);

    if (!page)
        return;
    if (would)
        page->would_drop[port % LX_PORT_PAGE] += packets;
    else
        page->dropped[port % LX_PORT_PAGE] += packets;
    mine->port_pages[transport][port / LX_PORT_PAGE] += packets;
}

/*
 * Counts a packet that got as far as the rows, on that CPU. A packet credited to a row has its reason counted there, if
 * it is `row`.
 */
lx_inline void lx_count(struct lx_cpu_counters *mine, __u32 cpu, __u32 word, const struct lx_packet *packet,
                        __u32 packets, __u32 bytes, bool would)
{
    struct lx_judgement judgement = lx_judgement_unpack(word);

    if (judgement.row != LX_NO_ROW)
        lx_add(&mine->rows[judgement.row & (LX_ROW_SLOTS - 1)], packets, bytes);
    if (judgement.reason == LX_REASON_ROW)
        return;
    lx_count_early(mine, judgement.reason, packets, bytes, would);
    if (lx_reason_verdict(judgement.reason) == LX_DROP && packet->kind == LX_KIND_PORTS)
        lx_count_port(mine, cpu, packet, packets, would);
}

#endif
