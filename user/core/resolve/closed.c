/* SPDX-License-Identifier: GPL-2.0-only */
/* A role whose rows are those of the declaration, at a site that switches the rest off: resolved like any other. */
#include "closed.h"

#include "resolve.h"

#define CLOSED "closed"

/* What a link and its neighbours need; everything else that is built in is off. */
#define BUILT_INS                                                                                                      \
    (LX_BUILT_IN_L2_CONTROL | LX_BUILT_IN_ARP | LX_BUILT_IN_NEIGHBOUR_DISCOVERY | LX_BUILT_IN_ROUTER_ADVERTISEMENT |   \
     LX_BUILT_IN_ROUTER_SOLICITATION | LX_BUILT_IN_DHCP)

int lx_closed_policy(const struct lx_declared *declared, struct lx_policy *policy, struct lx_diagnostics *diagnostics)
{
    char name[] = CLOSED, *role_name = name;
    struct lx_role role = {.name = name, .rows = declared->management, .row_count = declared->management_count};
    struct lx_policy_file file = {.name = name, .edition = name, .roles = &role, .role_count = 1};
    struct lx_site site = {
        .name = (char *)declared->place.file,
        .built_ins_on = BUILT_INS,
        .built_ins_off = ~(uint32_t)BUILT_INS,
    };
    struct lx_request request = {
        .roles = {.items = &role_name, .count = 1},
        .settings = declared->settings,
        .setting_count = declared->setting_count,
    };
    int error = lx_resolve(&file, &site, &request, policy, diagnostics);

    if (error)
        return error;
    policy->egress = LX_EGRESS_ENFORCE;
    policy->origin = LX_ORIGIN_CLOSED;
    return 0;
}
