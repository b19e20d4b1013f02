/* SPDX-License-Identifier: GPL-2.0-only */
/* Site files: what the syntax means, that every mistake is found in one run at its place, and that large groups are
 * fast. */
#include <criterion/criterion.h>
#include <errno.h>
#include <lyncxdp/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mistakes.h"
#include "user/core/policy/site_file.h"

#define DATA "tests/unit/data/"
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static int read_file(const char *path, struct lx_site *site, struct lx_diagnostics *diagnostics)
{
    FILE *stream = fopen(path, "r");
    int error;

    cr_assert_not_null(stream, "%s", path);
    error = lx_site_file_read(stream, path, site, diagnostics);
    fclose(stream);
    return error;
}

static int read_text(const char *text, struct lx_site *site, struct lx_diagnostics *diagnostics)
{
    FILE *stream = fmemopen((void *)text, strlen(text), "r");
    int error;

    cr_assert_not_null(stream);
    error = lx_site_file_read(stream, "given.yaml", site, diagnostics);
    fclose(stream);
    return error;
}

static void expect_prefixes(const struct lx_prefix *prefixes, size_t count, const char *expected)
{
    struct lx_endpoint endpoint = {
        .kind = LX_ENDPOINT_ADDRESSES, .prefixes = (struct lx_prefix *)prefixes, .prefix_count = count};
    char *text = lx_endpoint_format(&endpoint);

    cr_expect_str_eq(text, expected);
    free(text);
}

static void expect_self(const struct lx_self *self, const char *role, enum lx_side side, const char *addresses)
{
    cr_expect_str_eq(self->role, role);
    cr_expect_eq(self->side, side);
    expect_prefixes(self->prefixes, self->prefix_count, addresses);
}

/* The golden file, read. */
static struct lx_site golden(void)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site = {0};

    cr_assert_eq(read_file(DATA "good_site.yaml", &site, &diagnostics), 0, "%s",
                 diagnostics.count ? diagnostics.items[0].message : "unreadable");
    cr_expect_eq(diagnostics.count, 0);
    return site;
}

Test(site_file, addresses_and_groups_are_what_the_golden_file_says)
{
    struct lx_site site = golden();

    cr_assert_eq(site.self_count, 4);
    expect_self(&site.selves[0], "edge", LX_SIDE_EXTERNAL, "10.45.16.10");
    expect_self(&site.selves[1], "edge", LX_SIDE_INTERNAL, "172.25.33.10,2001:db8::10");
    expect_self(&site.selves[2], "front-end", LX_SIDE_NONE, "192.168.10.90,192.168.10.91");
    expect_self(&site.selves[3], "director", LX_SIDE_NONE, "192.168.11.0/24");
    cr_assert_eq(site.group_count, 2);
    cr_expect_str_eq(site.groups[0].name, "pool");
    cr_expect_eq(site.groups[0].place.line, 8);
    cr_expect_str_eq(site.groups[0].place.file, DATA "good_site.yaml");
    expect_prefixes(site.groups[0].prefixes, site.groups[0].prefix_count, "192.168.10.90,192.168.10.91");
    cr_expect_str_eq(site.groups[1].name, "everyone");
    expect_prefixes(site.groups[1].prefixes, site.groups[1].prefix_count, "::/0,0.0.0.0/0");
    lx_site_free(&site);
}

Test(site_file, switches_are_what_the_golden_file_says)
{
    struct lx_site site = golden();

    cr_expect_eq(site.closed_options.count, 2);
    cr_expect(lx_words_contain(&site.closed_options, "redirect"));
    cr_expect(lx_words_contain(&site.closed_options, "static-routes"));
    cr_expect_eq(site.built_ins_on, LX_BUILT_IN_ARP | LX_BUILT_IN_ECHO);
    cr_expect_eq(site.built_ins_off, LX_BUILT_IN_DHCP | LX_BUILT_IN_IP_OPTIONS);
    cr_expect(site.vlans_listed);
    cr_expect_eq(site.vlans[0], 1);
    cr_expect_eq(site.vlans[10 >> 3], 1 << (10 & 7));
    cr_expect_eq(site.vlans[4094 >> 3], 1 << (4094 & 7));
    cr_expect(site.watch_ports_listed);
    cr_assert_eq(site.watch_port_count, 2);
    cr_expect_eq(site.watch_ports[1], 5060);
    lx_site_free(&site);
}

