/* SPDX-License-Identifier: GPL-2.0-only */
/* The report about a change of policy: every region with its verdicts before and after, and what was switched. */
#include <criterion/criterion.h>
#include <string.h>

#include <lyncxdp/image.h>

#include "given.h"
#include "user/core/report/report_diff.h"

static const char policy[] = "edition: test\n"
                             "roles:\n"
                             "  r:\n"
                             "    rows:\n"
                             "    - {id: web, from: friends, to: self, port: [80, 443], transport: tcp,\n"
                             "       application: HTTP}\n"
                             "    - {id: out, from: self, to: any, port: 53, transport: udp}\n"
                             "    - {id: late, from: any, to: self, port: 9, transport: udp, options: [late]}\n";

static struct given given_friends(const char *friends)
{
    struct given given = given_texts(policy, "self: {r: 10.0.0.1}\n", "r");

    given_setting(&given, "friends", friends);
    cr_assert_eq(given_resolve(&given), 0);
    given.policy.egress = LX_EGRESS_TRACK;
    return given;
}

/* The report, after which the policies are gone: it must not lean on them. */
static json_t *report_of(struct given *before, struct given *after)
{
    struct lx_policy_diff diff;
    json_t *report;

    cr_assert_eq(lx_policy_diff(&before->policy, &after->policy, &diff), 0);
    report = lx_report_diff(&diff);
    cr_assert_not_null(report);
    lx_policy_diff_free(&diff);
    given_end(before);
    given_end(after);
    return report;
}

static const char *text(const json_t *object, const char *member)
{
    cr_assert_not_null(json_object_get(object, member), "no member %s", member);
    return json_string_value(json_object_get(object, member));
}

static const char *word(const json_t *object, const char *member, size_t index)
{
    return json_string_value(json_array_get(json_object_get(object, member), index));
}

Test(report_diff, a_region_has_every_member)
{
    struct given before = given_friends("192.0.2.1"), after = given_friends("192.0.2.1,192.0.2.7");
    json_t *report = report_of(&before, &after), *region = json_array_get(json_object_get(report, "allowed"), 0);

    cr_expect(json_is_false(json_object_get(report, "same")));
    cr_assert_eq(json_array_size(json_object_get(report, "allowed")), 1);
    cr_assert_eq(json_array_size(json_object_get(report, "dropped")), 0);
    cr_expect_str_eq(text(region, "row"), "r/web");
    cr_expect_str_eq(text(region, "hook"), "to-role");
    cr_expect_str_eq(text(region, "before"), "drop");
    cr_expect_str_eq(text(region, "after"), "pass");
    cr_expect_str_eq(text(region, "role"), "r");
    cr_expect_null(text(region, "side"));
    cr_expect_str_eq(text(region, "transport"), "tcp");
    cr_expect_str_eq(text(region, "from"), "friends");
    cr_expect_str_eq(word(region, "source_addresses", 0), "192.0.2.7");
    cr_expect_eq(json_array_size(json_object_get(region, "source_addresses")), 1);
    cr_expect_eq(json_array_size(json_object_get(region, "source_except")), 0);
    cr_expect_str_eq(text(region, "source_port"), "any");
    cr_expect_str_eq(text(region, "to"), "self");
    cr_expect_str_eq(word(region, "destination_addresses", 0), "10.0.0.1");
    cr_expect_str_eq(text(region, "destination_port"), "80,443");
    cr_expect_str_eq(text(region, "application"), "HTTP");
    cr_expect_not_null(text(region, "source"));
    json_decref(report);
}

Test(report_diff, what_is_left_out_of_a_set_is_told)
{
    struct given before = given_friends("192.0.2.0/24"), after = given_friends("0.0.0.0/0");
    json_t *report = report_of(&before, &after), *region = json_array_get(json_object_get(report, "allowed"), 0);

    cr_expect_str_eq(word(region, "source_addresses", 0), "0.0.0.0/0");
    cr_expect_str_eq(word(region, "source_except", 0), "192.0.2.0/24");
    json_decref(report);
}

