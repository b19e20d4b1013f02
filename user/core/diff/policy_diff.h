/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What changing one policy into another would newly allow and newly drop, as exact regions of packets. Rows that moved,
 * were renamed, or were written differently and mean the same make no difference.
 */
#ifndef LYNCXDP_CORE_POLICY_DIFF_H
#define LYNCXDP_CORE_POLICY_DIFF_H

#include "region.h"

/* What is not about rows. Built-in cases are enum lx_built_in bits, VLANs bitmaps as in struct lx_policy. */
struct lx_switch_diff {
    uint32_t built_ins_on, built_ins_off;
    enum lx_egress egress_before, egress_after;
    bool audit_before, audit_after;
    uint8_t vlans_on[512], vlans_off[512];
    const struct lx_prefix_set *protected_on, *protected_off; /* addresses behind the role; NULL: none */
    const struct lx_bypass *bypass_before, *bypass_after;     /* borrowed; bypass_diff.h holds them together */
};

struct lx_policy_diff {
    /* No two regions overlap; those of to-role first, then in the order of the rows of the policy after, or before. */
    struct lx_regions allowed, dropped;
    struct lx_switch_diff switches;
    struct lx_prefix_set **sets; /* owned: addresses that are nobody's set */
    size_t set_count;
};

/*
 * Compares. A packet is in a region of `allowed` exactly when a row of its hook lists it after and none did before, and
 * in one of `dropped` the other way round; where both policies have egress off, what the role sends makes no
 * difference. The policies must outlive the result, which borrows their rows and sets.
 * Returns 0, -ENOMEM, or -E2BIG when the policies differ in more ways than can be determined; the output is untouched
 * unless 0.
 */
int lx_policy_diff(const struct lx_policy *before, const struct lx_policy *after, struct lx_policy_diff *diff);

void lx_policy_diff_free(struct lx_policy_diff *diff); /* what it owns, not the difference itself */

/* Whether the two do the same to every packet. */
bool lx_policy_diff_none(const struct lx_policy_diff *diff);

#endif
