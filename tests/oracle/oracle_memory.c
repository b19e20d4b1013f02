/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows and fragments as the design has them: only packets of the role make or refresh a flow, a reply passes while its
 * flow is live and, after a change of policy, still listed; a later fragment passes after its first one.
 */
#include "oracle_memory.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000u
#define LONGEST_REASSEMBLY ((uint64_t)60 * SECOND) /* RFC 8200, section 4.5 */

static bool same_addresses(const struct oracle_tuple *left, const struct oracle_tuple *right)
{
    size_t size = left->ipv6 ? 16 : 4;

    return left->ipv6 == right->ipv6 && memcmp(left->source, right->source, size) == 0 &&
           memcmp(left->destination, right->destination, size) == 0;
}

struct oracle_flow *oracle_find_flow(const struct oracle_memory *memory, const struct oracle_tuple *tuple)
{
    size_t index;

    for (index = 0; index < memory->flow_count; index++) {
        struct oracle_flow *flow = &memory->flows[index];

        if (flow->tuple.source_port == tuple->source_port && flow->tuple.destination_port == tuple->destination_port &&
            flow->tuple.transport == tuple->transport && same_addresses(&flow->tuple, tuple))
            return flow;
    }
    return NULL;
}

static uint64_t idle_seconds(enum oracle_flow_state state)
{
    switch (state) {
    case ORACLE_HALF_OPEN:
        return 60;
    case ORACLE_ESTABLISHED:
        return 2 * 3600 + 4 * 60;
    case ORACLE_CLOSING:
    case ORACLE_RESET:
        return 10;
    case ORACLE_DATAGRAMS:
        return 300;
    case ORACLE_ECHO:
        return 30;
    }
    abort();
}

static bool is_live(const struct oracle_memory *memory, const struct oracle_flow *flow)
{
    return memory->now <= flow->seen + idle_seconds(flow->state) * SECOND;
}

/* The flow that a packet of the role belongs to. Of an echo, the identifier stands for both ports. */
static struct oracle_tuple flow_of(const struct oracle_packet *packet)
{
    struct oracle_tuple tuple = packet->tuple;

    if (packet->icmp) {
        tuple.transport = LX_ECHO;
        tuple.source_port = tuple.destination_port = packet->icmp_identifier;
    }
    return tuple;
}

/* Lists grow by a half and never shrink. */
static void *next_of(void **items, size_t *count, size_t *room, size_t size)
{
    if (*count == *room) {
        *room += *room / 2 + 64;
        *items = realloc(*items, *room * size);
        if (!*items)
            abort();
    }
    return (char *)*items + size * (*count)++;
}

/* A new conversation begins with a SYN; one that was running already is taken up as established. */
static enum oracle_flow_state state_after(const struct oracle_packet *packet, const struct oracle_flow *before)
{
    uint8_t flags = packet->tcp_flags;

    if (packet->icmp)
        return ORACLE_ECHO;
    if (packet->tuple.transport != LX_TCP)
        return ORACLE_DATAGRAMS;
    if (flags & 0x01) /* FIN */
        return ORACLE_CLOSING;
    if (flags & 0x02) /* SYN */
        return ORACLE_HALF_OPEN;
    if (before && before->state == ORACLE_CLOSING)
        return ORACLE_CLOSING;
    return flags & 0x04 ? ORACLE_RESET : ORACLE_ESTABLISHED;
}

/*
 * TCP tells who begins: the role's own SYN does, its SYN with ACK answers another's, and its RST ends. Anything else is
 * of a conversation that was there before it was looked at: one that a row lists, or, at first, one from a port that
 * has answered nobody.
 */
static bool may_begin(struct oracle_memory *memory, const struct oracle_packet *packet, bool known, uint32_t row)
{
    bool syn = packet->tcp_flags & 0x02, ack = packet->tcp_flags & 0x10, rst = packet->tcp_flags & 0x04;
    uint16_t port = packet->tuple.source_port;

    if (packet->icmp || packet->tuple.transport != LX_TCP)
        return true;
    if (syn && ack) {
        if (memory->now < memory->pick_up_until)
            memory->answers[port] = true;
        return false;
    }
    if (syn || known)
        return true;
    if (rst)
        return false;
    return row != LX_NO_ROW || (memory->now < memory->pick_up_until && !memory->answers[port]);
}

