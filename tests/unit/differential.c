/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds compiler and data plane, as the host compiles them, to the oracle: random policies, and for each the packets
 * that its rules and their borders are about. Well over a million comparisons; LX_SEED repeats a run.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/oracle/agree.h"
#include "tests/oracle/generate.h"

#define FRAME_ROOM 4096

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

static void compare_frames(struct generator *generator, const struct subject *subject, size_t frames,
                           struct agree_count *count)
{
    uint8_t frame[FRAME_ROOM];
    size_t index;

    for (index = 0; index < frames; index++) {
        struct shape shape = generate_shape(generator, subject->policy);
        size_t length = shape_write(&shape, frame);

        cr_assert(agree_on_frame(subject->policy, &subject->compiled, frame, length, count),
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

static void compare_policies(const char *test, size_t policies, size_t frames, size_t tuples, struct agree_count *count)
{
    struct generator generator = generator_from(generator_seed(test));
    size_t index;

    for (index = 0; index < policies; index++) {
        struct subject subject = subject_of(&generator, generate_rule_count(&generator));

        compare_frames(&generator, &subject, frames, count);
        compare_tuples(&generator, &subject, LX_HOOK_TO_ROLE, tuples);
        compare_tuples(&generator, &subject, LX_HOOK_FROM_ROLE, tuples);
        subject_free(&subject);
    }
}

Test(differential, frames_are_judged_as_the_oracle_judges_them)
{
    struct agree_count count = {0};
    uint32_t reason;

    compare_policies("differential/frames", 1000, 1100, 0, &count);
    cr_assert(agree_count_is_whole(&count));
    /* The comparison is worth little unless it meets everything that can happen. */
    for (reason = 0; reason < LX_REASON_COUNT; reason++)
        cr_expect(count.reasons[reason] || reason == LX_REASON_NO_POLICY, "no frame was judged %s",
                  agree_reason_name(reason));
    cr_expect_gt(count.reasons[LX_REASON_ROW], count.frames / 5, "most frames miss the rows");
    cr_expect_gt(count.reasons[LX_REASON_NO_ROW], count.frames / 10, "most frames hit a row");
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
