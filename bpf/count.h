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

/*
 * Room for what is read of a packet that is no ordinary one: not on the stack, which the functions that call each other
 * for it share. NULL never, but the verifier must see it checked.
 */
lx_inline struct lx_packet *lx_scratch_packet(void)
{
    __u32 cpu;
    struct lx_cpu_counters *mine = lx_my_counters(&cpu);

    return mine ? (void *)mine->scratch : NULL;
}

_Static_assert(sizeof(struct lx_packet) <= sizeof(((struct lx_cpu_counters *)0)->scratch), "a packet fits");

/* `packets` is 1 but for a segmentation-offload packet, which stands for several on the wire. */
lx_inline void lx_add(struct lx_counter *counter, __u32 packets, __u32 bytes)
{
    counter->packets += packets;
    counter->bytes += bytes;
}

/* In place of a service: the packet has none, or its headers decided it before. */
#define LX_NO_SERVICE (~0u)

/* The service that a packet which got as far as the rows is counted by. */
lx_inline __u32 lx_counted_service(const struct lx_packet *packet)
{
    return packet->kind == LX_KIND_PORTS ? lx_service_of(packet) : LX_NO_SERVICE;
}

/* The same for what the role sends, with the role's own port above it; 0, which is no port, counts for none. */
lx_inline __u64 lx_sent_service(__u32 service, const struct lx_packet *packet)
{
    return (__u64)packet->tuple.source_port << 32 | service;
}

/* The page first and its sum behind it: a reader that finds the sum as it left it has missed nothing in the page. */
lx_inline void lx_count_port(struct lx_cpu_counters *mine, __u32 cpu, __u32 service, __u32 packets, bool permissive)
{
    __u32 key = lx_port_page(cpu, 0, 0) + service / LX_PORT_PAGE;
    struct lx_port_page *page = bpf_map_lookup_elem(&ports, &key);

    if (!page)
        return;
    if (permissive)
        page->would_drop[service % LX_PORT_PAGE] += packets;
    else
        page->dropped[service % LX_PORT_PAGE] += packets;
    (&mine->port_pages[0][0])[service / LX_PORT_PAGE] += packets;
}

/* The same by the role's own port, for all CPUs together but for the sum. */
lx_inline void lx_count_own_port(struct lx_cpu_counters *mine, __u32 service, __u32 packets, bool permissive)
{
    __u32 key = service / LX_PORT_PAGE;
    struct lx_port_page *page = bpf_map_lookup_elem(&own_ports, &key);

    if (!page)
        return;
    __sync_fetch_and_add(&(permissive ? page->would_drop : page->dropped)[service % LX_PORT_PAGE], packets);
    (&mine->own_pages[0][0])[service / LX_PORT_PAGE] += packets;
}

/*
 * Counts a packet, on that CPU. One credited to a row has its reason counted there, if it is `row`. `service` has the
 * role's own port above it if the role sends the packet.
 */
lx_inline void lx_count(struct lx_cpu_counters *mine, __u32 cpu, __u32 word, __u64 service, __u32 packets, __u32 bytes,
                        bool permissive)
{
    struct lx_judgement judgement = lx_judgement_unpack(word);
    bool drop = lx_reason_verdict(judgement.reason) == LX_DROP;

    if (judgement.row != LX_NO_ROW)
        lx_add(&mine->rows[judgement.row & (LX_ROW_SLOTS - 1)], packets, bytes);
    if (judgement.reason == LX_REASON_ROW)
        return;
    lx_add(
        &(permissive && drop ? mine->would_drop_reasons : mine->reasons)[judgement.reason & (LX_REASON_CAPACITY - 1)],
        packets, bytes);
    if (!drop || (__u32)service == LX_NO_SERVICE)
        return;
    lx_count_port(mine, cpu, service & 0x1ffff, packets, permissive);
    if (service >> 32)
        lx_count_own_port(mine, lx_service(service >> 16 & 1, service >> 32), packets, permissive);
}

lx_inline void lx_count_flow(void)
{
    __u32 cpu;
    struct lx_cpu_counters *mine = lx_my_counters(&cpu);

    if (mine)
        mine->flows_created++;
}

#endif