Test(site_file, what_is_bypassed_is_what_the_golden_file_says)
{
    static const uint8_t cards[2][6] = {{0x52, 0x54, 0, 0, 0, 1}, {0x52, 0x54, 0, 0, 0, 2}};
    struct lx_site site = golden();
    const struct lx_bypass_entry *entries = site.bypass.entries;

    cr_assert_eq(site.bypass.count, 3);
    expect_prefixes(&entries[0].prefix, 1, "192.168.12.0/24");
    cr_expect_null(entries[0].group);
    cr_expect_eq(entries[0].bound.count, 0);
    cr_expect_str_eq(entries[1].group, "pool");
    expect_prefixes(&entries[2].prefix, 1, "2001:db8::50");
    cr_assert_eq(entries[2].bound.count, 2);
    cr_expect_arr_eq(entries[2].bound.cards, cards, sizeof(cards), "they are in order");
    cr_expect(site.bypass.has_vlans);
    cr_expect_eq(site.bypass.vlans[3], 0xc0);
    lx_site_free(&site);
}

static uint32_t fragments_of(const char *text)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site = {0};
    uint32_t fragments = 0;

    if (!read_text(text, &site, &diagnostics))
        fragments = site.built_ins_on ? site.built_ins_on : ~site.built_ins_off;
    lx_diagnostics_free(&diagnostics);
    lx_site_free(&site);
    return fragments;
}

Test(site_file, of_fragments_it_may_be_said_what_becomes_of_them)
{
    cr_expect_eq(fragments_of("built-in: {fragments: track}"), LX_BUILT_IN_FRAGMENTS);
    cr_expect_eq(fragments_of("built-in: {fragments: on}"), LX_BUILT_IN_FRAGMENTS);
    cr_expect_eq(fragments_of("built-in: {fragments: drop}"), ~(uint32_t)LX_BUILT_IN_FRAGMENTS);
    cr_expect_eq(fragments_of("built-in: {fragments: off}"), ~(uint32_t)LX_BUILT_IN_FRAGMENTS);
    cr_expect_eq(fragments_of("built-in: {fragments: pass}"), 0, "that is no site");
    cr_expect_eq(fragments_of("built-in: {echo: track}"), 0, "an echo is on or off");
    cr_expect_eq(fragments_of("built-in: {fragments: [track]}"), 0);
}

Test(site_file, own_rows_may_be_limited_and_cite_their_line_by_default)
{
    struct lx_site site = golden();

    cr_assert_eq(site.row_count, 3);
    cr_expect_str_eq(site.rows[0].id, "site/ssh-admin");
    cr_expect_str_eq(site.rows[0].role, "edge");
    cr_expect_eq(site.rows[0].side, LX_SIDE_INTERNAL);
    cr_expect_str_eq(site.rows[0].source, DATA "good_site.yaml, line 18");
    expect_prefixes(site.rows[0].from.prefixes, site.rows[0].from.prefix_count, "192.0.2.0/24");
    cr_expect_str_eq(site.rows[1].id, "site/ntp");
    cr_expect_null(site.rows[1].role);
    cr_expect_eq(site.rows[1].side, LX_SIDE_NONE);
    cr_expect_str_eq(site.rows[1].source, "ticket 4711");
    cr_expect_eq(lx_row_hook(&site.rows[1]), LX_HOOK_FROM_ROLE);
    lx_site_free(&site);
}

Test(site_file, a_row_may_say_what_self_is_to_it_alone)
{
    struct lx_site site = golden();

    cr_assert_eq(site.row_count, 3);
    cr_expect_eq(site.rows[0].to.prefix_count, 0);
    cr_expect_eq(site.rows[2].to.kind, LX_ENDPOINT_SELF);
    expect_prefixes(site.rows[2].to.prefixes, site.rows[2].to.prefix_count, "172.25.34.10,2001:db8:0:34::10");
    lx_site_free(&site);
}

