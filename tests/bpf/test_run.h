/* SPDX-License-Identifier: GPL-2.0-only */
/* What a test run of XDP or tc takes and returns. */
#ifndef LYNCXDP_TESTS_BPF_TEST_RUN_H
#define LYNCXDP_TESTS_BPF_TEST_RUN_H

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stdint.h>

/* The shortest frame that a test run takes. */
#define SHORTEST_FRAME 14

/* Of tc, it has to fit into a page with what the kernel puts around it. */
#define LONGEST_FRAME_OF_TC 3500

/* Whether a test run takes a frame: one of tc must have an IP header behind an ethertype that says so. */
static inline bool can_run(bool tc, const uint8_t *frame, size_t length)
{
    unsigned ethertype = frame[12] * 256u + frame[13];

    return !tc || (length <= LONGEST_FRAME_OF_TC && length >= SHORTEST_FRAME + (ethertype == 0x0800   ? 20u
                                                                                : ethertype == 0x86dd ? 40u
                                                                                                      : 1u));
}

static inline uint32_t action_of(bool tc, bool pass)
{
    if (tc)
        return pass ? (uint32_t)TC_ACT_UNSPEC : TC_ACT_SHOT;
    return pass ? XDP_PASS : XDP_DROP;
}

static inline uint32_t test_run(int program, const uint8_t *frame, size_t length)
{
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)length, .repeat = 1);
    int error = bpf_prog_test_run_opts(program, &options);

    cr_assert_eq(error, 0, "a test run of %zu bytes fails: %d", length, error);
    return options.retval;
}

#endif
