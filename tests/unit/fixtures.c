/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixtures against the host build of the programs, under the sanitizers, and against the oracle: both must say what
 * the fixture says. Frames of a case are judged one after the other, in a memory that is empty before it.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixtures/fixtures.h"
#include "tests/oracle/agree.h"
#include "tests/oracle/programs.h"

/* Ethernet's 14 bytes would leave every later header on an odd half word; network stacks shift the frame likewise. */
#define ALIGNING 2
#define NANOSECONDS_A_FRAME 1000000u

static struct lx_judgement judge_by_programs(const struct lx_compiled *compiled, const struct fixture_frame *frame)
{
    const struct lx_view view = {.image = compiled->image, .mask = compiled->capacity - 1};
    uint8_t *exact = malloc(frame->length + ALIGNING); /* so that any byte read beyond the frame is seen */
    struct lx_judgement judgement;
    struct lx_packet packet;
    struct lx_frame seen;
    bool opened;

    cr_assert_not_null(exact);
    memcpy(exact + ALIGNING, frame->bytes, frame->length);
    memset(&packet, 0xa5, sizeof(packet));
    seen = (struct lx_frame){
        .data = exact + ALIGNING, .end = exact + ALIGNING + frame->length, .length = (uint32_t)frame->length};
    judgement = programs_judge(&view, frame->hook, &seen, &packet, &opened);
    free(exact);
    return judgement;
}

static bool same(const struct fixture_policy *policy, const struct fixture_frame *frame, uint32_t reason, uint32_t row)
{
    bool would = frame->hook == LX_HOOK_FROM_ROLE && policy->policy.egress == LX_EGRESS_TRACK &&
                 !lx_reason_verdict(reason) && reason != LX_REASON_NOT_FROM_ROLE;
    bool found;

    return reason == frame->reason && row == fixture_row_slot(&policy->policy, frame->row, &found) && found &&
           would == frame->would;
}

static void check_frame(const char *file, const struct fixture *fixture, const struct fixture_frame *frame,
                        const struct fixture_policy *policy, struct oracle_memory *memory)
{
    struct lx_judgement judged;
    struct oracle_verdict verdict;

    memory->now += NANOSECONDS_A_FRAME;
    programs_set_clock(memory->now);
    judged = judge_by_programs(&policy->compiled, frame);
    cr_expect(same(policy, frame, judged.reason, judged.row), "%s:%u: %s: the programs say %s, row %u", file,
              frame->line, fixture->description, agree_reason_name(judged.reason), judged.row);
    verdict = oracle_watch(memory, &policy->policy, frame->hook, frame->bytes, frame->length);
    cr_expect(same(policy, frame, verdict.reason, verdict.row), "%s:%u: %s: the oracle says %s, row %u", file,
              frame->line, fixture->description, agree_reason_name(verdict.reason), verdict.row);
}

/* Judges all cases of a subject. Each policy is read once for the cases that stand together. */
static void check_subject(const char *subject)
{
    struct fixture_policy policy = {0};
    struct fixtures fixtures;
    const char *name = "";

    cr_assert(fixtures_read(subject, &fixtures));
    for (size_t i = 0; i < fixtures.count; i++) {
        const struct fixture *fixture = &fixtures.items[i];
        struct oracle_memory memory = {.now = 1000000000000u, .policy = 1};

        if (strcmp(name, fixture->policy)) {
            fixture_policy_free(&policy);
            cr_assert(fixture_policy_read(fixture->policy, &policy), "%s:%u", fixtures.file, fixture->line);
            policy.compiled.image->generation = memory.policy;
            name = fixture->policy;
        }
        programs_reset();
        for (size_t j = 0; j < fixture->frame_count; j++)
            check_frame(fixtures.file, fixture, &fixture->frames[j], &policy, &memory);
        oracle_forget(&memory);
    }
    programs_reset();
    fixture_policy_free(&policy);
    fixtures_free(&fixtures);
}

#define SUBJECT_TEST(subject)                                                                                          \
    Test(fixtures, subject)                                                                                            \
    {                                                                                                                  \
        check_subject(#subject);                                                                                       \
    }
FIXTURE_SUBJECTS(SUBJECT_TEST)

/* --- That there are as many as there should be, and all of them are run --- */

static const char *const subjects[] = {
#define SUBJECT_NAME(subject) #subject,
    FIXTURE_SUBJECTS(SUBJECT_NAME)
#undef SUBJECT_NAME
};

Test(fixtures, every_file_of_frames_is_run)
{
    size_t count = sizeof(subjects) / sizeof(*subjects);
    glob_t files;

    cr_assert_eq(glob("tests/fixtures/frames/*", 0, NULL, &files), 0);
    cr_expect_eq(files.gl_pathc, count, "%zu files, %zu subjects", files.gl_pathc, count);
    globfree(&files);
}

Test(fixtures, there_are_hundreds_of_cases_and_all_reasons_but_the_policys_absence)
{
    size_t cases = 0, seen[LX_HOOK_COUNT][LX_REASON_COUNT] = {0};

    for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++) {
        struct fixtures fixtures;

        cr_assert(fixtures_read(subjects[i], &fixtures));
        cases += fixtures.count;
        for (size_t j = 0; j < fixtures.count; j++)
            for (size_t k = 0; k < fixtures.items[j].frame_count; k++)
                seen[fixtures.items[j].frames[k].hook][fixtures.items[j].frames[k].reason]++;
        fixtures_free(&fixtures);
    }
    cr_expect_geq(cases, 400, "%zu cases", cases);
    for (uint32_t reason = LX_REASON_NO_POLICY + 1; reason < LX_REASON_COUNT; reason++)
        cr_expect(seen[0][reason] + seen[1][reason], "no fixture has the reason %s", agree_reason_name(reason));
}