Test(site_file, every_mistake_is_reported_at_its_line_and_column)
{
    static const struct lx_expected expected[] = {
        {2, 7, "a list where text is needed; write the name of"},
        {4, 20, "'10.45.16.300': an IPv4 address is four numbers"},
        {4, 34, "unknown key 'inside' in a role's addresses; its"},
        {5, 14, "'192.168.10.90/16' has host bits set; write the"},
        {6, 3, "'Director' cannot be the name of a role; write"},
        {7, 14, "nothing where a mapping is needed; write the"},
        {8, 1, "unknown key 'group' in a site file; did you"},
        {11, 3, "a group cannot be called 'any', which has its"},
        {12, 3, "a group cannot be called 'self', which has its"},
        {13, 9, "the name 'next-hop' where an address is needed;"},
        {14, 3, "the key 'pool' is there already, on line 13;"},
        {15, 7, "nothing where text is needed; write an address,"},
        {16, 12, "a list where text is needed; write an address"},
        {17, 21, "'shut' where a switch is needed; write on or off"},
        {17, 27, "'Static Routes' cannot be the name of an"},
        {18, 21, "unknown key 'pong' in the built-in cases; its"},
        {18, 37, "'2' where a switch is needed; write on or off"},
        {18, 42, "unknown key 'redirects' in the built-in cases;"},
        {19, 13, "'4095' is no VLAN id; write a number from 0 to"},
        {19, 19, "'ten' is no VLAN id; write a number from 0 to"},
        {19, 24, "'-1' is no VLAN id; write a number from 0 to"},
        {20, 21, "'0' is no port; write a number from 1 to 65535"},
        {20, 24, "'65536' is no port; write a number from 1 to"},
        {20, 31, "'80-90' is no port; write a number from 1 to"},
        {22, 77, "unknown side 'left'; write external or internal"},
        {23, 10, "the id site/ssh is there already, on line 22;"},
        {23, 77, "'AV Edge' cannot be the name of a role; write"},
        {24, 58, "unknown transport 'upd'; write tcp, udp, tcp/udp, vrrp"},
        {25, 10, "the id site/ntp is there already, on line 24;"},
        {25, 71, "a list where text is needed; write a few words"},
        {26, 1, "unknown key 'sides' in a site file; its keys"},
    };
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site = {.row_count = 4711};

    cr_assert_eq(read_file(DATA "mistakes_site.yaml", &site, &diagnostics), -EINVAL);
    lx_expect_mistakes(&diagnostics, expected, COUNT_OF(expected));
    cr_expect_eq(site.row_count, 4711, "the output was touched");
    lx_diagnostics_free(&diagnostics);
}

Test(site_file, watching_no_port_is_a_choice)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;

    cr_assert_eq(read_text("watch-ports: []\n", &site, &diagnostics), 0);
    cr_expect(site.watch_ports_listed);
    cr_expect_eq(site.watch_port_count, 0);
    lx_site_free(&site);
}

/* CPU seconds for a group of so many prefixes. */
static double seconds_for(unsigned count, const char *head, const char *item, const char *tail)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    clock_t started;
    double seconds;

    fputs(head, out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, item, i >> 16, i >> 8 & 255, i & 255);
    fputs(tail, out);
    fclose(out);
    started = clock();
    cr_assert_eq(read_text(text, &site, &diagnostics), 0);
    seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
    cr_assert_eq(site.groups[0].prefix_count, count);
    lx_site_free(&site);
    free(text);
    return seconds;
}

/* About 0.15 s in a plain build; the bound has room for the sanitizers and a busy machine, not for quadratic work. */
Test(site_file, a_group_of_a_hundred_thousand_prefixes_reads_in_no_time)
{
    cr_expect_lt(seconds_for(100000, "groups:\n  big:\n", "    - 10.%u.%u.%u/32\n", ""), 2.0);
    cr_expect_lt(seconds_for(100000, "groups: {big: [", "10.%u.%u.%u, ", "]}\n"), 2.0);
}

Test(site_file, the_example_sites_have_no_mistake)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;

    cr_assert_eq(read_file("policies/sites/contoso.yaml", &site, &diagnostics), 0, "%s",
                 diagnostics.count ? diagnostics.items[0].message : "unreadable");
    lx_site_free(&site);
}
