/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds compiler, data plane and programs, as the host compiles them, to the oracle: random policies, and for each the
 * packets that its rules and their borders are about, one by one on either hook, and in sequences that remember. Well
 * over a million comparisons; LX_SEED repeats a run.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/oracle/agree.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/programs.h"
#include "tests/oracle/traffic.h"

#define FRAME_ROOM (128 * 1024)

/* A policy with its image; both are freed by subject_free. */
struct subject {
    struct lx_policy *policy;
    struct lx_compiled compiled;
};

static struct subject subject_of(struct generator *generator, size_t rules)
{
    struct subject subject = {.policy = generate_policy(generator, rules)};
    struct lx_diagnostics diagnostics = {0};
    int error;

    cr_assert(subject.policy != NULL, "out of memory");
    error = lx_compile(subject.policy, &subject.compiled, &diagnostics);
    cr_assert_eq(error, 0, "a policy of %zu rules does not compile: %d, %s", rules, error,
                 diagnostics.count ? diagnostics.items[0].message : "no diagnostic");
    cr_assert_eq(diagnostics.count, 0);
    lx_diagnostics_free(&diagnostics);
    return subject;
}

static void subject_free(struct subject *subject)
{
    lx_compiled_free(&subject->compiled);
    generated_policy_free(subject->policy);
}

static void compare_frames(struct generator *generator, const struct subject *subject, enum lx_hook hook, size_t frames,
                           struct agree_count *count)
{
    uint8_t frame[FRAME_ROOM];
    size_t index;

    for (index = 0; index < frames; index++) {
        struct shape shape = generate_shape(generator, subject->policy, hook);
        size_t length;

        if (!generate_below(generator, 200))
            generate_big(generator, &shape);
        length = shape_write(&shape, frame);
        cr_assert(agree_on_frame(subject->policy, &subject->compiled, hook, frame, length, count),
                  "frame %zu of this policy is judged differently", index);
    }
}

static void compare_tuples(struct generator *generator, const struct subject *subject, enum lx_hook hook, size_t tuples)
{
    size_t index;

    for (index = 0; index < tuples; index++) {
        struct oracle_tuple tuple = generate_tuple(generator, subject->policy, hook);

        cr_assert(agree_on_tuple(subject->policy, &subject->compiled, hook, &tuple),
                  "tuple %zu of this policy is classified differently", index);
    }
}

static void compare_policies(const char *test, size_t policies, size_t frames, size_t tuples,
                             struct agree_count counts[LX_HOOK_COUNT])
{
    struct generator generator = generator_from(generator_seed(test));
    size_t index;

    for (index = 0; index < policies; index++) {
        struct subject subject = subject_of(&generator, generate_rule_count(&generator));

        compare_frames(&generator, &subject, LX_HOOK_TO_ROLE, frames, counts ? &counts[LX_HOOK_TO_ROLE] : NULL);
        compare_frames(&generator, &subject, LX_HOOK_FROM_ROLE, frames, counts ? &counts[LX_HOOK_FROM_ROLE] : NULL);
        compare_tuples(&generator, &subject, LX_HOOK_TO_ROLE, tuples);
        compare_tuples(&generator, &subject, LX_HOOK_FROM_ROLE, tuples);
        subject_free(&subject);
    }
}

/* What a packet is judged only because of what was seen before it, or only on the other hook. */
static bool needs_memory(uint32_t reason)
{
    return reason == LX_REASON_NO_POLICY || reason == LX_REASON_FLOW || reason == LX_REASON_REPLY_UNLISTED ||
           reason == LX_REASON_LATER_FRAGMENT;
}

