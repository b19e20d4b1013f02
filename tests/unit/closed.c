/* SPDX-License-Identifier: GPL-2.0-only */
/* What an interface that fails closed lets through: its management rows, what neighbours need, and nothing else. */
#include <criterion/criterion.h>
#include <errno.h>
#include <lyncxdp/image.h>
#include <string.h>

#include "user/core/resolve/closed.h"

static struct lx_declaration given(const char *text)
{
    FILE *stream = fmemopen((void *)text, strlen(text), "r");
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration = {0};

    cr_assert_eq(lx_declaration_read(stream, "given.yaml", &declaration, &diagnostics), 0, "%s",
                 diagnostics.count ? diagnostics.items[0].message : "unreadable");
    fclose(stream);
    return declaration;
}

Test(closed, nothing_passes_but_management_and_what_a_link_needs)
{
    struct lx_declaration declaration =
        given("interfaces: {eth0: {role: av-edge, audit: on, egress: track, on-failure: closed, "
              "set: {admins: [198.51.100.9, '2001:db8::/64'], self: 192.0.2.1},\n"
              "  management: [{id: ssh, from: admins, to: self, port: 22, transport: tcp}]}}\n");
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy policy;

    cr_assert_eq(lx_closed_policy(&declaration.items[0], &policy, &diagnostics), 0);
    cr_assert_eq(policy.rule_count, 1);
    cr_expect_str_eq(policy.rules[0].row->id, "management/ssh");
    cr_expect_eq(policy.rules[0].source->count, 2);
    cr_expect(policy.rules[0].destination->count == 1 && !policy.rules[0].destination->any);
    cr_expect_eq(policy.built_ins, LX_BUILT_IN_L2_CONTROL | LX_BUILT_IN_ARP | LX_BUILT_IN_NEIGHBOUR_DISCOVERY |
                                       LX_BUILT_IN_ROUTER_ADVERTISEMENT | LX_BUILT_IN_ROUTER_SOLICITATION |
                                       LX_BUILT_IN_DHCP);
    cr_expect_eq(policy.egress, LX_EGRESS_ENFORCE, "whatever the interface is to do otherwise");
    cr_expect(!policy.audit);
    cr_expect_eq(policy.origin, LX_ORIGIN_CLOSED);
    cr_expect_str_eq(policy.roles.items[0], "closed");
    lx_policy_free(&policy);
    lx_declaration_free(&declaration);
}

Test(closed, without_management_nobody_comes_in)
{
    struct lx_declaration declaration = given("interfaces: {eth0: {role: av-edge, on-failure: closed}}\n");
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy policy;

    cr_assert_eq(lx_closed_policy(&declaration.items[0], &policy, &diagnostics), 0);
    cr_expect_eq(policy.rule_count, 0);
    lx_policy_free(&policy);
    lx_declaration_free(&declaration);
}

Test(closed, a_group_without_addresses_is_a_mistake_at_its_row)
{
    struct lx_declaration declaration =
        given("interfaces:\n  eth0:\n    role: av-edge\n    on-failure: closed\n    management:\n"
              "      - {id: ssh, from: admins, to: self, port: 22, transport: tcp}\n");
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy policy = {.rule_count = 4711};

    cr_assert_eq(lx_closed_policy(&declaration.items[0], &policy, &diagnostics), -EINVAL);
    cr_assert_eq(diagnostics.count, 1);
    cr_expect_str_eq(diagnostics.items[0].file, "given.yaml");
    cr_expect(diagnostics.items[0].line == 6 && diagnostics.items[0].column == 9);
    cr_expect(strstr(diagnostics.items[0].message, "management/ssh needs the group 'admins'"));
    cr_expect_eq(policy.rule_count, 4711, "the output was touched");
    lx_diagnostics_free(&diagnostics);
    lx_declaration_free(&declaration);
}
