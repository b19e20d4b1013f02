/* SPDX-License-Identifier: GPL-2.0-only */
/* The state that packets are judged by (decide.h), in trees in place of the kernel's maps. */
#include "simulation.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <lyncxdp/decide.h>

/* What is remembered, behind its key. */
struct flow_entry {
    __u64 key;
    struct lx_flow flow;
};

struct datagram_entry {
    struct lx_fragment_key key;
    struct lx_fragmented datagram;
};

/* A packet on its way through one hook; the packet, by which the state is found, stands first. */
struct passage {
    struct lx_packet packet __attribute__((aligned(8)));
    struct lx_simulation *simulation;
    struct lx_view view;
    uint64_t now;
    bool records;
    int error;
};

static struct passage *passage_of(const struct lx_packet *packet)
{
    return (struct passage *)packet;
}

static int compare_flows(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(__u64));
}

static int compare_datagrams(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(struct lx_fragment_key));
}

/* Keeps a copy of an entry whose key is not there. */
static int add(void **tree, const void *entry, size_t size, int (*compare)(const void *, const void *))
{
    void *copy = malloc(size);

    if (!copy)
        return -ENOMEM;
    memcpy(copy, entry, size);
    if (tsearch(copy, tree, compare))
        return 0;
    free(copy);
    return -ENOMEM;
}

/* --- The state --- */

lx_inline bool lx_state_records(const struct lx_packet *packet)
{
    return passage_of(packet)->records;
}

lx_inline __u64 lx_state_now(const struct lx_packet *packet)
{
    return passage_of(packet)->now;
}

lx_inline struct lx_flow_gate *lx_state_gate(const struct lx_packet *packet)
{
    return passage_of(packet)->simulation->gate;
}

lx_inline bool lx_state_image(const struct lx_packet *packet, struct lx_view *view)
{
    *view = passage_of(packet)->view;
    return true;
}

lx_inline struct lx_flow *lx_state_flow(const struct lx_packet *packet, const __u64 *key)
{
    struct flow_entry *const *found = tfind(key, &passage_of(packet)->simulation->flows, compare_flows);

    return found ? &(*found)->flow : NULL;
}

lx_inline bool lx_state_begin_flow(const struct lx_packet *packet, const __u64 *key, const struct lx_flow *flow)
{
    struct passage *passage = passage_of(packet);
    struct flow_entry fresh = {.key = *key, .flow = *flow};

    if (lx_state_flow(packet, key))
        return false;
    passage->error = add(&passage->simulation->flows, &fresh, sizeof(fresh), compare_flows);
    return true;
}

lx_inline void lx_state_remove_flow(const struct lx_packet *packet, const __u64 *key)
{
    void **flows = &passage_of(packet)->simulation->flows;
    struct flow_entry *gone = *(struct flow_entry **)tfind(key, flows, compare_flows);

    tdelete(key, flows, compare_flows);
    free(gone);
}

lx_inline const struct lx_fragmented *lx_state_datagram(const struct lx_packet *packet,
                                                        const struct lx_fragment_key *key)
{
    struct datagram_entry *const *found = tfind(key, &passage_of(packet)->simulation->datagrams, compare_datagrams);

    return found ? &(*found)->datagram : NULL;
}

lx_inline void lx_state_keep_datagram(const struct lx_packet *packet, const struct lx_fragment_key *key,
                                      const struct lx_fragmented *datagram)
{
    struct passage *passage = passage_of(packet);
    const struct datagram_entry fresh = {.key = *key, .datagram = *datagram};
    struct datagram_entry *const *known = tfind(key, &passage->simulation->datagrams, compare_datagrams);

    if (known)
        (*known)->datagram = *datagram;
    else
        passage->error = add(&passage->simulation->datagrams, &fresh, sizeof(fresh), compare_datagrams);
}

/* --- Frames --- */

/* A frame with its IP header aligned, as kernels receive it; a capture gives no such promise. */
struct aligned_frame {
    uint8_t pad[2];
    uint8_t bytes[65536 + 64]; /* the longest IPv4 packet with Ethernet and VLAN headers */
} __attribute__((aligned(8)));

/* Copies a frame there, and returns it in the form that is judged. What is longer than there is room for is cut. */
static struct lx_frame align(const void *frame, size_t length, struct aligned_frame *aligned)
{
    size_t linear = length < sizeof(aligned->bytes) ? length : sizeof(aligned->bytes);

    if (linear)
        memcpy(aligned->bytes, frame, linear);
    return (struct lx_frame){.data = aligned->bytes, .end = aligned->bytes + linear, .length = length};
}

