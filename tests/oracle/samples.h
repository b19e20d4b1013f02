/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixed policies and frames that tests of damage begin with: one honest frame of every kind that the data plane reads,
 * with the verdict it deserves from the first policy.
 */
#ifndef LYNCXDP_TESTS_SAMPLES_H
#define LYNCXDP_TESTS_SAMPLES_H

#include "generate.h"
#include "user/core/image/compile.h"

/*
 * 0: everything on, any address may reach 443/TCP and 3478/UDP. 1: the same, IPv4 options, echo and fragments too are
 * on, only untagged frames and VLAN 7, and what the role sends is tracked instead of judged. 2: all built-in cases off,
 * no from-role hook. The rest: generated.
 */
#define SAMPLE_POLICIES 5

struct sample_policies {
    struct lx_policy *policy[SAMPLE_POLICIES];
    struct lx_compiled compiled[SAMPLE_POLICIES];
};

/* Returns false when out of memory or when one does not compile. */
bool sample_policies_make(struct sample_policies *policies);
void sample_policies_free(struct sample_policies *policies);

struct sample {
    const char *name;
    struct shape shape;
    uint32_t reason; /* by policy 0 */
};

/* The place of the sample that is a plain UDP datagram over IPv6. */
#define SAMPLE_UDP6 3

size_t sample_count(void);
struct sample sample_at(size_t index);

#endif