Test(differential, frames_are_judged_as_the_oracle_judges_them)
{
    struct agree_count counts[LX_HOOK_COUNT] = {0};
    const struct agree_count *to = &counts[LX_HOOK_TO_ROLE], *from = &counts[LX_HOOK_FROM_ROLE];
    uint32_t reason;

    compare_policies("differential/frames", 800, 800, 0, counts);
    cr_assert(agree_count_is_whole(to));
    cr_assert(agree_count_is_whole(from));
    /* The comparison is worth little unless it meets everything that can happen. */
    for (reason = 0; reason < LX_REASON_COUNT; reason++) {
        cr_expect(to->reasons[reason] || needs_memory(reason) || reason == LX_REASON_MIRROR ||
                      reason == LX_REASON_NOT_FROM_ROLE,
                  "to role, no frame was judged %s", agree_reason_name(reason));
        cr_expect(from->reasons[reason] || needs_memory(reason), "from role, no frame was judged %s",
                  agree_reason_name(reason));
    }
    cr_expect_gt(to->reasons[LX_REASON_ROW], to->frames / 6, "most frames miss the rows");
    cr_expect_gt(to->reasons[LX_REASON_NO_ROW], to->frames / 10, "most frames hit a row");
    cr_expect_gt(from->reasons[LX_REASON_ROW], from->frames / 15);
    cr_expect_gt(from->reasons[LX_REASON_MIRROR], from->frames / 20);
}

/* One sequence: policies take turns, each time as a new generation, in what both remember of it all. */
static void compare_sequence(struct traffic *traffic, size_t packets, struct agree_count *count)
{
    struct oracle_memory memory = {.now = 1000000000000u, .policy = 1};
    uint8_t frame[FRAME_ROOM];
    size_t index, turn = 0;

    programs_reset();
    memory.pick_up_until = memory.now + generate_below(traffic->generator, 120) * 1000000000u;
    for (index = 0; index < packets; index++) {
        struct traffic_packet next = traffic_next(traffic);
        size_t length = shape_write(&next.shape, frame);

        if (generate_chance(traffic->generator, 1)) {
            turn = generate_below(traffic->generator, TRAFFIC_POLICIES);
            memory.policy++;
        }
        memory.now += traffic_pause(traffic);
        /* Where egress is off, nothing looks at what the role sends. */
        if (next.hook == LX_HOOK_FROM_ROLE && traffic->turns[turn].egress == LX_EGRESS_OFF)
            continue;
        cr_assert(
            agree_on_next(&memory, &traffic->turns[turn], &traffic->compiled[turn], next.hook, frame, length, count),
            "packet %zu of this sequence is judged differently", index);
    }
    cr_assert(agree_on_flows(&memory));
    oracle_forget(&memory);
}

Test(differential, sequences_are_judged_by_what_was_seen_before)
{
    struct generator generator = generator_from(generator_seed("differential/sequences"));
    struct agree_count count = {0};
    size_t index;

    for (index = 0; index < 600; index++) {
        struct traffic traffic;

        cr_assert(traffic_begin(&traffic, &generator, 1 + generate_below(&generator, 24)));
        compare_sequence(&traffic, 1500, &count);
        traffic_end(&traffic);
    }
    programs_reset();
    cr_assert(agree_count_is_whole(&count));
    cr_expect_gt(count.reasons[LX_REASON_FLOW], count.frames / 100);
    cr_expect_gt(count.reasons[LX_REASON_REPLY_UNLISTED], count.frames / 100);
    cr_expect_gt(count.reasons[LX_REASON_LATER_FRAGMENT], count.frames / 2000);
    cr_expect_gt(count.reasons[LX_REASON_ICMP_ERROR], count.frames / 200);
    cr_expect_gt(count.reasons[LX_REASON_ECHO], count.frames / 200);
    cr_expect_gt(count.reasons[LX_REASON_NO_ROW], count.frames / 20);
}

Test(differential, tuples_are_classified_as_row_by_row_in_both_directions)
{
    compare_policies("differential/tuples", 600, 0, 500, NULL);
}

Test(differential, a_policy_without_rules_lets_no_row_in)
{
    struct generator generator = generator_from(generator_seed("differential/empty"));
    struct subject subject = subject_of(&generator, 0);
    struct oracle_tuple tuple = {.source = {203, 0, 113, 9}, .destination = {10, 0, 0, 1}, .source_port = 1};
    unsigned port;

    for (port = 1; port < 65536; port++) {
        tuple.destination_port = (uint16_t)port;
        cr_assert(agree_on_tuple(subject.policy, &subject.compiled, LX_HOOK_TO_ROLE, &tuple));
        cr_assert(agree_on_tuple(subject.policy, &subject.compiled, LX_HOOK_FROM_ROLE, &tuple));
    }
    subject_free(&subject);
}
