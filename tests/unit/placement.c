/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy owes to where it stands: the egress mode that nobody named, and the built-in cases of a host. */
#include "user/core/resolve/placement.h"

#include <criterion/criterion.h>
#include <lyncxdp/image.h>

static enum lx_egress inline_egress(char *first, char *second)
{
    char *items[] = {first, second};
    const struct lx_words roles = {.items = items, .count = second ? 2 : 1};

    cr_expect_eq(lx_default_egress(&roles, false), LX_EGRESS_TRACK, "on a host every role is tracked");
    return lx_default_egress(&roles, true);
}

Test(placement, inline_the_perimeter_is_enforced_and_the_rest_is_tracked)
{
    char *perimeter[] = {(char *)"access-edge", (char *)"webconf-edge", (char *)"av-edge", (char *)"consolidated-edge",
                         (char *)"reverse-proxy"};

    for (size_t i = 0; i < sizeof(perimeter) / sizeof(*perimeter); i++)
        cr_expect_eq(inline_egress(perimeter[i], NULL), LX_EGRESS_ENFORCE, "%s", perimeter[i]);
    cr_expect_eq(inline_egress((char *)"front-end", NULL), LX_EGRESS_TRACK);
    cr_expect_eq(inline_egress((char *)"director", NULL), LX_EGRESS_TRACK);
    cr_expect_eq(inline_egress((char *)"edge", NULL), LX_EGRESS_TRACK);
    cr_expect_eq(inline_egress((char *)"av-edge", (char *)"reverse-proxy"), LX_EGRESS_ENFORCE);
    cr_expect_eq(inline_egress((char *)"av-edge", (char *)"front-end"), LX_EGRESS_TRACK);
}

Test(placement, inline_dhcp_is_no_built_in_case)
{
    struct lx_policy policy = {.built_ins = LX_BUILT_IN_DHCP | LX_BUILT_IN_ARP};

    lx_place_inline(&policy);
    cr_expect_eq(policy.built_ins, LX_BUILT_IN_ARP);
}
