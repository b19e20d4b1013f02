/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BIG TCP: packets that a kernel has put together and whose IP header cannot say how long they are. Where they are
 * longer than any frame of a wire, what the kernel says counts; a length of 0 alone opens nothing.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/oracle/agree.h"
#include "tests/oracle/samples.h"

#define LONGEST_ON_A_WIRE 65535
#define FRAME_ROOM (256 * 1024)

static struct sample_policies policies;
static uint8_t *frame;

static void setup(void)
{
    cr_assert(sample_policies_make(&policies));
    frame = malloc(FRAME_ROOM);
    cr_assert_not_null(frame);
}

static void teardown(void)
{
    free(frame);
    sample_policies_free(&policies);
}

TestSuite(big_packets, .init = setup, .fini = teardown);

/* A segment to the first sample policy's open port, of so many bytes from its IP header on (IPv6: behind it). */
static struct shape segment(bool ipv6, bool jumbo, unsigned bytes)
{
    const struct oracle_tuple tuple = {.ipv6 = ipv6,
                                       .source = {ipv6 ? 0x20 : 203, 1, [15] = 9},
                                       .destination = {ipv6 ? 0x20 : 131, 1, [15] = 10},
                                       .transport = LX_TCP,
                                       .source_port = 40000,
                                       .destination_port = 443};
    struct shape shape = shape_of_tuple(&tuple);

    shape.tcp_flags = 0x10;
    shape.without_length = true;
    shape.jumbo = jumbo;
    shape.extensions = jumbo;
    shape.payload = bytes - 20 - (ipv6 ? 0 : 20) - (jumbo ? 8 : 0);
    return shape;
}

static void expect_agreed(const struct shape *shape, enum lx_reason reason)
{
    size_t length = shape_write(shape, frame);
    struct agree_count count = {0};

    cr_assert(agree_on_frame(policies.policy[0], &policies.compiled[0], LX_HOOK_TO_ROLE, frame, length, &count));
    cr_expect_eq(count.reasons[reason], 1, "a frame of %zu bytes is not %s", length, agree_reason_name(reason));
    cr_assert(agree_on_frame(policies.policy[0], &policies.compiled[0], LX_HOOK_FROM_ROLE, frame, length, NULL));
}

Test(big_packets, what_only_a_kernel_can_have_put_together_is_as_long_as_it_says)
{
    for (unsigned bytes = LONGEST_ON_A_WIRE + 1; bytes < FRAME_ROOM - 1024; bytes += 30011) {
        struct shape shapes[] = {segment(false, false, bytes), segment(true, false, bytes), segment(true, true, bytes)};

        for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
            expect_agreed(&shapes[i], LX_REASON_ROW);
    }
}

Test(big_packets, a_frame_that_a_wire_can_carry_has_a_length_or_is_malformed)
{
    for (unsigned bytes = 60; bytes <= LONGEST_ON_A_WIRE; bytes += bytes < 1500 ? 180 : LONGEST_ON_A_WIRE - bytes ?: 1) {
        struct shape shapes[] = {segment(false, false, bytes), segment(true, false, bytes), segment(true, true, bytes)};

        expect_agreed(&shapes[0], LX_REASON_IP_LENGTH);
        expect_agreed(&shapes[1], LX_REASON_SHORT_FRAME);
        expect_agreed(&shapes[2], LX_REASON_SHORT_FRAME);
    }
}

Test(big_packets, tags_do_not_make_a_frame_longer_than_a_wire_carries)
{
    struct shape shape = segment(false, false, LONGEST_ON_A_WIRE);

    shape.tags = 2;
    shape.tag_type[0] = 0x88a8;
    shape.tag_type[1] = 0x8100;
    shape.tag[0] = shape.tag[1] = 7;
    expect_agreed(&shape, LX_REASON_IP_LENGTH);
}

Test(big_packets, only_tcp_is_put_together_so)
{
    struct shape shape = segment(false, false, LONGEST_ON_A_WIRE + 5000);

    shape.protocol = 17;
    expect_agreed(&shape, LX_REASON_IP_LENGTH);
    shape = segment(false, false, LONGEST_ON_A_WIRE + 5000);
    shape.fragment = 0x2000;
    expect_agreed(&shape, LX_REASON_IP_LENGTH);
    shape = segment(true, false, LONGEST_ON_A_WIRE + 5000);
    shape.protocol = 17;
    expect_agreed(&shape, LX_REASON_SHORT_FRAME);
}

Test(big_packets, a_jumbo_option_that_says_another_length_is_not_believed)
{
    for (int error = -1; error <= 1; error += 2) {
        struct shape shape = segment(true, true, LONGEST_ON_A_WIRE + 5000);

        shape.jumbo_error = error;
        expect_agreed(&shape, LX_REASON_SHORT_FRAME);
    }
}
