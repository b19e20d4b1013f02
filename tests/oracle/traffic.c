/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws the packets of a sequence, and the policies that take turns in judging them. */
#include "traffic.h"

#include <stdlib.h>
#include <string.h>

/* Leaves out about every fourth rule and, for some, turns switches. */
static bool make_turn(struct generator *generator, const struct lx_policy *policy, struct lx_policy *turn)
{
    size_t index;

    *turn = *policy;
    turn->rules = calloc(policy->rule_count + 1, sizeof(*turn->rules));
    turn->rule_count = 0;
    if (!turn->rules)
        return false;
    for (index = 0; index < policy->rule_count; index++)
        if (generate_chance(generator, 75))
            turn->rules[turn->rule_count++] = policy->rules[index];
    if (generate_chance(generator, 50))
        turn->egress = (enum lx_egress)generate_below(generator, 3);
    if (generate_chance(generator, 30))
        turn->built_ins ^= generate_chance(generator, 8) ? LX_BUILT_IN_BEHIND : 1u << generate_below(generator, 12);
    return true;
}

/* Most of the traffic is not about these. */
static void calm(struct generator *generator, struct lx_policy *policy)
{
    policy->built_ins |= LX_BUILT_IN_ICMP_ERROR | LX_BUILT_IN_FRAGMENTS;
    policy->vlans_listed = false;
    policy->vlan = 0;
    if (generate_chance(generator, 60))
        policy->protected = NULL;
    if (generate_chance(generator, 70))
        policy->egress = generate_chance(generator, 50) ? LX_EGRESS_TRACK : LX_EGRESS_ENFORCE;
}

static struct oracle_tuple draw_conversation(struct traffic *traffic)
{
    struct generator *generator = traffic->generator;
    enum lx_hook hook = generate_chance(generator, 80) ? LX_HOOK_FROM_ROLE : LX_HOOK_TO_ROLE;
    struct oracle_tuple tuple = generate_tuple(generator, traffic->policy, hook);

    if (generate_chance(generator, 10))
        tuple.transport = LX_ECHO;
    return hook == LX_HOOK_FROM_ROLE ? tuple : oracle_turned(&tuple);
}

bool traffic_begin(struct traffic *traffic, struct generator *generator, size_t rules)
{
    size_t index;

    memset(traffic, 0, sizeof(*traffic));
    traffic->generator = generator;
    traffic->policy = generate_policy(generator, rules);
    if (!traffic->policy)
        return false;
    calm(generator, traffic->policy);
    for (index = 0; index < TRAFFIC_POLICIES; index++)
        if (!make_turn(generator, traffic->policy, &traffic->turns[index]) ||
            lx_compile(&traffic->turns[index], &traffic->compiled[index], NULL)) {
            traffic_end(traffic);
            return false;
        }
    for (index = 0; index < TRAFFIC_CONVERSATIONS; index++)
        traffic->conversations[index] = draw_conversation(traffic);
    return true;
}

void traffic_end(struct traffic *traffic)
{
    size_t index;

    for (index = 0; index < TRAFFIC_POLICIES; index++) {
        lx_compiled_free(&traffic->compiled[index]);
        free(traffic->turns[index].rules);
    }
    generated_policy_free(traffic->policy);
    memset(traffic, 0, sizeof(*traffic));
}

/* Same addresses, other port; same ports, other address; or the other transport. */
static void imitate(struct generator *generator, struct oracle_tuple *tuple)
{
    switch (generate_below(generator, 5)) {
    case 0:
        tuple->source_port ^= 1;
        break;
    case 1:
        tuple->destination_port ^= 1;
        break;
    case 2:
        tuple->source[tuple->ipv6 ? 15 : 3] ^= 1;
        break;
    case 3:
        tuple->destination[tuple->ipv6 ? 15 : 3] ^= 1;
        break;
    default:
        if (tuple->transport != LX_ECHO)
            tuple->transport ^= 1;
        break;
    }
}

/* Most are an ACK; a FIN, a SYN, an answer to one, and a RST of either kind. */
static uint8_t draw_flags(struct generator *generator)
{
    static const uint8_t others[] = {0x11, 0x02, 0x02, 0x12, 0x04, 0x14};

    return generate_chance(generator, 65) ? 0x10 : others[generate_below(generator, sizeof(others))];
}

struct traffic_packet traffic_next(struct traffic *traffic)
{
    struct generator *generator = traffic->generator;
    struct oracle_tuple *conversation = &traffic->conversations[generate_below(generator, TRAFFIC_CONVERSATIONS)];
    struct traffic_packet next = {.hook = generate_chance(generator, 45) ? LX_HOOK_FROM_ROLE : LX_HOOK_TO_ROLE};
    struct oracle_tuple tuple;

    if (generate_chance(generator, 2))
        *conversation = draw_conversation(traffic);
    tuple = next.hook == LX_HOOK_FROM_ROLE ? *conversation : oracle_turned(conversation);
    if (generate_chance(generator, next.hook == LX_HOOK_FROM_ROLE ? 2 : 8))
        imitate(generator, &tuple);
    next.shape = generate_shape_of(generator, tuple);
    /* The past shows in honest packets alone. */
    if (generate_chance(generator, 60)) {
        next.shape = tuple.transport == LX_ECHO ? next.shape : shape_of_tuple(&tuple);
        next.shape.tcp_flags = draw_flags(generator);
        if (generate_chance(generator, 15))
            generate_fragment(generator, &next.shape);
        if (next.shape.fragment && generate_chance(generator, 10)) /* all stations, or some */
            memset(next.shape.destination_mac, 0xff, generate_chance(generator, 50) ? 6 : 5);
    }
    return next;
}

uint64_t traffic_pause(struct traffic *traffic)
{
    static const unsigned idle[] = {1, 10, 30, 60, 300, 7440};
    struct generator *generator = traffic->generator;
    uint64_t second = 1000000000u;

    if (generate_chance(generator, 92))
        return generate_below(generator, second / 20);
    if (generate_chance(generator, 75))
        return generate_below(generator, 3 * second);
    return idle[generate_below(generator, generate_chance(generator, 90) ? 4 : 6)] * second +
           generate_below(generator, 3) - 1;
}
