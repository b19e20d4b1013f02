/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzes the packet path of both hooks against the oracle. The first byte picks a policy, the next two its switches and
 * egress mode, and whether the rest is one frame, judged on both hooks, or a sequence of frames that are remembered.
 * Any disagreement aborts; AddressSanitizer sees any byte read beyond a frame.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/agree.h"
#include "tests/oracle/programs.h"
#include "tests/oracle/samples.h"

#define PREFIX 3
/* Of a frame in a sequence: its hook and the time before it, and its length. */
#define FRAME_PREFIX 2

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sample_policies policies;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    if (!sample_policies_make(&policies))
        abort();
    programs_reset();
    return 0;
}

static void judge_one(const struct lx_policy *policy, const struct lx_compiled *compiled, const uint8_t *frame,
                      size_t length)
{
    if (!agree_on_frame(policy, compiled, LX_HOOK_TO_ROLE, frame, length, NULL) ||
        !agree_on_frame(policy, compiled, LX_HOOK_FROM_ROLE, frame, length, NULL))
        abort();
}

/* A frame's first byte: bit 0 its hook, bit 1 an update before it, the rest the pause before it in seconds times 8. */
static void judge_sequence(const struct lx_policy *policy, const struct lx_compiled *compiled, const uint8_t *data,
                           size_t size)
{
    struct oracle_memory memory = {.now = 1000000000000u, .policy = 1};

    while (size >= FRAME_PREFIX) {
        enum lx_hook hook = data[0] & 1 ? LX_HOOK_FROM_ROLE : LX_HOOK_TO_ROLE;
        size_t length = data[1] < size - FRAME_PREFIX ? data[1] : size - FRAME_PREFIX;

        memory.now += (uint64_t)(data[0] >> 2) * 8 * 1000000000u;
        memory.policy += data[0] >> 1 & 1;
        if (!agree_on_next(&memory, policy, compiled, hook, data + FRAME_PREFIX, length, NULL))
            abort();
        data += FRAME_PREFIX + length;
        size -= FRAME_PREFIX + length;
    }
    if (!agree_on_flows(&memory))
        abort();
    oracle_forget(&memory);
    programs_reset();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lx_policy policy;
    struct lx_compiled *compiled;

    if (size < PREFIX)
        return 0;
    policy = *policies.policy[data[0] % SAMPLE_POLICIES];
    compiled = &policies.compiled[data[0] % SAMPLE_POLICIES];
    /* The switches are one word of the image's header, the same bits as the policy's. */
    policy.built_ins = compiled->image->built_ins =
        data[1] | (data[2] & 3u) << 8 | (data[2] & 0x60u) << 5 | (data[2] & 0x80u) << 6;
    policy.egress = (enum lx_egress)((data[2] >> 2 & 3) % 3);
    compiled->image->egress = (uint8_t)policy.egress;
    if (data[2] & 0x10)
        judge_sequence(&policy, compiled, data + PREFIX, size - PREFIX);
    else
        judge_one(&policy, compiled, data + PREFIX, size - PREFIX);
    return 0;
}
