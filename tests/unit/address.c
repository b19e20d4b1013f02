/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes: what is read, what is refused and why, and that what is written reads back the same. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "user/core/policy/address.h"

static void expect_round_trip(const char *text, const char *canonical, unsigned length)
{
    struct lx_prefix prefix, again;
    char written[LX_PREFIX_TEXT];

    cr_assert_eq(lx_prefix_parse(text, &prefix, NULL), 0, "%s", text);
    cr_expect_str_eq(lx_prefix_format(&prefix, written), canonical);
    cr_expect_eq(prefix.length, length, "%s has length %u", text, prefix.length);
    cr_assert_eq(lx_prefix_parse(written, &again, NULL), 0);
    cr_expect_eq(lx_prefix_compare(&prefix, &again), 0);
}

Test(address, canonical_text_reads_back_the_same)
{
    expect_round_trip("192.0.2.1", "192.0.2.1", 128);
    expect_round_trip("192.0.2.1/32", "192.0.2.1", 128);
    expect_round_trip("192.0.2.0/24", "192.0.2.0/24", 120);
    expect_round_trip("0.0.0.0/0", "0.0.0.0/0", 96);
    expect_round_trip("128.0.0.0/1", "128.0.0.0/1", 97);
    expect_round_trip("::/0", "::/0", 0);
    expect_round_trip("2001:0DB8:0:0:0::1", "2001:db8::1", 128);
    expect_round_trip("2001:db8::/33", "2001:db8::/33", 33);
    expect_round_trip("2001:db8::1/128", "2001:db8::1", 128);
}

static void expect_refusal(const char *text, const char *words)
{
    struct lx_prefix prefix = {.length = 77};
    const char *problem = "";

    cr_expect_eq(lx_prefix_parse(text, &prefix, &problem), -EINVAL, "%s", text);
    cr_expect(strstr(problem, words), "%s: %s", text, problem);
    cr_expect_eq(prefix.length, 77, "%s touched the output", text);
    cr_expect_eq(lx_prefix_parse(text, &prefix, NULL), -EINVAL);
}

Test(address, a_refusal_names_the_cause_and_leaves_the_output_alone)
{
    expect_refusal("", "empty");
    expect_refusal("/24", "empty");
    expect_refusal("pool", "not an IPv4 or IPv6 address");
    expect_refusal("192.0.2", "four numbers");
    expect_refusal("192.0.2.256", "four numbers");
    expect_refusal("192.0.2.01", "leading zeros");
    expect_refusal("192.0.2.1,192.0.2.2", "list");
    expect_refusal("192.0.2.1-192.0.2.9", "range");
    expect_refusal("fe80::1%eth0", "zone");
    expect_refusal("[2001:db8::1]", "brackets");
    expect_refusal("::ffff:192.0.2.1", "inside an IPv6");
    expect_refusal("::ffff:0:0/96", "inside an IPv6");
    expect_refusal("192.0.2.0/33", "0 to 32");
    expect_refusal("2001:db8::/129", "0 to 128");
    expect_refusal("2001:db8::/99999999999999999999", "not a number");
    expect_refusal("192.0.2.0/", "not a number");
    expect_refusal("192.0.2.0/024", "not a number");
    expect_refusal("192.0.2.0/-1", "not a number");
    expect_refusal("192.0.2.0/255.255.255.0", "netmask");
    expect_refusal("2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8", "not an IPv4");
}

Test(address, host_bits_are_told_apart_and_cut)
{
    struct lx_prefix prefix;
    char text[LX_PREFIX_TEXT];
    const char *problem = NULL;

    cr_assert_eq(lx_prefix_parse("10.1.2.3/20", &prefix, &problem), -EDOM);
    cr_expect_str_eq(lx_prefix_format(&prefix, text), "10.1.0.0/20");
    cr_expect_not_null(problem);
    cr_assert_eq(lx_prefix_parse("2001:db8::1/64", &prefix, NULL), -EDOM);
    cr_expect_str_eq(lx_prefix_format(&prefix, text), "2001:db8::/64");
}

Test(address, a_single_address_is_no_prefix)
{
    struct lx_address address;
    const char *problem;

    cr_assert_eq(lx_address_parse("192.0.2.0/24", &address, &problem), -EINVAL);
    cr_expect(strstr(problem, "one address"));
    cr_assert_eq(lx_address_parse("192.0.2.1", &address, &problem), 0);
    cr_expect(lx_address_is_ipv4(&address));
}

static bool contains(const char *prefix_text, const char *address_text)
{
    struct lx_prefix prefix;
    struct lx_address address;

    cr_assert_eq(lx_prefix_parse(prefix_text, &prefix, NULL), 0);
    cr_assert_eq(lx_address_parse(address_text, &address, NULL), 0);
    return lx_prefix_contains(&prefix, &address);
}

Test(address, a_prefix_contains_its_own_family_only)
{
    cr_expect(contains("10.0.0.0/9", "10.127.255.255"));
    cr_expect_not(contains("10.0.0.0/9", "10.128.0.0"));
    cr_expect(contains("0.0.0.0/0", "255.255.255.255"));
    cr_expect_not(contains("0.0.0.0/0", "2001:db8::1"));
    cr_expect(contains("::/0", "2001:db8::1"));
    cr_expect_not(contains("::/0", "192.0.2.1"));
    cr_expect(contains("2001:db8::/33", "2001:db8:7fff::1"));
    cr_expect_not(contains("2001:db8::/33", "2001:db8:8000::1"));
}

Test(address, a_prefix_sorts_before_everything_inside_it)
{
    static const char *const texts[] = {"10.0.0.1", "10.0.0.0/8", "::/0", "10.0.0.0", "10.0.0.0/24", "2001:db8::1"};
    static const char *const sorted[] = {"::/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.0", "10.0.0.1", "2001:db8::1"};
    struct lx_prefix prefixes[6];
    char text[LX_PREFIX_TEXT];

    for (size_t i = 0; i < 6; i++)
        cr_assert_eq(lx_prefix_parse(texts[i], &prefixes[i], NULL), 0);
    qsort(prefixes, 6, sizeof(*prefixes), lx_prefix_compare);
    for (size_t i = 0; i < 6; i++)
        cr_expect_str_eq(lx_prefix_format(&prefixes[i], text), sorted[i]);
}
