/* SPDX-License-Identifier: GPL-2.0-only */
/* Holds the data plane, compiled for the host, to the oracle. */
#include "agree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs.h"

/* Ethernet's 14 bytes would leave every later header on an odd half word; network stacks shift the frame likewise. */
#define ALIGNING 2

const char *agree_reason_name(uint32_t reason)
{
    static const char *const names[] = {
#define REASON_NAME(symbol, name, verdict, meaning) name,
        LX_REASONS(REASON_NAME)
#undef REASON_NAME
    };

    return reason < LX_REASON_COUNT ? names[reason] : "(no reason)";
}

void agree_report(enum lx_hook hook, const uint8_t *frame, size_t length, uint32_t reason, uint32_t row,
                  const struct oracle_verdict *expected)
{
    size_t index;

    fprintf(stderr, "%s: data plane: %s, row %u; oracle: %s, row %u; frame of %zu bytes:\n",
            hook == LX_HOOK_TO_ROLE ? "to role" : "from role", agree_reason_name(reason), row,
            agree_reason_name(expected->reason), expected->row, length);
    for (index = 0; index < length; index++)
        fprintf(stderr, "%02x%s", frame[index], index % 32 == 31 ? "\n" : "");
    fprintf(stderr, "\n");
}

static struct lx_view view_of(const struct lx_compiled *compiled)
{
    return (struct lx_view){.image = compiled->image, .mask = compiled->capacity - 1};
}

/* A packet whose ports were read is counted by its port. */
static bool same(const struct lx_judgement *judgement, const struct lx_packet *packet, bool opened,
                 const struct oracle_verdict *expected)
{
    bool has_ports = opened && packet->kind == LX_KIND_PORTS;

    if (judgement->reason >= LX_REASON_COUNT || judgement->reason != expected->reason)
        return false;
    if (judgement->row != expected->row || has_ports != expected->has_ports)
        return false;
    return !has_ports ||
           (packet->transport == expected->transport && packet->tuple.destination_port == expected->destination_port);
}

/* A copy of a frame that ends where its memory ends. */
static struct lx_frame exact_copy(const uint8_t *frame, size_t length, uint8_t **memory)
{
    uint8_t *copy = malloc(length + ALIGNING);

    if (!copy)
        abort();
    memcpy(copy + ALIGNING, frame, length);
    *memory = copy;
    return (struct lx_frame){.data = copy + ALIGNING, .end = copy + ALIGNING + length, .length = (uint32_t)length};
}

static void count_judgement(struct agree_count *count, uint32_t reason)
{
    if (!count)
        return;
    count->frames++;
    if (reason < LX_REASON_COUNT)
        count->reasons[reason]++;
}

/* Of such a packet nothing was read yet: what the data plane believes of it without having set it shows. */
static void unread(struct lx_packet *packet)
{
    memset(packet, 0xa5, sizeof(*packet));
}

/* Leaves of a packet that was read what more than reading and checking it looks at. */
static void forget_reading(struct lx_packet *packet)
{
    packet->hop_limit = packet->extension_headers = 0;
    packet->udp_length = 0;
    packet->fragmentable = 0;
    if (packet->transport == LX_UDP)
        packet->tcp_header = 0;
}

/*
 * Whether the short way that ordinary packets take leads to the same place as the long one, and reads the same: each
 * byte is compared, and those that neither has to read are as they were. In place, since no copy has the padding.
 */
static bool ordinary_is_same(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                             const struct lx_judgement *judgement, struct lx_packet *packet)
{
    struct lx_packet ordinary;
    struct lx_judgement again;

    unread(&ordinary);
    if (!programs_ask_ordinary(view, hook, frame, &ordinary, &again))
        return true;
    forget_reading(&ordinary);
    forget_reading(packet);
    return again.reason == judgement->reason && again.row == judgement->row &&
           memcmp(&ordinary, packet, sizeof(ordinary)) == 0;
}

bool agree_on_frame(const struct lx_policy *policy, const struct lx_compiled *compiled, enum lx_hook hook,
                    const uint8_t *frame, size_t length, struct agree_count *count)
{
    struct oracle_verdict expected = oracle_judge(policy, hook, frame, length);
    struct lx_view view = view_of(compiled);
    struct lx_judgement judgement;
    struct lx_packet packet;
    struct lx_frame exact;
    uint8_t *copy;
    bool opened, agreed;

    exact = exact_copy(frame, length, &copy);
    unread(&packet);
    judgement = programs_ask_any(&view, hook, &exact, &packet, &opened);
    agreed = same(&judgement, &packet, opened, &expected) && ordinary_is_same(&view, hook, &exact, &judgement, &packet);
    free(copy);
    count_judgement(count, judgement.reason);
    if (!agreed)
        agree_report(hook, frame, length, judgement.reason, judgement.row, &expected);
    return agreed;
}

