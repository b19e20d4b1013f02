/* SPDX-License-Identifier: GPL-2.0-only */
/* Gives the sources of the programs the few helpers that they use, in memory of the test's own. */
#include "programs.h"

#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "generate.h"

/* In place of libbpf's helpers, whose declarations are calls into the kernel. */
#define __BPF_HELPERS__
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]

#define LARGEST_KEY 40
#define LARGEST_VALUE 64
#define BUCKETS 1024

struct entry {
    struct entry *next;
    uint8_t key[LARGEST_KEY];
    uint8_t value[LARGEST_VALUE] __attribute__((aligned(8)));
};

struct table {
    size_t key_size, value_size;
    uint64_t count;
    struct entry *buckets[BUCKETS];
};

static struct table flow_table = {.key_size = sizeof(__u64), .value_size = sizeof(struct lx_flow)};
static struct table fragment_table = {.key_size = sizeof(struct lx_fragment_key),
                                      .value_size = sizeof(struct lx_fragmented)};
static struct lx_cpu_counters counted;
static uint64_t clock_now;

static void *bpf_map_lookup_elem(const void *map, const void *key);
static long bpf_map_update_elem(const void *map, const void *key, const void *value, uint64_t flags);
static long bpf_map_delete_elem(const void *map, const void *key);
static uint64_t bpf_ktime_get_coarse_ns(void);
static uint32_t bpf_get_smp_processor_id(void);
static uint64_t bpf_ktime_get_boot_ns(void);

/* All of the programs but their shell, which looks into what the kernel hands it. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpointer-arith"
#include "bpf/from_role.h"
#include "bpf/to_role.h"

static struct entry **find(struct table *table, const void *key)
{
    const uint8_t *bytes = key;
    uint32_t hash = 2166136261u;
    struct entry **at;
    size_t index;

    for (index = 0; index < table->key_size; index++)
        hash = (hash ^ bytes[index]) * 16777619u;
    for (at = &table->buckets[hash % BUCKETS]; *at; at = &(*at)->next)
        if (memcmp((*at)->key, key, table->key_size) == 0)
            break;
    return at;
}

static struct table *table_of(const void *map)
{
    if (map == &flows)
        return &flow_table;
    return map == &fragments ? &fragment_table : NULL;
}

static void *bpf_map_lookup_elem(const void *map, const void *key)
{
    struct table *table = table_of(map);
    struct entry *entry;

    if (map == &counters)
        return &counted;
    if (!table)
        return NULL;
    entry = *find(table, key);
    return entry ? entry->value : NULL;
}

static long bpf_map_update_elem(const void *map, const void *key, const void *value, uint64_t flags)
{
    struct table *table = table_of(map);
    struct entry **at = find(table, key);

    if (*at && flags == BPF_NOEXIST)
        return -1;
    if (!*at) {
        *at = calloc(1, sizeof(**at));
        if (!*at)
            abort();
        memcpy((*at)->key, key, table->key_size);
        table->count++;
    }
    memcpy((*at)->value, value, table->value_size);
    return 0;
}

static long bpf_map_delete_elem(const void *map, const void *key)
{
    struct table *table = table_of(map);
    struct entry **at = find(table, key), *gone = *at;

    if (!gone)
        return -1;
    *at = gone->next;
    free(gone);
    table->count--;
    return 0;
}

static uint64_t bpf_ktime_get_coarse_ns(void)
{
    return clock_now;
}

static uint32_t bpf_get_smp_processor_id(void)
{
    return 0;
}

static uint64_t bpf_ktime_get_boot_ns(void)
{
    return clock_now;
}

static void empty(struct table *table)
{
    size_t index;

    for (index = 0; index < BUCKETS; index++) {
        while (table->buckets[index]) {
            struct entry *entry = table->buckets[index];

            table->buckets[index] = entry->next;
            free(entry);
        }
    }
    table->count = 0;
}

void programs_reset(void)
{
    empty(&flow_table);
    empty(&fragment_table);
    memset(&flow_gate, 0, sizeof(flow_gate));
    generate_key(flow_gate.key, LX_FLOW_KEY_WORDS);
    counted.flows_created = 0; /* the only one that is counted where these judge */
}

void programs_pick_up_until(uint64_t nanoseconds)
{
    flow_gate.pick_up_until = nanoseconds;
}

void programs_set_clock(uint64_t nanoseconds)
{
    clock_now = nanoseconds;
}

/* The way of a packet that is ordinary; LX_UNDECIDED when there is more to it. */
static uint32_t judge_if_ordinary(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                                  struct lx_packet *packet)
{
    bool ipv4 = lx_ordinary_link(frame, true);

    if ((!ipv4 && !lx_ordinary_link(frame, false)) || frame->vlan || view->image->scope ||
        !lx_ordinary(frame, packet, ipv4))
        return LX_UNDECIDED;
    return hook == LX_HOOK_TO_ROLE ? lx_decide_to_role_ordinary(view, packet, lx_service_of(packet), ipv4)
                                   : lx_decide_from_role_ordinary(view, packet, ipv4);
}

struct lx_judgement programs_judge(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                                   struct lx_packet *packet, bool *opened)
{
    uint32_t judgement = judge_if_ordinary(view, hook, frame, packet), reason;
    bool ipv4;

    *opened = true;
    if (judgement != LX_UNDECIDED)
        return lx_judgement_unpack(judgement);
    reason = lx_read_frame(view, hook, frame, packet);
    *opened = reason == LX_UNDECIDED;
    if (!*opened)
        return lx_judgement_unpack(LX_JUDGED(reason));
    ipv4 = packet->ethertype == ETH_P_IP;
    return lx_judgement_unpack(hook == LX_HOOK_TO_ROLE
                                   ? lx_decide_to_role(view, packet, ipv4, lx_policy_lookup(view, packet, ipv4), true)
                                   : lx_decide_from_role(view, packet, ipv4, true));
}

uint64_t programs_flows(void)
{
    return flow_table.count;
}

uint64_t programs_flows_created(void)
{
    return counted.flows_created;
}

const struct lx_flow *programs_flow(const struct lx_flow_ends *ends)
{
    const struct lx_packet_flow wanted = lx_flow_between(ends);
    const uint64_t key = lx_flow_key(&wanted, flow_gate.key);
    struct entry *entry = *find(&flow_table, &key);

    return entry ? (const struct lx_flow *)entry->value : NULL;
}