static struct lx_view view_of(const struct lx_compiled *compiled)
{
    return (struct lx_view){.image = compiled->image, .mask = compiled->capacity - 1};
}

/* The capture begins where the programs would be attached. */
static int begin(struct lx_simulation *simulation, uint64_t now)
{
    if (simulation->gate)
        return 0;
    simulation->gate = calloc(1, sizeof(*simulation->gate));
    if (!simulation->gate)
        return -ENOMEM;
    simulation->gate->pick_up_until = now + LX_PICK_UP_SECONDS * LX_SECOND;
    /* No secret, and always the same, so that a capture is judged the same every time. */
    for (size_t i = 0; i < LX_FLOW_KEY_WORDS; i++)
        simulation->gate->key[i] = lx_hash_word(i + 1, LX_HASH_FACTOR2) * LX_HASH_FACTOR1;
    return 0;
}

static __u32 judge(struct passage *passage, enum lx_hook hook, const void *frame, size_t length)
{
    struct aligned_frame aligned;
    struct lx_frame judged = align(frame, length, &aligned);
    __u32 reason = lx_read_frame(&passage->view, hook, &judged, &passage->packet);

    return reason == LX_UNDECIDED ? lx_decide(&passage->view, hook, &passage->packet, true) : LX_JUDGED(reason);
}

int lx_simulation_judge(struct lx_simulation *simulation, const struct lx_compiled *compiled, enum lx_hook hook,
                        const void *frame, size_t length, uint64_t now, struct lx_judgement *judgement)
{
    struct passage passage = {.simulation = simulation, .view = view_of(compiled), .now = now, .records = true};
    __u32 packed;

    if (begin(simulation, now))
        return -ENOMEM;
    packed = judge(&passage, hook, frame, length);
    if (!passage.error)
        *judgement = lx_judgement_unpack(packed);
    return passage.error;
}

struct lx_judgement lx_judge_offline(const struct lx_compiled *compiled, enum lx_hook hook, const void *frame,
                                     size_t length)
{
    struct lx_flow_gate closed = {.pick_up_until = 0};
    struct lx_simulation nothing = {.gate = &closed};
    struct passage passage = {.simulation = &nothing, .view = view_of(compiled)};

    return lx_judgement_unpack(judge(&passage, hook, frame, length));
}

/*
 * The addresses of a frame alone, whatever else may be wrong with it, and not those of a packet that it quotes. False
 * when it has none. Of ARP, who says something and to whom.
 */
static bool read_ends(const struct lx_view *view, const struct lx_frame *frame, struct lx_packet *packet)
{
    struct lx_cursor cursor = lx_cursor(frame);
    const struct lx_arp *arp;

    if (lx_read_link(view, &cursor, packet, 0) < LX_UNDECIDED)
        return false;
    switch (packet->ethertype) {
    case ETH_P_IP:
        lx_parse_ipv4(&cursor, frame->length, ~0u, packet);
        return true;
    case ETH_P_IPV6:
        lx_parse_ipv6(&cursor, frame->length, ~0u, packet);
        return true;
    case ETH_P_ARP:
        arp = lx_take(&cursor, sizeof(*arp));
        if (!arp)
            return false;
        memcpy(&packet->tuple.source[3], arp->addresses + 6, 4);
        memcpy(&packet->tuple.destination[3], arp->addresses + 16, 4);
        return true;
    default:
        return false;
    }
}

/* The role, or a neighbour of it. */
static bool is_behind(const struct lx_view *view, const __u32 address[4], bool ipv4, const __u16 mac[3])
{
    return lx_is_protected(view, address, ipv4) || (view->image->scope && lx_is_neighbour(view, address, ipv4, mac));
}

enum lx_hook lx_simulation_hook(const struct lx_compiled *compiled, const void *frame, size_t length)
{
    struct lx_view view = view_of(compiled);
    struct lx_packet packet __attribute__((aligned(8))) = {0};
    struct aligned_frame aligned;
    struct lx_frame judged = align(frame, length, &aligned);
    bool known = read_ends(&view, &judged, &packet), ipv4 = packet.ethertype != ETH_P_IPV6;

    return known && is_behind(&view, packet.tuple.source, ipv4, (const __u16 *)judged.data + 3) &&
                   !is_behind(&view, packet.tuple.destination, ipv4, (const __u16 *)judged.data)
               ? LX_HOOK_FROM_ROLE
               : LX_HOOK_TO_ROLE;
}

void lx_simulation_free(struct lx_simulation *simulation)
{
    tdestroy(simulation->flows, free);
    tdestroy(simulation->datagrams, free);
    free(simulation->gate);
    *simulation = (struct lx_simulation){0};
}
