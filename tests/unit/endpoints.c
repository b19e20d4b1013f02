/* SPDX-License-Identifier: GPL-2.0-only */
/* The vendor's list of what its cloud uses: which prefixes become a group, and what is wrong with a list. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/endpoints.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* Its shape is the vendor's; what is left out is not read. */
static const char worldwide[] =
    "[{\"id\": 1, \"serviceArea\": \"Exchange\", \"serviceAreaDisplayName\": \"Exchange Online\","
    "  \"urls\": [\"outlook.office.com\"], \"ips\": [\"13.107.6.152/31\", \"2603:1006::/40\"],"
    "  \"tcpPorts\": \"80,443\", \"expressRoute\": true, \"category\": \"Optimize\", \"required\": true},"
    " {\"id\": 11, \"serviceArea\": \"Skype\", \"ips\": [\"52.112.0.0/14\", \"13.107.64.0/18\", \"2603:1063::/38\"],"
    "  \"udpPorts\": \"3478,3479,3480,3481\", \"category\": \"Optimize\", \"required\": true},"
    " {\"id\": 12, \"serviceArea\": \"Skype\", \"ips\": [\"52.112.0.0/14\", \"52.238.119.141/32\"],"
    "  \"tcpPorts\": \"443,80\", \"category\": \"Allow\", \"required\": true},"
    " {\"id\": 22, \"serviceArea\": \"Skype\", \"ips\": [\"52.244.160.207\"], \"required\": false},"
    " {\"id\": 127, \"serviceArea\": \"Skype\", \"urls\": [\"*.skype.com\"], \"tcpPorts\": \"443,80\", \"required\": "
    "true}]";

static char skype[] = "Skype", skpe[] = "Skpe", eleven[] = "11", twelve[] = "12", hundred[] = "127", none[] = "4711";

struct read {
    int error;
    struct lx_prefix_list list;
    struct lx_diagnostics diagnostics;
};

static struct read read_text(const char *text, struct lx_endpoints_wish wish)
{
    struct read read = {.list = {.count = 4711}};
    FILE *stream = fmemopen((void *)text, strlen(text), "r");

    cr_assert_not_null(stream);
    read.error = lx_endpoints_read(stream, "endpoints.json", &wish, &read.list, &read.diagnostics);
    fclose(stream);
    return read;
}

static void expect_prefixes(struct lx_endpoints_wish wish, const char *expected)
{
    struct read read = read_text(worldwide, wish);
    char all[512] = "", one[LX_PREFIX_TEXT];

    cr_assert_eq(read.error, 0, "%s", read.diagnostics.count ? read.diagnostics.items[0].message : "");
    for (size_t i = 0; i < read.list.count; i++)
        sprintf(all + strlen(all), "%s%s", i ? " " : "", lx_prefix_format(&read.list.prefixes[i], one));
    cr_expect_str_eq(all, expected);
    free(read.list.prefixes);
    lx_diagnostics_free(&read.diagnostics);
}

static void expect_mistake(const char *text, struct lx_endpoints_wish wish, const char *words)
{
    struct read read = read_text(text, wish);

    cr_expect_eq(read.error, -EINVAL, "%s", text);
    cr_expect_eq(read.list.count, 4711, "the output was touched");
    cr_assert_eq(read.diagnostics.count, 1, "%zu: %s", read.diagnostics.count, text);
    cr_expect(strstr(read.diagnostics.items[0].message, words), "%s", read.diagnostics.items[0].message);
    lx_diagnostics_free(&read.diagnostics);
}

static struct lx_endpoints_wish of(char **area, char **ids, size_t count)
{
    return (struct lx_endpoints_wish){.areas = {area, area != NULL}, .ids = {ids, count}};
}

Test(endpoints, everything_is_taken_where_nothing_is_asked_for)
{
    expect_prefixes((struct lx_endpoints_wish){0},
                    "13.107.6.152/31 13.107.64.0/18 52.112.0.0/14 52.238.119.141 52.244.160.207 2603:1006::/40 "
                    "2603:1063::/38");
}

Test(endpoints, an_area_and_ids_choose_entries)
{
    char *area[] = {skype}, *both[] = {eleven, twelve}, *one[] = {twelve};

    expect_prefixes(of(area, NULL, 0), "13.107.64.0/18 52.112.0.0/14 52.238.119.141 52.244.160.207 2603:1063::/38");
    expect_prefixes(of(NULL, both, 2), "13.107.64.0/18 52.112.0.0/14 52.238.119.141 2603:1063::/38");
    expect_prefixes(of(area, one, 1), "52.112.0.0/14 52.238.119.141");
}

Test(endpoints, what_is_optional_may_be_left_out)
{
    char *area[] = {skype};
    struct lx_endpoints_wish wish = of(area, NULL, 0);

    wish.required = true;
    expect_prefixes(wish, "13.107.64.0/18 52.112.0.0/14 52.238.119.141 2603:1063::/38");
}

Test(endpoints, a_wish_that_nothing_meets_is_a_mistake)
{
    char *wrong[] = {skpe}, *unknown[] = {none}, *names[] = {hundred};

    expect_mistake(worldwide, of(wrong, NULL, 0), "no entry has the service area 'Skpe'; did you mean 'Skype'?");
    expect_mistake(worldwide, of(NULL, unknown, 1), "no entry has the id '4711'");
    expect_mistake(worldwide, of(NULL, names, 1), "no address is published");
    expect_mistake("[]", of(NULL, NULL, 0), "no address is published");
}

Test(endpoints, what_is_no_such_list_is_a_mistake)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"<html>", "this is no JSON"},
        {"[{\"id\": 1,\n \"serviceArea\": }]", "this is no JSON"},
        {"{\"id\": 1}", "a list of entries is needed"},
        {"[11]", "entry 1 is no object"},
        {"[{\"id\": \"11\", \"serviceArea\": \"Skype\"}]", "entry 1 is no object"},
        {"[{\"id\": 11}]", "entry 1 is no object"},
        {"[{\"id\": 11, \"serviceArea\": \"Skype\", \"ips\": \"52.112.0.0/14\"}]", "entry 1 is no object"},
        {"[{\"id\": 11, \"serviceArea\": \"Skype\", \"ips\": [52]}]", "entry 11: '': an address"},
        {"[{\"id\": 11, \"serviceArea\": \"Skype\", \"ips\": [\"52.112.0.1/14\"]}]", "it has host bits set"},
        {"[{\"id\": 11, \"serviceArea\": \"Skype\", \"ips\": [\"127.0.0.1\"]}]", "it is a loopback address"},
        {"[{\"id\": 11, \"serviceArea\": \"Skype\", \"ips\": [\"52.112.0.0.0/14\"]}]", "entry 11: '52.112.0.0.0/14'"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_mistake(cases[i].text, (struct lx_endpoints_wish){0}, cases[i].words);
}

Test(endpoints, a_mistake_of_json_has_its_line)
{
    struct read read = read_text("[\n{\"id\": 1,}\n]", (struct lx_endpoints_wish){0});

    cr_assert_eq(read.diagnostics.count, 1);
    cr_expect_eq(read.diagnostics.items[0].line, 2);
    lx_diagnostics_free(&read.diagnostics);
}