Test(report_diff, the_verdict_on_what_no_row_lists_goes_by_egress_and_audit)
{
    static const struct {
        enum lx_egress egress;
        bool audit;
        const char *to_role, *from_role;
    } cases[] = {
        {LX_EGRESS_ENFORCE, false, "drop", "drop"},  {LX_EGRESS_TRACK, false, "drop", "would-drop"},
        {LX_EGRESS_OFF, false, "drop", "pass"},      {LX_EGRESS_ENFORCE, true, "would-drop", "would-drop"},
        {LX_EGRESS_OFF, true, "would-drop", "pass"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct given before = given_friends("192.0.2.1"), after = given_friends("192.0.2.1");
        json_t *report, *dropped;

        after.policy.rule_count = 0;
        after.policy.egress = cases[i].egress;
        after.policy.audit = cases[i].audit;
        report = report_of(&before, &after);
        dropped = json_object_get(report, "dropped");
        cr_assert_eq(json_array_size(dropped), 3, "case %zu", i);
        cr_expect_str_eq(text(json_array_get(dropped, 0), "after"), cases[i].to_role, "case %zu", i);
        cr_expect_str_eq(text(json_array_get(dropped, 0), "before"), "pass");
        cr_expect_str_eq(text(json_array_get(dropped, 2), "hook"), "from-role");
        cr_expect_str_eq(text(json_array_get(dropped, 2), "after"), cases[i].from_role, "case %zu", i);
        json_decref(report);
    }
}

Test(report_diff, switches_are_told_by_name)
{
    struct given before = given_friends("192.0.2.1"), after = given_friends("192.0.2.1");
    const json_t *switches, *vlans, *protected;
    json_t *report;

    after.policy.built_ins ^= LX_BUILT_IN_ECHO | LX_BUILT_IN_ARP;
    after.policy.audit = true;
    after.policy.egress = LX_EGRESS_ENFORCE;
    after.policy.vlans_listed = true;
    after.policy.vlans[0] = 0x07;
    after.policy.vlans[511] = 0x40;
    after.policy.protected = NULL;
    report = report_of(&before, &after);
    switches = json_object_get(report, "switches");
    vlans = json_object_get(report, "vlans");
    protected = json_object_get(report, "protected");

    cr_assert_eq(json_array_size(switches), 4);
    cr_expect_str_eq(text(json_array_get(switches, 0), "switch"), "arp");
    cr_expect_str_eq(text(json_array_get(switches, 0), "before"), "on");
    cr_expect_str_eq(text(json_array_get(switches, 0), "after"), "off");
    cr_expect_str_eq(text(json_array_get(switches, 1), "switch"), "echo");
    cr_expect_str_eq(text(json_array_get(switches, 1), "after"), "on");
    cr_expect_str_eq(text(json_array_get(switches, 2), "switch"), "audit");
    cr_expect_str_eq(text(json_array_get(switches, 3), "switch"), "egress");
    cr_expect_str_eq(text(json_array_get(switches, 3), "before"), "track");
    cr_expect_str_eq(text(json_array_get(switches, 3), "after"), "enforce");
    cr_expect_null(text(vlans, "allowed"));
    cr_expect_str_eq(text(vlans, "dropped"), "3-4093,4095");
    cr_expect_eq(json_array_size(json_object_get(protected, "added")), 0);
    cr_expect_str_eq(word(protected, "removed", 0), "10.0.0.1");
    json_decref(report);
}

Test(report_diff, no_difference_says_so)
{
    struct given before = given_friends("192.0.2.1"), after = given_friends("192.0.2.1");
    json_t *report = report_of(&before, &after);

    cr_expect(json_is_true(json_object_get(report, "same")));
    cr_expect_eq(json_array_size(json_object_get(report, "switches")), 0);
    cr_expect_null(text(json_object_get(report, "vlans"), "allowed"));
    json_decref(report);
}
