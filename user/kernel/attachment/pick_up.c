/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each conversation is judged as the from-role program would judge the role's next packet in it, by the same functions,
 * and put into the table that the programs share. The gate lies in memory that is mapped: programs set its bits
 * meanwhile.
 */
#include "pick_up.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <lyncxdp/judge.h>

#include "attachment.h"
#include "conversations.h"
#include "user/kernel/object/flow_table.h"
#include "user/kernel/process/clock.h"

/* What is known of addresses that the interface does not have. */
#define ASKED 64

struct picking {
    const struct lx_maps *maps;
    const struct lx_interface *interface;
    struct lx_view view;
    struct lx_flow_gate *gate;                     /* mapped */
    __u64 waiting[LX_TRANSPORT_COUNT][65536 / 64]; /* ports at which somebody waits: a bit for each */
    struct lx_address *own;                        /* owned: the interface's addresses */
    size_t own_count;
    struct {
        struct lx_address address;
        bool elsewhere;
    } asked[ASKED];
    size_t asked_count; /* the latest of them are kept */
    __u64 now;
    __u32 count;  /* that were put into the table */
    bool tracked; /* connection tracking has reported of what is behind the interfaces */
};

static struct lx_flow_gate *map_gate(const struct lx_maps *maps)
{
    struct lx_flow_gate *gate =
        mmap(NULL, sizeof(*gate), PROT_READ | PROT_WRITE, MAP_SHARED, maps->fds[LX_MAP_FLOW_GATE], 0);

    return gate == MAP_FAILED ? NULL : gate;
}

/* The packet that the role would go on with. */
static struct lx_packet next_packet(const struct lx_conversation *conversation)
{
    bool tcp = conversation->ends.transport == LX_TCP;
    struct lx_packet packet = {
        .tuple = conversation->ends.sent,
        .ethertype = conversation->ends.ipv4 ? ETH_P_IP : ETH_P_IPV6,
        .protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP,
        .hop_limit = 64,
        .kind = LX_KIND_PORTS,
        .transport = conversation->ends.transport,
        .tcp_flags = tcp ? LX_TCP_ACK : 0,
        .tcp_header = sizeof(struct tcphdr),
        .udp_length = sizeof(struct udphdr),
        .payload = tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr),
    };

    memcpy(packet.sender, packet.tuple.source, sizeof(packet.sender));
    return packet;
}

/* The row that lists a conversation of the role, or LX_NO_ROW; false when it makes no flow. */
static bool listed_by(const struct picking *picking, const struct lx_conversation *conversation, __u32 *row)
{
    struct lx_packet packet = next_packet(conversation);
    __u32 judgement = lx_policy_from_role(&picking->view, &packet, conversation->ends.ipv4);

    *row = lx_judgement_row(judgement);
    return lx_begins_flow(&picking->view, &packet, lx_judgement_reason(judgement));
}

static void put(struct picking *picking, const struct lx_conversation *conversation, __u32 row)
{
    const struct lx_packet_flow wanted = lx_flow_between(&conversation->ends);
    const __u64 key = lx_flow_key(&wanted, picking->gate->key);
    const struct lx_flow flow = {
        .created = picking->now,
        .seen = picking->now,
        .generation = picking->view.image->generation,
        .row = (__u16)row,
        .state = conversation->state,
        .picked_up = 1,
        .ends = conversation->ends,
    };

    if (picking->count >= picking->maps->shape.flows)
        return;
    lx_open_gate(picking->gate, (__u32)conversation->ends.transport << 16 | conversation->ends.role_port);
    picking->count += !bpf_map_update_elem(picking->maps->fds[LX_MAP_FLOWS], &key, &flow, BPF_NOEXIST);
}

static void see_port(__u8 transport, __u16 port, void *data)
{
    struct picking *picking = data;

    picking->waiting[transport][port / 64] |= 1ull << port % 64;
    if (transport == LX_TCP)
        lx_open_gate(picking->gate, LX_FLOW_LISTENING << 16 | port);
}

/* Whether another interface has an address, which cannot well stand above this one. The kernel is asked once for each.
 */
