/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames that no honest stack sends: cut at every length, every bit flipped, chains of extension headers, noise. None
 * may make the data plane read past the frame, none may be judged otherwise than by the oracle, none may go uncounted.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/oracle/agree.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/samples.h"

#define FRAME_ROOM 4096
#define LONGEST_CUT 128

static struct sample_policies policies;
static struct agree_count count;

static void setup(void)
{
    cr_assert(sample_policies_make(&policies));
    memset(&count, 0, sizeof(count));
}

static void teardown(void)
{
    sample_policies_free(&policies);
}

TestSuite(malformed, .init = setup, .fini = teardown);

/* Judges a frame by every policy on both hooks. */
static void judge(const uint8_t *frame, size_t length)
{
    size_t policy, hook;

    for (policy = 0; policy < SAMPLE_POLICIES; policy++)
        for (hook = 0; hook < LX_HOOK_COUNT; hook++)
            cr_assert(agree_on_frame(policies.policy[policy], &policies.compiled[policy], (enum lx_hook)hook, frame,
                                     length, &count),
                      "policy %zu judges a frame of %zu bytes differently", policy, length);
}

static void fill_noise(struct generator *generator, uint8_t *bytes, size_t length)
{
    size_t index;

    for (index = 0; index < length; index++)
        bytes[index] = (uint8_t)generate_number(generator);
}

Test(malformed, samples_are_judged_as_they_are_meant)
{
    uint8_t frame[FRAME_ROOM];
    size_t index;

    for (index = 0; index < sample_count(); index++) {
        struct sample sample = sample_at(index);
        size_t length = shape_write(&sample.shape, frame);
        struct oracle_verdict verdict = oracle_judge(policies.policy[0], LX_HOOK_TO_ROLE, frame, length);

        cr_expect_eq(verdict.reason, sample.reason, "%s: the oracle says %s", sample.name,
                     agree_reason_name(verdict.reason));
        judge(frame, length);
    }
}

Test(malformed, frames_of_every_length)
{
    struct generator generator = generator_from(generator_seed("malformed/lengths"));
    uint8_t frame[FRAME_ROOM];
    size_t index, length;

    for (index = 0; index < sample_count(); index++) {
        struct sample sample = sample_at(index);

        for (length = 0; length <= LONGEST_CUT; length++) {
            fill_noise(&generator, frame, LONGEST_CUT);
            shape_write(&sample.shape, frame);
            judge(frame, length);
        }
    }
    cr_assert(agree_count_is_whole(&count));
    cr_assert_eq(count.frames, sample_count() * (LONGEST_CUT + 1) * SAMPLE_POLICIES * LX_HOOK_COUNT);
}

Test(malformed, valid_frames_with_any_bit_flipped)
{
    uint8_t frame[FRAME_ROOM];
    size_t index, bit, frames = 0;

    for (index = 0; index < sample_count(); index++) {
        struct sample sample = sample_at(index);
        size_t length = shape_write(&sample.shape, frame);

        for (bit = 0; bit < length * 8; bit++, frames++) {
            frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            judge(frame, length);
            frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        }
    }
    cr_assert(agree_count_is_whole(&count));
    cr_assert_eq(count.frames, frames * SAMPLE_POLICIES * LX_HOOK_COUNT);
}

/* Each byte in turn takes every value that it can have. */
Test(malformed, valid_frames_with_any_byte_replaced)
{
    uint8_t frame[FRAME_ROOM];
    size_t index, at;
    unsigned value;

    for (index = 0; index < sample_count(); index += 2) {
        struct sample sample = sample_at(index);
        size_t length = shape_write(&sample.shape, frame), last = length < 62 ? length : 62;

        for (at = 12; at < last; at++) {
            uint8_t right = frame[at];

            for (value = 0; value < 256; value += 3) {
                frame[at] = (uint8_t)value;
                judge(frame, length);
            }
            frame[at] = right;
        }
    }
    cr_assert(agree_count_is_whole(&count));
}

Test(malformed, valid_frames_with_several_bytes_replaced)
{
    struct generator generator = generator_from(generator_seed("malformed/bytes"));
    uint8_t frame[FRAME_ROOM];
    size_t index, length, frames;

    for (frames = 0; frames < 40000; frames++) {
        struct sample sample = sample_at(generate_below(&generator, sample_count()));

        length = shape_write(&sample.shape, frame);
        for (index = generate_below(&generator, 6); index > 0; index--)
            frame[generate_below(&generator, length)] = (uint8_t)generate_number(&generator);
        if (generate_chance(&generator, 30))
            length = generate_below(&generator, length + 1);
        judge(frame, length);
    }
    cr_assert(agree_count_is_whole(&count));
}

Test(malformed, noise)
{
    static const uint16_t types[] = {0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8};
    struct generator generator = generator_from(generator_seed("malformed/noise"));
    uint8_t frame[FRAME_ROOM];
    size_t frames, length;

    for (frames = 0; frames < 60000; frames++) {
        uint16_t type = types[generate_below(&generator, 5)];

        length = generate_below(&generator, LONGEST_CUT + 1);
        fill_noise(&generator, frame, LONGEST_CUT);
        if (generate_chance(&generator, 80)) {
            frame[0] &= 0xfe;
            frame[6] &= 0xfe;
            frame[12] = (uint8_t)(type >> 8);
            frame[13] = (uint8_t)type;
            frame[14] = type == 0x0800 ? 0x45 : type == 0x86dd ? 0x60 : frame[14];
            frame[type == 0x0800 ? 16 : 18] = 0; /* a length that may fit */
        }
        judge(frame, length);
    }
    cr_assert(agree_count_is_whole(&count));
}

Test(malformed, chains_of_extension_headers)
{
    static const uint8_t numbers[] = {0, 43, 44, 60, 60, 60, 60, 60, 50, 51, 59, 135, 139, 140, 253};
    struct generator generator = generator_from(generator_seed("malformed/chains"));
    uint8_t frame[FRAME_ROOM * 16];
    size_t frames, length;
    unsigned index;

    for (frames = 0; frames < 20000; frames++) {
        struct sample sample = sample_at(SAMPLE_UDP6);
        struct shape *shape = &sample.shape;

        shape->protocol = generate_chance(&generator, 50) ? 17 : generate_chance(&generator, 50) ? 6 : 58;
        shape->icmp_type = (uint8_t)(128 + generate_below(&generator, 16));
        shape->hop_limit = generate_chance(&generator, 50) ? 255 : 1;
        shape->extensions = (unsigned)generate_below(&generator, 12);
        for (index = 0; index < shape->extensions; index++) {
            shape->extension[index] = numbers[3 + generate_below(&generator, 5)];
            if (generate_chance(&generator, 12))
                shape->extension[index] = numbers[generate_below(&generator, sizeof(numbers))];
            if (generate_chance(&generator, 20) && shape->extension[index] != 44)
                shape->extension_size[index] = (uint8_t)generate_below(&generator, 4);
        }
        if (generate_chance(&generator, 5) && shape->extensions)
            shape->extension_size[0] = 255;
        length = shape_write(shape, frame);
        if (generate_chance(&generator, 25))
            length = generate_below(&generator, length + 1);
        judge(frame, length);
    }
    cr_assert(agree_count_is_whole(&count));
    cr_expect_gt(count.reasons[LX_REASON_EXTENSION_HEADERS], 0);
    cr_expect_gt(count.reasons[LX_REASON_SECOND_FRAGMENT_HEADER], 0);
    cr_expect_gt(count.reasons[LX_REASON_ROW], 0);
}
