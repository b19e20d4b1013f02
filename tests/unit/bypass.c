/* SPDX-License-Identifier: GPL-2.0-only */
/* What a site bypasses, from its text to who is asked for and to what two policies make of it differently. */
#include <errno.h>
#include <stdio.h>

#include "given.h"
#include "user/core/diff/bypass_diff.h"
#include "user/core/diff/policy_diff.h"

#define SITE                                                                                                           \
    "self: {signal: 192.0.2.10}\n"                                                                                     \
    "groups: {web: [192.0.2.64/26, 192.0.2.50, 2001:db8::50]}\n"

#define TABLES                                                                                                         \
    "edition: test\n"                                                                                                  \
    "documents: {doc: A document}\n"                                                                                   \
    "roles:\n"                                                                                                         \
    "  signal:\n"                                                                                                      \
    "    rows:\n"                                                                                                      \
    "      - {source: doc 1, id: in, from: any, to: self, port: 5061, transport: tcp}\n"

static struct given given_bypass(const char *text)
{
    char site[1024];

    snprintf(site, sizeof(site), SITE "%s", text);
    return given_texts(TABLES, site, "signal");
}

static bool holds(const struct given *given, const char *address, const char *card)
{
    struct lx_address parsed;
    uint8_t bytes[6];

    cr_assert_eq(lx_address_parse(address, &parsed, NULL), 0);
    cr_assert(lx_card_parse(card, bytes));
    return lx_bypass_holds(&given->policy.bypass, &parsed, bytes);
}

Test(bypass, groups_and_addresses_are_one_list_in_order)
{
    struct given given = given_bypass("bypass: {addresses: [web, 192.0.2.50, 192.0.2.40], vlans: [7]}\n");
    char text[LX_PREFIX_TEXT];

    cr_assert_eq(given_resolve(&given), 0);
    cr_assert_eq(given.policy.bypass.count, 4, "an address twice is there once");
    cr_expect_str_eq(lx_prefix_format(&given.policy.bypass.items[0].prefix, text), "192.0.2.40");
    cr_expect_str_eq(lx_prefix_format(&given.policy.bypass.items[2].prefix, text), "192.0.2.64/26");
    cr_expect_str_eq(lx_prefix_format(&given.policy.bypass.items[3].prefix, text), "2001:db8::50");
    cr_expect_eq(given.policy.bypass.vlans[0], 0x80);
    cr_expect(lx_policy_reads_tags(&given.policy));
    cr_expect_not(lx_bypass_is_bound(&given.policy.bypass));
    given_end(&given);
}

Test(bypass, the_narrower_of_two_entries_binds)
{
    struct given given = given_bypass("bypass: {addresses: [web, {address: 192.0.2.70, mac: '02:00:00:00:00:70'}]}\n");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect(holds(&given, "192.0.2.71", "02:00:00:00:00:01"));
    cr_expect(holds(&given, "192.0.2.70", "02-00-00-00-00-70"));
    cr_expect_not(holds(&given, "192.0.2.70", "02:00:00:00:00:01"));
    cr_expect_not(holds(&given, "192.0.2.10", "02:00:00:00:00:01"));
    given_end(&given);
}

Test(bypass, a_policy_is_another_by_what_it_bypasses)
{
    struct given plain = given_bypass(""), web = given_bypass("bypass: {addresses: [web]}\n"),
                 bound = given_bypass("bypass: {addresses: [{address: web, mac: '02:00:00:00:00:01'}]}\n"),
                 vlans = given_bypass("bypass: {vlans: [7]}\n");
    const struct given *all[] = {&plain, &web, &bound, &vlans};
    struct lx_policy_diff diff;

    cr_assert_eq(given_resolve(&plain) || given_resolve(&web) || given_resolve(&bound) || given_resolve(&vlans), 0);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            bool same = lx_policy_digest(&all[i]->policy) == lx_policy_digest(&all[j]->policy);

            cr_expect_eq(same, i == j, "digests of %zu and %zu", i, j);
            cr_assert_eq(lx_policy_diff(&all[i]->policy, &all[j]->policy, &diff), 0);
            cr_expect_eq(lx_policy_diff_none(&diff), i == j, "difference of %zu and %zu", i, j);
            lx_policy_diff_free(&diff);
        }
    given_end(&plain);
    given_end(&web);
    given_end(&bound);
    given_end(&vlans);
}

/* The error that a site's bypass comes to. */
static void expect_mistake(const char *text, const char *message)
{
    struct given given = given_bypass(text);

    cr_expect_eq(given_resolve(&given), -EINVAL, "%s", text);
    cr_assert_eq(given.diagnostics.count, 1, "%s", text);
    cr_expect(strstr(given.diagnostics.items[0].message, message), "%s", given.diagnostics.items[0].message);
    cr_expect_eq(given.diagnostics.items[0].line, 3);
    given_end(&given);
}

Test(bypass, what_contradicts_itself_or_the_role_is_a_mistake)
{
    expect_mistake("bypass: {addresses: [192.0.2.10]}\n", "192.0.2.10 is the role's own (self)");
    expect_mistake("bypass: {addresses: [192.0.2.0/24]}\n", "192.0.2.10 is the role's own (self)");
    expect_mistake("bypass: {addresses: [mail]}\n", "there is no group 'mail' to bypass");
    expect_mistake("bypass: {addresses: [192.0.2.50, {address: 192.0.2.50, mac: '02:00:00:00:00:01'}]}\n",
                   "192.0.2.50 is bypassed twice, by different MAC addresses");
}

Test(bypass, the_differences_are_those_of_one_side_alone)
{
    struct given before = given_bypass("bypass: {addresses: [web]}\n"),
                 after = given_bypass("bypass: {addresses: [192.0.2.50, 192.0.2.51]}\n");
    const struct lx_bypassed *own;
    char text[LX_PREFIX_TEXT];
    size_t at = 0;

    cr_assert_eq(given_resolve(&before) || given_resolve(&after), 0);
    own = lx_bypass_next_own(&after.policy.bypass, &before.policy.bypass, &at);
    cr_assert_not_null(own);
    cr_expect_str_eq(lx_prefix_format(&own->prefix, text), "192.0.2.51");
    cr_expect_null(lx_bypass_next_own(&after.policy.bypass, &before.policy.bypass, &at));
    given_end(&before);
    given_end(&after);
}