/* --- The reader tells what it does not understand --- */

static bool is_read(const char *text)
{
    FILE *stream = fmemopen((void *)text, strlen(text), "r");
    struct fixtures fixtures;
    bool read;

    cr_assert_not_null(stream);
    read = fixtures_read_stream(stream, "text", &fixtures);
    fclose(stream);
    if (read)
        fixtures_free(&fixtures);
    return read;
}

#define FRAME "to-role ip4 192.0.2.1 > 192.0.2.2 / udp 1 > 2"

Test(fixtures, what_is_not_a_fixture_is_not_read_as_one)
{
    cr_expect(is_read("policy edge\na case\n  " FRAME " = drop no-row\n"));
    cr_expect(is_read("policy edge\na case # of two lines\n\n  to-role ip4 192.0.2.1 > 192.0.2.2 / udp 1 > 2\n"
                      "    / data 4 = drop no-row\n"));
    cr_expect_not(is_read("a case\n  " FRAME " = drop no-row\n"), "it has no policy");
    cr_expect_not(is_read("policy edge\na case\n  " FRAME " = drop wrong\n"), "there is no such reason");
    cr_expect_not(is_read("policy edge\na case\n  " FRAME " = pass no-row\n"), "the reason is a drop");
    cr_expect_not(is_read("policy edge\na case\n  " FRAME " = would-drop no-row\n"), "only the role is tracked");
    cr_expect_not(is_read("policy edge\na case\n  " FRAME "\n"), "the frame has no verdict");
    cr_expect_not(is_read("policy edge\na case\nanother\n  " FRAME " = drop no-row\n"), "the case has no frame");
    cr_expect_not(is_read("policy edge\na case\n  ip4 192.0.2.1 > 192.0.2.2 = drop no-row\n"), "on which hook?");
    cr_expect_not(is_read("policy edge\na case\n  to-role ip5 1 > 2 = drop no-row\n"), "there is no such layer");
    cr_expect_not(is_read("policy edge\na case\n  to-role ip4 1 > 192.0.2.2 = drop no-row\n"), "1 is no address");
    cr_expect_not(is_read("policy edge\na case\n  to-role udp x > 2 = drop no-row\n"), "x is no port");
    cr_expect_not(is_read("policy edge\na case\n  to-role hex 0g = drop no-row\n"), "g is no digit");
    cr_expect_not(is_read("policy edge\na case\n  to-role data 3000 = drop no-row\n"), "that is too long");
    cr_expect_not(is_read("policy edge\na case\n  to-role cut 20 = drop no-row\n"), "that is longer than the frame");
}

/* A frame of every layer's usual form, byte for byte. */
Test(fixtures, notation_comes_to_the_bytes_of_the_wire)
{
    static const uint8_t expected[] = {0x02, 0,    0,    0,    0,    1,    0x02, 0, 0,    0,    0,    2,
                                       0x81, 0x00, 0x60, 0x0a, 0x08, 0x00, /* Ethernet, VLAN 10 */
                                       0x45, 0,    0,    32,   0,    7,    0x40, 0, 64,   17,   0xb6, 0xc2,
                                       192,  0,    2,    1,    192,  0,    2,    2,                      /* IPv4 */
                                       0x9c, 0x40, 0x0d, 0x96, 0,    12,   0,    0, 0xde, 0xad, 0,    0, /* UDP, data */
                                       0,    0,    0};                                                   /* padding */
    char notation[] = "eth / vlan 10 pcp=3 / ip4 192.0.2.1 > 192.0.2.2 df id=7 / udp 40000 > 3478 / hex dead / data 2 "
                      "/ pad 3";
    uint8_t bytes[FIXTURE_BYTES];
    size_t length;

    cr_assert_null(fixture_frame_bytes(notation, bytes, &length));
    cr_assert_eq(length, sizeof(expected), "%zu bytes", length);
    for (size_t i = 0; i < length; i++)
        cr_expect_eq(bytes[i], expected[i], "byte %zu is %02x, not %02x", i, bytes[i], expected[i]);
}
