/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the programs that touches what is remembered, over trees in place of the kernel's maps. What is decided
 * is decided by the same functions.
 */
#include "simulation.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Both begin with their keys, which are of one size. */
struct flow_entry {
    struct lx_flow_ends ends;
    struct lx_flow flow;
};

struct datagram_entry {
    struct lx_fragment_key key;
    struct lx_fragmented datagram;
};

_Static_assert(sizeof(struct lx_flow_ends) == sizeof(struct lx_fragment_key), "one comparison for both");

/* A packet on its way through one hook. */
struct passage {
    struct lx_simulation *simulation;
    struct lx_view view;
    enum lx_hook hook;
    struct lx_packet packet __attribute__((aligned(8)));
    bool ipv4;
    uint64_t now;
};

static int compare(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(struct lx_flow_ends));
}

static void *find(void *const *tree, const void *key)
{
    void *const *found = tfind(key, tree, compare);

    return found ? *found : NULL;
}

/* Keeps a copy of an entry whose key is not there. */
static int add(void **tree, const void *entry, size_t size)
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

/* --- Flows --- */

static struct lx_flow_ends ends_of(const struct passage *passage)
{
    struct lx_packet_flow flow = lx_flow_of(&passage->packet, passage->hook == LX_HOOK_FROM_ROLE, passage->ipv4);
    struct lx_flow_ends ends;

    lx_flow_ends(&flow, &ends);
    return ends;
}

static struct flow_entry *find_flow(const struct passage *passage)
{
    struct lx_flow_ends ends = ends_of(passage);

    return find(&passage->simulation->flows, &ends);
}

static int record_flow(const struct passage *passage, uint32_t row)
{
    struct flow_entry *known = find_flow(passage), fresh = {.ends = ends_of(passage)};
    bool live = known && !lx_flow_expired(&known->flow, passage->now);
    uint32_t generation = passage->view.image->generation;

    if (!lx_keeps_flow(passage->simulation->gate, &passage->packet, live, row, passage->now))
        return 0;
    if (known) {
        lx_flow_refresh(&passage->packet, &known->flow, passage->now, row, generation, live);
        return 0;
    }
    lx_flow_begin(&passage->packet, &fresh.flow, passage->now, row, generation);
    return add(&passage->simulation->flows, &fresh, sizeof(fresh));
}

/* A packet that no row lets in, as the reply to a flow. */
static uint32_t ask_flow(const struct passage *passage, struct lx_policy_match match, uint32_t judgement)
{
    const struct flow_entry *known = find_flow(passage);

    if (!known)
        return judgement;
    judgement = lx_judge_known_reply(&passage->view, &passage->packet, &known->flow, passage->now,
                                     lx_judgement_reason(judgement));
    return lx_unless_spoofed(judgement, match.spoofed);
}

/* --- Fragments --- */

static uint32_t ask_fragment(const struct passage *passage)
{
    const struct datagram_entry *known;
    struct lx_fragment_key key;

    lx_fragment_key(&passage->packet, passage->hook, passage->ipv4, &key);
    known = find(&passage->simulation->datagrams, &key);
    return LX_JUDGED(known ? lx_follow_fragment(&passage->packet, &known->datagram, passage->now) : LX_REASON_FRAGMENT);
}

static int record_fragment(const struct passage *passage)
{
    struct datagram_entry *known, fresh = {.datagram = lx_fragmented_of(&passage->packet, passage->now)};

    if (passage->packet.kind == LX_KIND_ICMP_ERROR)
        return 0;
    lx_fragment_key(&passage->packet, passage->hook, passage->ipv4, &fresh.key);
    known = find(&passage->simulation->datagrams, &fresh.key);
    if (!known)
        return add(&passage->simulation->datagrams, &fresh, sizeof(fresh));
    known->datagram = fresh.datagram;
    return 0;
}

/* --- The hooks --- */

static int decide_to_role(const struct passage *passage, uint32_t *judgement)
{
    struct lx_policy_match match = lx_policy_lookup(&passage->view, &passage->packet, passage->ipv4);

    *judgement = lx_judge_to_role(&passage->view, &passage->packet, passage->ipv4, match);
    if (lx_may_be_reply(&passage->view, &passage->packet, *judgement))
        *judgement = ask_flow(passage, match, *judgement);
    if (lx_keeps_fragment(&passage->view, &passage->packet, LX_HOOK_TO_ROLE, *judgement))
        return record_fragment(passage);
    return 0;
}

static int decide_from_role(const struct passage *passage, uint32_t *judgement)
{
    const struct flow_entry *known;
    int error = 0;

    *judgement = lx_judge_from_role(&passage->view, &passage->packet, passage->ipv4);
    if (*judgement == LX_JUDGED(LX_REASON_ICMP_ERROR_UNRELATED)) {
        known = find_flow(passage);
        if (known && !lx_flow_expired(&known->flow, passage->now))
            *judgement = LX_JUDGED(LX_REASON_ICMP_ERROR);
    }
    if (lx_begins_flow(&passage->view, &passage->packet, lx_judgement_reason(*judgement)))
        error = record_flow(passage, lx_judgement_row(*judgement));
    if (!error && lx_keeps_fragment(&passage->view, &passage->packet, LX_HOOK_FROM_ROLE, *judgement))
        error = record_fragment(passage);
    return error;
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
    return 0;
}

int lx_simulation_judge(struct lx_simulation *simulation, const struct lx_compiled *compiled, enum lx_hook hook,
                        const void *frame, size_t length, uint64_t now, struct lx_judgement *judgement)
{
    struct passage passage = {
        .simulation = simulation,
        .view = {.image = compiled->image, .mask = compiled->capacity - 1},
        .hook = hook,
        .now = now,
    };
    struct lx_aligned_frame aligned;
    struct lx_frame judged = lx_align_frame(frame, length, &aligned);
    uint32_t reason = lx_read_frame(&passage.view, hook, &judged, &passage.packet), word = LX_JUDGED(reason);
    int error = begin(simulation, now);

    passage.ipv4 = passage.packet.ethertype == ETH_P_IP;
    if (reason == LX_UNDECIDED && passage.packet.kind == LX_KIND_FRAGMENT)
        word = ask_fragment(&passage);
    else if (reason == LX_UNDECIDED && !error)
        error = hook == LX_HOOK_TO_ROLE ? decide_to_role(&passage, &word) : decide_from_role(&passage, &word);
    if (!error)
        *judgement = lx_judgement_unpack(word);
    return error;
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
    struct lx_view view = {.image = compiled->image, .mask = compiled->capacity - 1};
    struct lx_packet packet __attribute__((aligned(8))) = {0};
    struct lx_aligned_frame aligned;
    struct lx_frame judged = lx_align_frame(frame, length, &aligned);
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
