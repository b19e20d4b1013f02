/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ports: what the tables print is read, slips are refused with a reason, and text reads back the same. */
#include <criterion/criterion.h>
#include <errno.h>

#include "user/core/policy/ports.h"

static void expect_round_trip(const char *text)
{
    struct lx_ports ports;
    char written[LX_PORTS_TEXT];

    cr_assert_eq(lx_ports_parse(text, &ports, NULL), 0, "%s", text);
    cr_expect_str_eq(lx_ports_format(&ports, written), text);
}

Test(ports, text_reads_back_the_same)
{
    expect_round_trip("any");
    expect_round_trip("1");
    expect_round_trip("65535");
    expect_round_trip("50000-59999");
    expect_round_trip("443,3478");
    expect_round_trip("443,50000-59999,80");
    expect_round_trip(
        "60001-60002,60003-60004,60005-60006,60007-60008,60009-60010,60011-60012,60013-60014,60015-60016,"
        "60017-60018,60019-60020,60021-60022,60023-60024,60025-60026,60027-60028,60029-60030,60031-60032");
}

static void expect_refusal(const char *text, const char *words)
{
    struct lx_ports ports = {.count = 7};
    const char *problem = "";

    cr_expect_eq(lx_ports_parse(text, &ports, &problem), -EINVAL, "%s", text);
    cr_expect(strstr(problem, words), "%s: %s", text, problem);
    cr_expect_eq(ports.count, 7, "%s touched the output", text);
    cr_expect_eq(lx_ports_parse(text, &ports, NULL), -EINVAL);
}

Test(ports, a_refusal_names_the_cause_and_leaves_the_output_alone)
{
    expect_refusal("", "missing");
    expect_refusal(",443", "missing");
    expect_refusal("443,", "missing");
    expect_refusal("443-", "missing");
    expect_refusal("0", "port 0");
    expect_refusal("0-10", "port 0");
    expect_refusal("65536", "out of range");
    expect_refusal("99999999999999999999", "out of range");
    expect_refusal("59999-50000", "reversed");
    expect_refusal("50,000", "thousands separator");
    expect_refusal("0443", "leading zero");
    expect_refusal("50000–59999", "hyphen");
    expect_refusal("443, 3478", "blank");
    expect_refusal("https", "not a port");
    expect_refusal("443x", "not a port");
    expect_refusal("1-2-3", "not a port");
    expect_refusal("any,443", "not a port");
    expect_refusal("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "more than 16");
}

Test(ports, a_set_contains_both_ends_of_its_ranges)
{
    struct lx_ports ports;

    cr_assert_eq(lx_ports_parse("443,50000-59999", &ports, NULL), 0);
    cr_expect(lx_ports_contain(&ports, 443));
    cr_expect(lx_ports_contain(&ports, 50000));
    cr_expect(lx_ports_contain(&ports, 59999));
    cr_expect_not(lx_ports_contain(&ports, 444));
    cr_expect_not(lx_ports_contain(&ports, 49999));
    cr_expect_not(lx_ports_contain(&ports, 60000));
    cr_expect_not(lx_ports_any(&ports));
}

Test(ports, any_contains_every_port)
{
    struct lx_ports ports;

    cr_assert_eq(lx_ports_parse("any", &ports, NULL), 0);
    cr_expect(lx_ports_any(&ports));
    cr_expect(lx_ports_contain(&ports, 1));
    cr_expect(lx_ports_contain(&ports, 65535));
}

Test(ports, sets_meet_in_a_single_port)
{
    static const struct {
        const char *left, *right;
        bool meet;
    } cases[] = {
        {"443", "443", true},        {"443", "444", false}, {"1-10", "10-20", true},
        {"1-10", "11-20", false},    {"1-100", "50", true}, {"80,443,5061", "90-91,5061", true},
        {"80,443", "81-442", false}, {"any", "9", true},    {"any", "any", true},
    };
    struct lx_ports left, right;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        cr_assert_eq(lx_ports_parse(cases[i].left, &left, NULL), 0);
        cr_assert_eq(lx_ports_parse(cases[i].right, &right, NULL), 0);
        cr_expect_eq(lx_ports_meet(&left, &right), cases[i].meet, "%s and %s", cases[i].left, cases[i].right);
        cr_expect_eq(lx_ports_meet(&right, &left), cases[i].meet, "%s and %s", cases[i].right, cases[i].left);
    }
}

/* What is left of ports when some are taken out, or the error. */
static void expect_left(const char *ports, const char *taken, const char *expected)
{
    struct lx_ports all, out, left;
    char text[LX_PORTS_TEXT];
    int error;

    cr_assert(!lx_ports_parse(ports, &all, NULL) && !lx_ports_parse(taken, &out, NULL));
    error = lx_ports_subtract(&all, &out, &left);
    cr_expect_str_eq(error == -ENOENT ? "none"
                     : error          ? "too many"
                                      : lx_ports_format(&left, text),
                     expected, "%s without %s", ports, taken);
}

Test(ports, some_are_taken_out_of_others)
{
    expect_left("1-10", "5", "1-4,6-10");
    expect_left("1-10", "1-3,10", "4-9");
    expect_left("1-10", "8-20,1", "2-7");
    expect_left("1-10,5-20,443", "6-7,7-9", "1-5,10,5,10-20,443");
    expect_left("any", "1-1023", "1024-65535");
    expect_left("any", "65535", "1-65534");
    expect_left("443", "80", "443");
    expect_left("443", "any", "none");
    expect_left("any", "1-65535", "none");
    expect_left("80,443", "1-100,400-500", "none");
    expect_left("1-40", "2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32", "too many");
}