/* Whether the role begins a conversation with this packet, or goes on with one. */
static bool is_remembered(const struct lx_policy *policy, const struct oracle_packet *packet,
                          const struct oracle_verdict *verdict)
{
    bool listed, merely_counted;

    if (policy->egress == LX_EGRESS_OFF)
        return false;
    if (!packet->has_ports && !packet->portless && !oracle_is_echo_request(packet))
        return false;
    if (packet->portless && oracle_is_own_group(packet)) /* which never answers */
        return false;
    listed = verdict->reason == LX_REASON_ROW || verdict->reason == LX_REASON_ECHO;
    merely_counted = verdict->reason == LX_REASON_NO_ROW || verdict->reason == LX_REASON_SPOOFED ||
                     (packet->icmp && verdict->reason == LX_REASON_BUILT_IN_OFF);
    return listed || (merely_counted && policy->egress == LX_EGRESS_TRACK);
}

static void remember_flow(struct oracle_memory *memory, const struct oracle_packet *packet, uint32_t row)
{
    struct oracle_tuple tuple = flow_of(packet);
    struct oracle_flow *flow = oracle_find_flow(memory, &tuple);
    bool known = flow && is_live(memory, flow);
    enum oracle_flow_state state = state_after(packet, known ? flow : NULL);

    if (!may_begin(memory, packet, known, row))
        return;

    /* Refreshed at most once a second, unless there is news. */
    if (flow && flow->state == state && flow->policy == memory->policy && memory->now < flow->seen + SECOND)
        return;
    if (!flow) {
        flow = next_of((void **)&memory->flows, &memory->flow_count, &memory->flow_room, sizeof(*flow));
        *flow = (struct oracle_flow){.tuple = tuple, .created = memory->now};
    } else if (!known) {
        flow->created = memory->now;
    }
    /* Once the role is seen to begin it, it is no longer one that was found running. */
    if (!known)
        flow->picked_up = true;
    if (packet->icmp || packet->tuple.transport != LX_TCP || (packet->tcp_flags & 0x02))
        flow->picked_up = false;
    flow->seen = memory->now;
    flow->state = state;
    flow->row = row;
    flow->policy = memory->policy;
}

/* What becomes of a packet that the flow's other end sends, or of an error about what the role sent. */
static void judge_by_flow(const struct oracle_memory *memory, const struct lx_policy *policy, bool error,
                          const struct oracle_tuple *tuple, struct oracle_verdict *verdict)
{
    struct oracle_flow *flow = oracle_find_flow(memory, tuple);
    bool echo = tuple->transport == LX_ECHO, listed;
    struct oracle_tuple asked = echo ? oracle_echo_rows(tuple) : *tuple;

    if (!flow || !is_live(memory, flow))
        return;
    if (flow->policy != memory->policy) {
        flow->row = oracle_first_row(policy, LX_HOOK_FROM_ROLE, &asked);
        flow->policy = memory->policy;
    }
    listed = flow->row != LX_NO_ROW || (echo && policy->built_ins & LX_BUILT_IN_ECHO);
    if (!listed && policy->egress != LX_EGRESS_TRACK)
        return;
    if (error) {
        verdict->reason = LX_REASON_ICMP_ERROR;
    } else if (listed) {
        verdict->reason = flow->row == LX_NO_ROW ? LX_REASON_ECHO : LX_REASON_FLOW;
        verdict->row = flow->row;
    } else {
        verdict->reason = LX_REASON_REPLY_UNLISTED;
    }
}

/* What no row lets in may still be what the role waits for. */
static void judge_reply(const struct oracle_memory *memory, const struct lx_policy *policy,
                        const struct oracle_packet *packet, struct oracle_verdict *verdict)
{
    struct oracle_tuple answered = flow_of(packet), begun = oracle_turned(&answered);

    if (policy->egress == LX_EGRESS_OFF)
        return;
    if (oracle_is_error(packet)) {
        if (verdict->reason == LX_REASON_ICMP_ERROR_UNRELATED)
            judge_by_flow(memory, policy, true, &packet->quoted, verdict);
    } else if (oracle_is_echo_reply(packet)) {
        if (verdict->reason == LX_REASON_ICMP_TYPE)
            judge_by_flow(memory, policy, false, &begun, verdict);
    } else if (packet->portless) {
        if (verdict->reason == LX_REASON_NO_ROW)
            judge_by_flow(memory, policy, false, &begun, verdict);
    } else if (packet->has_ports && verdict->reason == LX_REASON_NO_ROW) {
        if (packet->tuple.transport == LX_UDP || (packet->tcp_flags & 0x14)) /* ACK or RST */
            judge_by_flow(memory, policy, false, &begun, verdict);
    }
    /* Whoever is behind the role does not come in from the other side. */
    if (lx_reason_verdict(verdict->reason) == LX_PASS &&
        oracle_is_protected(policy, packet->tuple.ipv6, packet->tuple.source)) {
        verdict->reason = LX_REASON_SPOOFED;
        verdict->row = LX_NO_ROW;
    }
}

