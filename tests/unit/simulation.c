/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a capture's past makes of its frames is what the oracle makes of it, and which way a frame goes is told by its
 * addresses. LX_SEED repeats a run.
 */
#include "user/core/explain/simulation.h"

#include <criterion/criterion.h>

#include "tests/oracle/agree.h"
#include "tests/oracle/traffic.h"

#define FRAME_ROOM 4096

/* One capture under one policy. */
static void compare_capture(struct traffic *traffic, size_t packets, struct agree_count *count)
{
    const struct lx_policy *policy = &traffic->turns[0];
    struct oracle_memory memory = {.now = 1000000000000u, .policy = 1};
    struct lx_simulation simulation = {0};
    uint8_t frame[FRAME_ROOM];

    traffic->compiled[0].image->generation = 1;
    for (size_t i = 0; i < packets; i++) {
        struct traffic_packet next = traffic_next(traffic);
        size_t length = shape_write(&next.shape, frame);
        struct oracle_verdict expected;
        struct lx_judgement judgement;

        memory.now += traffic_pause(traffic);
        if (next.hook == LX_HOOK_FROM_ROLE && policy->egress == LX_EGRESS_OFF)
            continue;
        if (!memory.pick_up_until)
            memory.pick_up_until = memory.now + 60000000000u; /* the capture's first minute */
        expected = oracle_watch(&memory, policy, next.hook, frame, length);
        cr_assert_eq(
            lx_simulation_judge(&simulation, &traffic->compiled[0], next.hook, frame, length, memory.now, &judgement),
            0);
        if (judgement.reason != expected.reason || judgement.row != expected.row) {
            agree_report(next.hook, frame, length, judgement.reason, judgement.row, &expected);
            cr_assert_fail("packet %zu of this capture is judged differently", i);
        }
        count->frames++;
        count->reasons[judgement.reason]++;
    }
    lx_simulation_free(&simulation);
    oracle_forget(&memory);
}

Test(simulation, captures_are_judged_by_what_was_seen_before)
{
    struct generator generator = generator_from(generator_seed("past/captures"));
    struct agree_count count = {0};

    for (size_t i = 0; i < 200; i++) {
        struct traffic traffic;

        cr_assert(traffic_begin(&traffic, &generator, 1 + generate_below(&generator, 24)));
        compare_capture(&traffic, 1500, &count);
        traffic_end(&traffic);
    }
    cr_expect_gt(count.reasons[LX_REASON_FLOW], count.frames / 100);
    cr_expect_gt(count.reasons[LX_REASON_REPLY_UNLISTED], count.frames / 100);
    cr_expect_gt(count.reasons[LX_REASON_LATER_FRAGMENT], count.frames / 2000);
    cr_expect_gt(count.reasons[LX_REASON_ICMP_ERROR], count.frames / 200);
    cr_expect_gt(count.reasons[LX_REASON_NO_ROW], count.frames / 20);
}

/* --- Directions --- */

static struct lx_prefix behind[] = {{.length = 128}, {.length = 128}};
static struct lx_prefix_set role = {.items = behind, .count = 2};

static struct lx_bypass bypass;

static struct lx_compiled policy_of(struct lx_prefix_set *protected)
{
    static char *name = (char *)"test";
    const char *problem;
    struct lx_policy policy = {.edition = (char *)"lync2010",
                               .roles = {.items = &name, .count = 1},
                               .protected = protected,
                               .bypass = bypass,
                               .built_ins = LX_BUILT_IN_ICMP_ERROR,
                               .egress = LX_EGRESS_TRACK};
    struct lx_compiled compiled;

    cr_assert_eq(lx_address_parse("198.51.100.1", &behind[0].address, &problem), 0);
    cr_assert_eq(lx_address_parse("2001:db8::1", &behind[1].address, &problem), 0);
    cr_assert_eq(lx_compile(&policy, &compiled, NULL), 0);
    return compiled;
}

static struct lx_probe probe_of(const char *source, const char *destination)
{
    struct lx_probe probe = {.transport = LX_UDP, .source_port = 4711, .destination_port = 53};
    const char *problem;

    cr_assert_eq(lx_address_parse(source, &probe.source, &problem), 0);
    cr_assert_eq(lx_address_parse(destination, &probe.destination, &problem), 0);
    return probe;
}

static enum lx_hook hook_of(const struct lx_compiled *compiled, const char *source, const char *destination)
{
    struct lx_probe probe = probe_of(source, destination);
    uint8_t frame[LX_PROBE_FRAME];

    return lx_simulation_hook(compiled, frame, lx_probe_frame(&probe, frame));
}

Test(simulation, what_the_roles_addresses_send_is_from_the_role)
{
    struct lx_compiled compiled = policy_of(&role);

    cr_expect_eq(hook_of(&compiled, "198.51.100.1", "203.0.113.9"), LX_HOOK_FROM_ROLE);
    cr_expect_eq(hook_of(&compiled, "2001:db8::1", "2001:db8::9"), LX_HOOK_FROM_ROLE);
    cr_expect_eq(hook_of(&compiled, "203.0.113.9", "198.51.100.1"), LX_HOOK_TO_ROLE);
    cr_expect_eq(hook_of(&compiled, "2001:db8::9", "2001:db8::1"), LX_HOOK_TO_ROLE);
    cr_expect_eq(hook_of(&compiled, "203.0.113.9", "203.0.113.10"), LX_HOOK_TO_ROLE);
    lx_compiled_free(&compiled);
}

