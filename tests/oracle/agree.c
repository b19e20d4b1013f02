/* SPDX-License-Identifier: GPL-2.0-only */
/* Holds the data plane, compiled for the host, to the oracle. */
#include "agree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lyncxdp/judge.h>

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

void agree_report(const uint8_t *frame, size_t length, uint32_t reason, uint32_t row,
                  const struct oracle_verdict *expected)
{
    size_t index;

    fprintf(stderr, "data plane: %s, row %u; oracle: %s, row %u; frame of %zu bytes:\n", agree_reason_name(reason), row,
            agree_reason_name(expected->reason), expected->row, length);
    for (index = 0; index < length; index++)
        fprintf(stderr, "%02x%s", frame[index], index % 32 == 31 ? "\n" : "");
    fprintf(stderr, "\n");
}

static struct lx_view view_of(const struct lx_compiled *compiled)
{
    return (struct lx_view){.image = compiled->image, .mask = compiled->capacity - 1};
}

/* The two halves, as the BPF program calls them: a packet whose ports were read is counted by its port. */
static struct lx_judgement judge(const struct lx_view *view, const struct lx_frame *frame, struct lx_packet *packet,
                                 bool *has_ports)
{
    uint32_t reason = lx_read_frame(view, frame, packet);

    *has_ports = reason == LX_UNDECIDED && packet->kind == LX_KIND_PORTS;
    if (reason != LX_UNDECIDED)
        return lx_judgement_unpack(LX_JUDGED(reason));
    return lx_judgement_unpack(lx_judge_to_role(view, packet, packet->ethertype == ETH_P_IP));
}

static bool same(const struct lx_judgement *judgement, const struct lx_packet *packet, bool has_ports,
                 const struct oracle_verdict *expected)
{
    if (judgement->reason != expected->reason || judgement->row != expected->row || has_ports != expected->has_ports)
        return false;
    return !has_ports ||
           (packet->transport == expected->transport && packet->tuple.destination_port == expected->destination_port);
}

bool agree_on_frame(const struct lx_policy *policy, const struct lx_compiled *compiled, const uint8_t *frame,
                    size_t length, struct agree_count *count)
{
    struct oracle_verdict expected = oracle_judge_to_role(policy, frame, length);
    struct lx_view view = view_of(compiled);
    struct lx_judgement judgement;
    struct lx_packet packet;
    uint8_t *copy = malloc(length + ALIGNING);
    struct lx_frame exact = {.data = copy + ALIGNING, .end = copy + ALIGNING + length, .length = (uint32_t)length};
    bool has_ports, agreed;

    if (!copy)
        abort();
    memcpy(copy + ALIGNING, frame, length);
    judgement = judge(&view, &exact, &packet, &has_ports);
    free(copy);
    agreed = judgement.reason < LX_REASON_COUNT && same(&judgement, &packet, has_ports, &expected);
    if (count) {
        count->frames++;
        if (judgement.reason < LX_REASON_COUNT)
            count->reasons[judgement.reason]++;
    }
    if (!agreed)
        agree_report(frame, length, judgement.reason, judgement.row, &expected);
    return agreed;
}

static void put_address(__u32 words[4], const uint8_t *bytes, bool ipv6)
{
    uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memcpy(mapped + 12, bytes, 4);
    memcpy(words, ipv6 ? bytes : mapped, 16);
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
    row = lx_classify(&view, section, &key, (__u8)tuple->transport, !tuple->ipv6);
    if (row == expected)
        return true;
    fprintf(stderr, "%s %s: ports %u to %u: classified as row %u, oracle: %u\n",
            hook == LX_HOOK_TO_ROLE ? "inbound" : "outbound", tuple->transport == LX_TCP ? "TCP" : "UDP",
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