bool agree_on_next(struct oracle_memory *memory, const struct lx_policy *policy, const struct lx_compiled *compiled,
                   enum lx_hook hook, const uint8_t *frame, size_t length, struct agree_count *count)
{
    struct oracle_verdict expected = oracle_watch(memory, policy, hook, frame, length);
    struct lx_view view = view_of(compiled);
    struct lx_judgement judgement;
    struct lx_packet packet;
    struct lx_frame exact;
    uint8_t *copy;
    bool opened, agreed;

    exact = exact_copy(frame, length, &copy);
    compiled->image->generation = memory->policy;
    programs_set_clock(memory->now);
    programs_pick_up_until(memory->pick_up_until);
    unread(&packet);
    judgement = programs_judge(&view, hook, &exact, &packet, &opened);
    free(copy);
    agreed = same(&judgement, &packet, opened, &expected);
    count_judgement(count, judgement.reason);
    if (!agreed)
        agree_report(hook, frame, length, judgement.reason, judgement.row, &expected);
    return agreed;
}

static void put_address(__u32 words[4], const uint8_t *bytes, bool ipv6)
{
    uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memcpy(mapped + 12, bytes, 4);
    memcpy(words, ipv6 ? bytes : mapped, 16);
}

static bool same_flow(const struct oracle_flow *expected)
{
    const struct oracle_tuple *tuple = &expected->tuple;
    struct lx_flow_ends ends = {.role_port = tuple->source_port,
                                .remote_port = tuple->destination_port,
                                .transport = (uint8_t)tuple->transport,
                                .ipv4 = !tuple->ipv6};
    const struct lx_flow *flow;

    put_address(ends.role, tuple->source, tuple->ipv6);
    put_address(ends.remote, tuple->destination, tuple->ipv6);
    flow = programs_flow(&ends);
    return flow && flow->row == expected->row && flow->generation == expected->policy &&
           flow->created == expected->created && flow->seen == expected->seen && flow->state == (int)expected->state &&
           flow->picked_up == expected->picked_up;
}

bool agree_on_flows(const struct oracle_memory *memory)
{
    size_t index;

    if (programs_flows() != memory->flow_count || programs_flows_created() != memory->flow_count) {
        fprintf(stderr, "programs: %llu flows, %llu created; oracle: %zu\n", (unsigned long long)programs_flows(),
                (unsigned long long)programs_flows_created(), memory->flow_count);
        return false;
    }
    for (index = 0; index < memory->flow_count; index++)
        if (!same_flow(&memory->flows[index])) {
            fprintf(stderr, "flow %zu of the oracle is another one to the programs\n", index);
            return false;
        }
    return true;
}

bool agree_on_tuple(const struct lx_policy *policy, const struct lx_compiled *compiled, enum lx_hook hook,
                    const struct oracle_tuple *tuple)
{
    const struct lx_section *section = hook == LX_HOOK_TO_ROLE ? &compiled->image->inbound : &compiled->image->outbound;
    uint32_t expected = oracle_first_row(policy, hook, tuple), row;
    struct lx_view view = view_of(compiled);
    struct lx_tuple key = {.source_port = tuple->source_port, .destination_port = tuple->destination_port};

    put_address(key.source, tuple->source, tuple->ipv6);
    put_address(key.destination, tuple->destination, tuple->ipv6);
    row =
        tuple->transport == LX_PORTLESS
            ? lx_classify_protocol(&view, section, &key, key.destination_port, !tuple->ipv6)
            : lx_classify(&view, section, &key, lx_service((__u8)tuple->transport, key.destination_port), !tuple->ipv6);
    if (row == expected)
        return true;
    fprintf(stderr, "%s %s: ports %u to %u: classified as row %u, oracle: %u\n",
            hook == LX_HOOK_TO_ROLE ? "inbound" : "outbound",
            tuple->transport == LX_TCP   ? "TCP"
            : tuple->transport == LX_UDP ? "UDP"
                                         : "without ports",
            tuple->source_port, tuple->destination_port, row, expected);
    return false;
}

bool agree_count_is_whole(const struct agree_count *count)
{
    uint64_t sum = 0;
    size_t reason;

    for (reason = 0; reason < LX_REASON_COUNT; reason++)
        sum += count->reasons[reason];
    return sum == count->frames;
}