Test(simulation, what_a_neighbour_sends_comes_from_there_as_well)
{
    struct lx_bypassed neighbour = {.bound = {.count = 0}};
    struct lx_compiled compiled;

    cr_assert_eq(lx_prefix_parse("198.51.100.50", &neighbour.prefix, NULL), 0);
    bypass = (struct lx_bypass){.items = &neighbour, .count = 1};
    compiled = policy_of(&role);
    cr_expect_eq(hook_of(&compiled, "198.51.100.50", "203.0.113.9"), LX_HOOK_FROM_ROLE);
    cr_expect_eq(hook_of(&compiled, "203.0.113.9", "198.51.100.50"), LX_HOOK_TO_ROLE);
    cr_expect_eq(hook_of(&compiled, "198.51.100.51", "203.0.113.9"), LX_HOOK_TO_ROLE);
    lx_compiled_free(&compiled);
}

/* An ARP reply, or the beginning of one. */
static enum lx_hook hook_of_arp(const struct lx_compiled *compiled, uint8_t last_byte_of_sender, size_t length)
{
    const uint8_t arp[42] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,   0,  0,   0, 0, 1, 8,   6,  0,   1,
        8,    0,    6,    4,    0,    2,    2,   0,  0,   0, 0, 1, 198, 51, 100, last_byte_of_sender,
        2,    0,    0,    0,    0,    2,    198, 51, 100, 9};

    return lx_simulation_hook(compiled, arp, length);
}

Test(simulation, arp_goes_the_way_of_who_says_it)
{
    struct lx_compiled compiled = policy_of(&role);

    cr_expect_eq(hook_of_arp(&compiled, 1, 42), LX_HOOK_FROM_ROLE);
    cr_expect_eq(hook_of_arp(&compiled, 2, 42), LX_HOOK_TO_ROLE);
    cr_expect_eq(hook_of_arp(&compiled, 1, 41), LX_HOOK_TO_ROLE);
    lx_compiled_free(&compiled);
}

Test(simulation, nothing_on_the_wire_goes_from_the_role_to_itself)
{
    struct lx_compiled compiled = policy_of(&role);

    cr_expect_eq(hook_of(&compiled, "198.51.100.1", "198.51.100.1"), LX_HOOK_TO_ROLE);
    lx_compiled_free(&compiled);
}

Test(simulation, a_policy_that_knows_no_addresses_of_the_role_sees_all_arrive)
{
    struct lx_compiled compiled = policy_of(NULL);

    cr_expect_eq(hook_of(&compiled, "198.51.100.1", "203.0.113.9"), LX_HOOK_TO_ROLE);
    lx_compiled_free(&compiled);
}

Test(simulation, frames_that_are_cut_or_no_ip_arrive)
{
    struct lx_compiled compiled = policy_of(&role);
    struct lx_probe probe = probe_of("198.51.100.1", "203.0.113.9");
    uint8_t frame[LX_PROBE_FRAME];

    lx_probe_frame(&probe, frame);
    for (size_t length = 0; length < 34; length++)
        cr_expect_eq(lx_simulation_hook(&compiled, frame, length), LX_HOOK_TO_ROLE, "%zu bytes", length);
    frame[12] = 0x88;
    cr_expect_eq(lx_simulation_hook(&compiled, frame, LX_PROBE_FRAME), LX_HOOK_TO_ROLE);
    lx_compiled_free(&compiled);
}

/* --- Time --- */

static uint32_t reason_of(struct lx_simulation *simulation, const struct lx_compiled *compiled,
                          const struct lx_probe *probe, uint64_t seconds)
{
    struct lx_judgement judgement = {.reason = LX_REASON_COUNT};
    uint8_t frame[LX_PROBE_FRAME];
    size_t length = lx_probe_frame(probe, frame);

    cr_assert_eq(lx_simulation_judge(simulation, compiled, lx_simulation_hook(compiled, frame, length), frame, length,
                                     (1000 + seconds) * LX_SECOND, &judgement),
                 0);
    return judgement.reason;
}

Test(simulation, answers_pass_for_as_long_as_the_flow_lives_by_the_captures_clock)
{
    struct lx_compiled compiled = policy_of(&role);
    struct lx_probe asked = probe_of("198.51.100.1", "203.0.113.9"), answer = probe_of("203.0.113.9", "198.51.100.1");
    struct lx_simulation simulation = {0};

    answer.source_port = asked.destination_port;
    answer.destination_port = asked.source_port;
    cr_expect_eq(reason_of(&simulation, &compiled, &answer, 0), LX_REASON_NO_ROW);
    cr_expect_eq(reason_of(&simulation, &compiled, &asked, 1), LX_REASON_NO_ROW);
    cr_expect_eq(reason_of(&simulation, &compiled, &answer, 300), LX_REASON_REPLY_UNLISTED);
    cr_expect_eq(reason_of(&simulation, &compiled, &answer, 302), LX_REASON_NO_ROW);
    cr_expect_eq(reason_of(&simulation, &compiled, &asked, 400), LX_REASON_NO_ROW);
    cr_expect_eq(reason_of(&simulation, &compiled, &answer, 700), LX_REASON_REPLY_UNLISTED);
    lx_simulation_free(&simulation);
    cr_expect_eq(reason_of(&simulation, &compiled, &answer, 700), LX_REASON_NO_ROW);
    lx_compiled_free(&compiled);
}