static bool is_of_datagram(const struct oracle_datagram *datagram, enum lx_hook hook,
                           const struct oracle_packet *packet)
{
    return datagram->hook == hook && (packet->tuple.ipv6 || datagram->protocol == packet->protocol) &&
           datagram->identification == packet->identification && same_addresses(&datagram->ends, &packet->tuple);
}

static struct oracle_datagram *find_datagram(const struct oracle_memory *memory, enum lx_hook hook,
                                             const struct oracle_packet *packet)
{
    size_t index;

    for (index = 0; index < memory->datagram_count; index++)
        if (is_of_datagram(&memory->datagrams[index], hook, packet))
            return &memory->datagrams[index];
    return NULL;
}

static void remember_datagram(struct oracle_memory *memory, enum lx_hook hook, const struct oracle_packet *packet)
{
    struct oracle_datagram *datagram = find_datagram(memory, hook, packet);

    if (!datagram)
        datagram =
            next_of((void **)&memory->datagrams, &memory->datagram_count, &memory->datagram_room, sizeof(*datagram));
    *datagram = (struct oracle_datagram){.hook = hook,
                                         .ends = packet->tuple,
                                         .protocol = packet->protocol,
                                         .identification = packet->identification,
                                         .passed = memory->now,
                                         .headers = packet->fragment_headers,
                                         .group = packet->group_mac,
                                         .everyone = packet->broadcast_mac};
}

static void judge_from_role(struct oracle_memory *memory, const struct lx_policy *policy,
                            const struct oracle_packet *packet, struct oracle_verdict *verdict)
{
    struct oracle_tuple begun = oracle_turned(&packet->quoted);
    const struct oracle_flow *flow;

    if (oracle_is_error(packet) && verdict->reason == LX_REASON_ICMP_ERROR_UNRELATED) {
        flow = oracle_find_flow(memory, &begun);
        if (flow && is_live(memory, flow))
            verdict->reason = LX_REASON_ICMP_ERROR;
    }
    if (is_remembered(policy, packet, verdict))
        remember_flow(memory, packet, verdict->row);
}

/* A later fragment of a first one that passed: no further than that one, not over its headers. */
static uint32_t judge_later_fragment(const struct oracle_datagram *datagram, const struct oracle_packet *packet)
{
    if (packet->group_mac && (!datagram->group || datagram->everyone != packet->broadcast_mac))
        return packet->broadcast_mac ? LX_REASON_BROADCAST : LX_REASON_MULTICAST;
    return packet->fragment_offset < datagram->headers ? LX_REASON_OVERLAPPING_FRAGMENT : LX_REASON_LATER_FRAGMENT;
}

struct oracle_verdict oracle_watch(struct oracle_memory *memory, const struct lx_policy *policy, enum lx_hook hook,
                                   const uint8_t *frame, size_t length)
{
    struct oracle_packet packet = oracle_read_frame(policy, hook, frame, length);
    struct oracle_verdict verdict;
    bool opened, passes;

    verdict = oracle_judge_packet(policy, hook, &packet, &opened);
    if (packet.later_fragment && !packet.defective) {
        const struct oracle_datagram *datagram = find_datagram(memory, hook, &packet);

        if (datagram && memory->now <= datagram->passed + LONGEST_REASSEMBLY)
            verdict.reason = judge_later_fragment(datagram, &packet);
        return verdict;
    }
    if (!opened)
        return verdict;
    if (hook == LX_HOOK_FROM_ROLE)
        judge_from_role(memory, policy, &packet, &verdict);
    else
        judge_reply(memory, policy, &packet, &verdict);
    passes = lx_reason_verdict(verdict.reason) == LX_PASS;
    if (hook == LX_HOOK_FROM_ROLE && policy->egress == LX_EGRESS_TRACK)
        passes = true;
    /* An ICMP error is never so long that it would have to go in fragments. */
    if (packet.first_fragment && passes && !oracle_is_error(&packet))
        remember_datagram(memory, hook, &packet);
    return verdict;
}

void oracle_forget(struct oracle_memory *memory)
{
    free(memory->flows);
    free(memory->datagrams);
    memset(memory, 0, sizeof(*memory));
}
