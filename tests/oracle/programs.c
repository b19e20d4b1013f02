/* SPDX-License-Identifier: GPL-2.0-only */
/* The state that packets are judged by (lyncxdp/decide.h), in memory of the test's own. */
#include "programs.h"

#include <stdlib.h>
#include <string.h>

#include <lyncxdp/decide.h>

#include "generate.h"

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
static struct lx_flow_gate flow_gate;
static struct lx_view in_force;
static uint64_t flows_created, clock_now;
static bool records;

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

static void *value_of(struct table *table, const void *key)
{
    struct entry *entry = *find(table, key);

    return entry ? entry->value : NULL;
}

static void put(struct table *table, const void *key, const void *value)
{
    struct entry **at = find(table, key);

    if (!*at) {
        *at = calloc(1, sizeof(**at));
        if (!*at)
            abort();
        memcpy((*at)->key, key, table->key_size);
        table->count++;
    }
    memcpy((*at)->value, value, table->value_size);
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

/* --- There is one state, whichever packet asks --- */

#pragma GCC diagnostic ignored "-Wunused-parameter"

lx_inline bool lx_state_records(const struct lx_packet *packet)
{
    return records;
}

lx_inline __u64 lx_state_now(const struct lx_packet *packet)
{
    return clock_now;
}

lx_inline struct lx_flow_gate *lx_state_gate(const struct lx_packet *packet)
{
    return &flow_gate;
}

lx_inline bool lx_state_image(const struct lx_packet *packet, struct lx_view *view)
{
    *view = in_force;
    return true;
}

lx_inline struct lx_flow *lx_state_flow(const struct lx_packet *packet, const __u64 *key)
{
    return value_of(&flow_table, key);
}

lx_inline bool lx_state_begin_flow(const struct lx_packet *packet, const __u64 *key, const struct lx_flow *flow)
{
    if (lx_state_flow(packet, key))
        return false;
    put(&flow_table, key, flow);
    flows_created++;
    return true;
}

lx_inline void lx_state_remove_flow(const struct lx_packet *packet, const __u64 *key)
{
    struct entry **at = find(&flow_table, key), *gone = *at;

    *at = gone->next;
    free(gone);
    flow_table.count--;
}

lx_inline const struct lx_fragmented *lx_state_datagram(const struct lx_packet *packet,
                                                        const struct lx_fragment_key *key)
{
    return value_of(&fragment_table, key);
}

lx_inline void lx_state_keep_datagram(const struct lx_packet *packet, const struct lx_fragment_key *key,
                                      const struct lx_fragmented *datagram)
{
    put(&fragment_table, key, datagram);
}

/* --- What the tests ask --- */

void programs_reset(void)
{
    empty(&flow_table);
    empty(&fragment_table);
    memset(&flow_gate, 0, sizeof(flow_gate));
    generate_key(flow_gate.key, LX_FLOW_KEY_WORDS);
    flows_created = 0;
}

void programs_pick_up_until(uint64_t nanoseconds)
{
    flow_gate.pick_up_until = nanoseconds;
}

void programs_set_clock(uint64_t nanoseconds)
{
    clock_now = nanoseconds;
}

/* The short way; LX_UNDECIDED when there is more to the packet. */
static uint32_t judge_if_ordinary(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                                  struct lx_packet *packet)
{
    bool ipv4 = lx_ordinary_link(frame, true);
    __u64 service;

    in_force = *view;
    if ((!ipv4 && !lx_ordinary_link(frame, false)) || frame->vlan || view->image->scope ||
        !lx_ordinary(frame, packet, ipv4))
        return LX_UNDECIDED;
    return lx_decide_ordinary(view, hook, packet, ipv4, &service);
}

static uint32_t judge_any(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                          struct lx_packet *packet, bool *opened)
{
    uint32_t reason = lx_read_frame(view, hook, frame, packet);

    *opened = reason == LX_UNDECIDED;
    return *opened ? lx_decide(view, hook, packet, records) : LX_JUDGED(reason);
}

struct lx_judgement programs_judge(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                                   struct lx_packet *packet, bool *opened)
{
    uint32_t judgement;

    records = true;
    *opened = true;
    judgement = judge_if_ordinary(view, hook, frame, packet);
    if (judgement == LX_UNDECIDED)
        judgement = judge_any(view, hook, frame, packet, opened);
    return lx_judgement_unpack(judgement);
}

bool programs_ask_ordinary(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                           struct lx_packet *packet, struct lx_judgement *judgement)
{
    uint32_t packed;

    records = false;
    packed = judge_if_ordinary(view, hook, frame, packet);
    *judgement = lx_judgement_unpack(packed);
    return packed != LX_UNDECIDED;
}

struct lx_judgement programs_ask_any(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                                     struct lx_packet *packet, bool *opened)
{
    records = false;
    return lx_judgement_unpack(judge_any(view, hook, frame, packet, opened));
}

uint64_t programs_flows(void)
{
    return flow_table.count;
}

uint64_t programs_flows_created(void)
{
    return flows_created;
}

const struct lx_flow *programs_flow(const struct lx_flow_ends *ends)
{
    const struct lx_packet_flow wanted = lx_flow_between(ends);
    const uint64_t key = lx_flow_key(&wanted, flow_gate.key);

    return value_of(&flow_table, &key);
}