static bool is_elsewhere(struct picking *picking, const struct lx_address *address)
{
    size_t slot = picking->asked_count % ASKED;
    struct lx_interface holder;

    for (size_t i = 0; i < picking->asked_count && i < ASKED; i++)
        if (!memcmp(&picking->asked[i].address, address, sizeof(*address)))
            return picking->asked[i].elsewhere;
    picking->asked_count++;
    picking->asked[slot].address = *address;
    picking->asked[slot].elsewhere = !lx_interface_with_address(address, &holder) && strcmp(holder.device, "lo") &&
                                     holder.index != picking->interface->master;
    return picking->asked[slot].elsewhere;
}

/* Whether a socket may be spoken to by this interface. One that has no address may stand below any other. */
static bool is_at_interface(struct picking *picking, const __u32 words[4])
{
    struct lx_address address;

    memcpy(address.bytes, words, sizeof(address.bytes));
    for (size_t i = 0; i < picking->own_count; i++)
        if (!memcmp(&picking->own[i], &address, sizeof(address)))
            return true;
    return !picking->own_count || !is_elsewhere(picking, &address);
}

static void see_socket(const struct lx_conversation *conversation, void *data)
{
    struct picking *picking = data;
    __u16 port = conversation->ends.role_port;
    __u32 row;

    if (!listed_by(picking, conversation, &row) || !is_at_interface(picking, conversation->ends.role))
        return;
    if (row != LX_NO_ROW || !(picking->waiting[conversation->ends.transport][port / 64] >> port % 64 & 1))
        put(picking, conversation, row);
}

static void see_tracked(const struct lx_conversation *conversation, void *data)
{
    struct picking *picking = data;
    bool ipv4 = conversation->ends.ipv4, ours = lx_is_protected(&picking->view, conversation->ends.role, ipv4);
    __u32 row;

    picking->tracked = picking->tracked || ours || lx_is_protected(&picking->view, conversation->ends.remote, ipv4);
    if ((ours || !picking->view.image->protects) && listed_by(picking, conversation, &row))
        put(picking, conversation, row);
}

static void look(struct picking *picking)
{
    const struct lx_shape *shape = &picking->maps->shape;

    if ((shape->paired && !shape->forward) || shape->behind)
        lx_tracked_see(see_tracked, picking);
    /* The box of a pair is not behind the role. */
    picking->view.any_source = shape->paired;
    if (!shape->forward && !shape->behind && !lx_listeners_see(see_port, picking))
        lx_sockets_see(see_socket, picking);
}

void lx_pick_up(const struct lx_maps *maps, const struct lx_interface *interface, const struct lx_compiled *compiled)
{
    struct picking *picking = calloc(1, sizeof(*picking));
    struct lx_flow_gate *gate = map_gate(maps);

    if (picking && gate) {
        picking->maps = maps;
        picking->interface = interface;
        picking->view = (struct lx_view){.image = compiled->image, .mask = compiled->capacity - 1};
        picking->gate = gate;
        picking->now = lx_coarse_ns();
        lx_interface_addresses(interface, &picking->own, &picking->own_count);
        look(picking);
        __sync_fetch_and_add(&gate->carried, picking->count);
        if (!picking->tracked)
            __atomic_store_n(&gate->pick_up_until, lx_coarse_ns() + LX_PICK_UP_SECONDS * LX_SECOND, __ATOMIC_RELEASE);
        free(picking->own);
    }
    if (gate)
        munmap(gate, sizeof(*gate));
    free(picking);
}

int lx_forget_picked_up(const struct lx_maps *maps, struct lx_failure *failure)
{
    struct lx_flow_gate *gate = map_gate(maps);
    int error = gate ? 0 : -errno;
    size_t count = 0;

    if (gate) {
        __atomic_store_n(&gate->pick_up_until, 0, __ATOMIC_RELEASE);
        error = lx_flows_remove_picked_up(maps->fds[LX_MAP_FLOWS], &count);
        __sync_fetch_and_sub(&gate->carried, count);
        munmap(gate, sizeof(*gate));
    }
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot forget what was picked up: %s", strerror(-error));
}
