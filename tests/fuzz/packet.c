/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzes the packet path against the oracle: the first byte picks a policy, the next two its switches, the rest is the
 * frame. Any disagreement aborts; AddressSanitizer sees any byte read beyond the frame.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/agree.h"
#include "tests/oracle/samples.h"

#define PREFIX 3

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sample_policies policies;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    if (!sample_policies_make(&policies))
        abort();
    return 0;
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
    policy.built_ins = compiled->image->built_ins = data[1] | (data[2] & 1u) << 8;
    if (!agree_on_frame(&policy, compiled, data + PREFIX, size - PREFIX, NULL))
        abort();
    return 0;
}
