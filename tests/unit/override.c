/* SPDX-License-Identifier: GPL-2.0-only */
/* What a site changes in the rows of the tables: which rows are meant, what becomes of them, what is a mistake, and
 * what files that several sites share add. */
#include <criterion/criterion.h>
#include <errno.h>

#include "given.h"
#include "including.h"
#include "mistakes.h"
#include "user/core/image/row_slots.h"
#include "user/core/policy/lint.h"
#include "user/core/policy/policy_print.h"
#include "user/core/resolve/selection.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const char *const tables =
    "edition: t\n"
    "roles:\n"
    "  edge:\n"
    "    external:\n"
    "      - {id: media-tcp-in, from: any, to: self, port: 50000-59999, transport: tcp}\n"
    "      - {id: media-udp-in, from: any, to: self, port: 50000-59999, transport: udp}\n"
    "      - {id: media-udp-out, from: self, source-port: 50000-59999, to: any, port: any, transport: udp}\n"
    "      - {id: web-in, from: any, to: self, port: [80, 443], transport: tcp}\n"
    "      - {id: sip-in, from: pool, to: self, port: 5061, transport: tcp}\n"
    "      - {id: odd-in, from: any, to: self, unresolved: true}\n"
    "    internal:\n"
    "      - {id: media-udp-in, from: any, to: self, port: 3478, transport: udp}\n";

static struct given given_site_text(const char *site)
{
    struct given given = given_texts(tables, site, "edge");

    given_setting(&given, "pool", "192.0.2.1");
    return given;
}

static void expect_ports(const struct given *given, const char *id, const char *source, const char *destination)
{
    const struct lx_rule *rule = given_rule(given, id);
    char text[LX_PORTS_TEXT];

    cr_assert_not_null(rule, "%s", id);
    cr_expect_str_eq(lx_ports_format(&rule->row->source_ports, text), source, "%s: %s", id, text);
    cr_expect_str_eq(lx_ports_format(&rule->row->destination_ports, text), destination, "%s: %s", id, text);
}

/* --- What becomes of rows ------------------------------------------------------------------------------------------
 */

Test(override, ports_are_moved_and_carved_and_the_row_stays_what_it_is)
{
    struct given given =
        given_site_text("override:\n"
                        "  edge/external/media-*-in: {port: 40000-44999, except-port: [40001-40003, 44999]}\n"
                        "  edge/external/media-*-out: {source-port: 40000-44999}\n"
                        "  edge/external/web-in: {except-port: 80, except-source-port: 1-1023}\n");
    const struct lx_rule *rule;

    cr_assert_eq(given_resolve(&given), 0);
    expect_ports(&given, "edge/external/media-tcp-in", "any", "40000,40004-44998");
    expect_ports(&given, "edge/external/media-udp-in", "any", "40000,40004-44998");
    expect_ports(&given, "edge/external/media-udp-out", "40000-44999", "any");
    expect_ports(&given, "edge/external/web-in", "1024-65535", "443");
    expect_ports(&given, "edge/external/sip-in", "any", "5061");
    rule = given_rule(&given, "edge/external/media-udp-in");
    cr_expect_str_eq(rule->row->override, "site.yaml:2");
    cr_expect_str_eq(rule->row->source, "test.yaml, line 6");
    cr_expect_null(given_rule(&given, "edge/external/sip-in")->row->override);
    given_end(&given);
}

/* What lacks a port and nothing else; the row that has one opens nothing for another reason. */
Test(override, a_row_that_is_printed_without_a_port_opens_the_one_that_it_is_given)
{
    struct given given =
        given_texts("edition: t\n"
                    "roles:\n"
                    "  sbc:\n"
                    "    rows:\n"
                    "      - {id: media-in, from: any, source-port: 3478, to: self, transport: udp, unresolved: true}\n"
                    "      - {id: media-reply-in, from: any, to: self, port: 443, transport: tcp, unresolved: true}\n",
                    "override:\n  sbc/media-*in: {port: 20000-29999}\n", "sbc");

    cr_assert_eq(given_resolve(&given), 0);
    expect_ports(&given, "sbc/media-in", "3478", "20000-29999");
    cr_expect_not(given_rule(&given, "sbc/media-in")->row->unresolved);
    cr_expect_null(given_rule(&given, "sbc/media-reply-in"));
    given_end(&given);
}

Test(override, the_far_end_is_narrowed_at_either_end)
{
    struct given given = given_site_text("groups: {partners: [198.51.100.0/24, 203.0.113.7]}\n"
                                         "override:\n"
                                         "  edge/external/web-in: {from: partners}\n"
                                         "  edge/external/media-*-out: {to: 198.51.100.9}\n"
                                         "  edge/external/sip-in: {from: any}\n");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_str_eq(given_set(given_rule(&given, "edge/external/web-in")->source), "198.51.100.0/24,203.0.113.7");
    cr_expect_str_eq(given_set(given_rule(&given, "edge/external/media-udp-out")->destination), "198.51.100.9");
    cr_expect_str_eq(given_set(given_rule(&given, "edge/external/sip-in")->source), "any");
    given_end(&given);
}

Test(override, a_group_without_addresses_is_told_at_the_line_that_names_it)
{
    struct given given = given_site_text("override:\n  edge/external/web-in: {from: partners}\n");

    cr_assert_eq(given_resolve(&given), -EINVAL);
    cr_expect(given_told(&given, "the row edge/external/web-in needs the group 'partners'"));
    cr_expect_str_eq(given.diagnostics.items[0].file, "site.yaml");
    cr_expect_eq(given.diagnostics.items[0].line, 2);
    given_end(&given);
}

Test(override, a_closed_row_has_no_rule_and_is_said_to_be_closed)
{
    struct given given = given_site_text("override: {edge/external/web-in: {closed: true}}\n");
    struct lx_diagnostics diagnostics = {0};
    struct lx_selection selection;
    size_t closed = 0;

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_null(given_rule(&given, "edge/external/web-in"));
    cr_assert_eq(lx_select(&given.file, &given.site, &given.request, &selection, &diagnostics), 0);
    for (size_t i = 0; i < selection.pick_count; i++)
        closed += selection.picks[i].closed == LX_CLOSED_OVERRIDE;
    cr_expect_eq(closed, 1);
    lx_selection_free(&selection);
    given_end(&given);
}

Test(override, another_side_is_another_row)
{
    struct given given = given_site_text("override: {edge/external/media-*-in: {port: 1}}\n");

    given.request.side = LX_SIDE_INTERNAL;
    cr_assert_eq(given_resolve(&given), 0);
    expect_ports(&given, "edge/internal/media-udp-in", "any", "3478");
    given_end(&given);
}

Test(override, keys_of_several_patterns_are_put_together)
{
    struct given given = given_site_text("override:\n"
                                         "  edge/external/media-*: {except-port: 50001}\n"
                                         "  edge/external/*-udp-in: {from: 198.51.100.1}\n");
    const struct lx_rule *rule;

    cr_assert_eq(given_resolve(&given), 0);
    rule = given_rule(&given, "edge/external/media-udp-in");
    cr_expect_str_eq(rule->row->override, "site.yaml:2, site.yaml:3");
    cr_expect_str_eq(given_set(rule->source), "198.51.100.1");
    expect_ports(&given, "edge/external/media-udp-in", "any", "50000,50002-59999");
    given_end(&given);
}

Test(override, the_label_has_the_end_of_a_long_text)
{
    char text[200];
    struct lx_row row = {.id = (char *)"edge/x", .override = text};
    struct lx_row_label label;

    memset(text, 'a', sizeof(text));
    strcpy(text + sizeof(text) - sizeof("/site.yaml:12"), "/site.yaml:12");
    lx_row_label(&row, &label);
    cr_expect_eq(strlen(label.override), sizeof(label.override) - 1);
    cr_expect_eq(strncmp(label.override, "...aaa", 6), 0);
    cr_expect_not_null(strstr(label.override, "a/site.yaml:12"));
    row.override = (char *)"site.yaml:12";
    lx_row_label(&row, &label);
    cr_expect_str_eq(label.override, "site.yaml:12");
}

/* --- Mistakes ------------------------------------------------------------------------------------------------------
 */

static void expect_refused(const char *site, const struct lx_expected *expected, size_t count)
{
    struct given given = given_site_text(site);

    cr_assert_eq(given_resolve(&given), -EINVAL);
    lx_expect_mistakes(&given.diagnostics, expected, count);
    given_end(&given);
}

Test(override, every_mistake_of_the_text_is_found_in_one_run)
{
    static const struct lx_expected expected[] = {
        {4, 3, "'sip-mtls-in' is not the id of a row"},
        {5, 3, "a * outside the last part"},
        {6, 3, "a row of a site itself"},
        {7, 3, "is not the id of a row"},
        {8, 33, "unknown key 'ports' in an override; did you mean 'port'?"},
        {9, 47, "the range of ports is reversed"},
        {10, 40, "the far end of a row is never the role itself"},
        {10, 46, "unknown key 'permission' in an override"},
        {11, 33, "a list where a mapping is needed"},
        {12, 47, "'maybe' where a switch is needed"},
        {13, 36, "nothing where a mapping is needed"},
        {14, 3, "the key 'webconf-edge/external/psom-tls-in' is there already, on line 12"},
        {15, 10, "a mapping where text is needed"},
    };
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;
    FILE *stream = fopen("tests/unit/data/mistakes_override.yaml", "r");

    cr_assert_not_null(stream);
    cr_assert_eq(lx_site_file_read(stream, "mistakes_override.yaml", &site, &diagnostics), -EINVAL);
    fclose(stream);
    lx_expect_mistakes(&diagnostics, expected, COUNT_OF(expected));
    lx_diagnostics_free(&diagnostics);
}

Test(override, what_no_table_has_is_told_with_the_nearest)
{
    static const struct lx_expected expected[] = {
        {2, 3, "no table has a row 'edge/external/wep-in'; did you mean 'edge/external/web-in'?"},
        {3, 3, "no table has a row 'edge/external/nothing-like-it-*'; 'lyncxdp show ROLE' prints"},
    };

    expect_refused("override:\n  edge/external/wep-in: {port: 1}\n  edge/external/nothing-like-it-*: {port: 1}\n",
                   expected, COUNT_OF(expected));
}

Test(override, a_key_given_twice_for_a_row_names_both_lines)
{
    static const struct lx_expected expected[] = {
        {3, 34,
         "'port' of the row edge/external/media-udp-in is given twice: here, on line 3 by 'edge/external/*-udp-in', "
         "and on line 2 of site.yaml by 'edge/external/media-*-in'"},
    };

    expect_refused("override:\n  edge/external/media-*-in: {port: 1}\n  edge/external/*-udp-in: {port: 2}\n", expected,
                   COUNT_OF(expected));
}

Test(override, what_cannot_be_applied_is_told_once_with_a_row)
{
    static const struct lx_expected expected[] = {
        {2, 37, "'from' cannot be changed: the row edge/external/media-udp-out is sent by the role itself; write to:"},
        {3, 30, "'to' cannot be changed: the row edge/external/web-in is received by the role itself; write from:"},
        {4, 39,
         "'except-port' cannot be changed: the row edge/external/sip-in has no port left then; write closed: true"},
        {5, 32, "'port' cannot be changed: the row edge/external/odd-in opens nothing as it is printed"},
    };

    expect_refused("override:\n"
                   "  edge/external/media-udp-*: {from: 198.51.100.1}\n"
                   "  edge/external/web-in: {to: 198.51.100.1}\n"
                   "  edge/external/sip-in: {except-port: 5000-6000}\n"
                   "  edge/external/odd-in: {port: 7}\n",
                   expected, COUNT_OF(expected));
}

Test(override, too_many_ranges_are_a_mistake)
{
    static const struct lx_expected expected[] = {{2, 39, "has too many ranges of ports left then"}};

    expect_refused("override:\n  edge/external/web-in: {except-port: [2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32],\n"
                   "    port: 1-40}\n",
                   expected, COUNT_OF(expected));
}

/* --- What several sites share --------------------------------------------------------------------------------------
 */

static int load(const struct lx_given_file *files, struct given *given)
{
    struct lx_opener opener = {.open = lx_open_given, .context = (void *)files};
    FILE *stream = fmemopen((void *)files->text, strlen(files->text), "r");
    int error;

    *given = (struct given){0};
    given_policy(given, tables);
    given_role(given, "edge");
    given_setting(given, "pool", "192.0.2.1");
    error = lx_site_file_load(stream, files->name, &opener, &given->site, &given->diagnostics);
    fclose(stream);
    return error;
}

Test(override, the_sites_own_keys_and_rows_win_over_included_ones)
{
    static const struct lx_given_file files[] = {
        {"site.yaml", "include: [shared]\n"
                      "override: {edge/external/media-*-in: {port: 1000}, edge/external/web-in: {closed: false}}\n"
                      "rows: [{id: ssh, from: any, to: self, port: 22, transport: tcp}]\n"},
        {"shared", "site: for all\n"
                   "override:\n"
                   "  edge/external/media-*-in: {port: 2000, from: 198.51.100.1}\n"
                   "  edge/external/web-in: {closed: true}\n"
                   "rows:\n"
                   "  - {id: ssh, from: any, to: self, port: 2222, transport: tcp}\n"
                   "  - {id: ntp, from: self, to: any, port: 123, transport: udp}\n"},
        {0}};
    struct given given;

    cr_assert_eq(load(files, &given), 0);
    cr_assert_eq(given_resolve(&given), 0);
    expect_ports(&given, "edge/external/media-udp-in", "any", "1000");
    cr_expect_str_eq(given_set(given_rule(&given, "edge/external/media-udp-in")->source), "198.51.100.1");
    cr_expect_str_eq(given_rule(&given, "edge/external/media-udp-in")->row->override, "site.yaml:2, shared:3");
    cr_expect_not_null(given_rule(&given, "edge/external/web-in"));
    expect_ports(&given, "site/ssh", "any", "22");
    cr_expect_str_eq(given_rule(&given, "site/ntp")->row->source, "shared, line 7");
    given_end(&given);
}

Test(override, two_included_files_may_not_say_the_same)
{
    static const struct lx_given_file files[] = {{"site.yaml", "include: [one, two]\n"},
                                                 {"one", "override: {edge/external/web-in: {port: 1}}\n"},
                                                 {"two", "override:\n  edge/external/web-*: {port: 2}\n"},
                                                 {0}};
    static const struct lx_expected expected[] = {
        {2, 31,
         "given twice: here, on line 2 by 'edge/external/web-*', and on line 1 of one by 'edge/external/web-in'"}};
    struct given given;

    cr_assert_eq(load(files, &given), 0);
    cr_assert_eq(given_resolve(&given), -EINVAL);
    lx_expect_mistakes(&given.diagnostics, expected, COUNT_OF(expected));
    cr_expect_str_eq(given.diagnostics.items[0].file, "two");
    cr_expect_str_eq(given.diagnostics.items[0].excerpt, "  edge/external/web-*: {port: 2}");
    given_end(&given);
}

Test(override, what_cannot_be_included_is_told_in_the_file_where_it_is_wrong)
{
    static const struct {
        const char *site, *shared, *file;
        unsigned line, column;
        const char *words;
    } cases[] = {
        {"include: nowhere\n", "", "site.yaml", 1, 10, "'nowhere' cannot be read: there is no such file"},
        {"include: [shared, shared]\n", "rows: [{id: a, from: any, to: self, port: 1, transport: tcp}]\n", "site.yaml",
         1, 19, "'shared' is included already"},
        {"include: [shared]\n", "groups: {pool: 10.0.0.1}\n", "shared", 1, 1,
         "unknown key 'groups' in a file that sites include"},
        {"include: [shared]\n", "include: [shared]\n", "shared", 1, 1, "unknown key 'include'"},
        {"include: [shared]\n", "override: {edge/external/web-in: {prot: 1}}\n", "shared", 1, 35,
         "did you mean 'port'?"},
        {"include: [shared]\n", "override: [\n", "shared", 2, 1, ""},
        {"include: [shared, again]\n", "rows: [{id: a, from: any, to: self, port: 1, transport: tcp}]\n", "again", 1, 8,
         "the id site/a is there already, on line 1 of shared"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct lx_given_file files[] = {
            {"site.yaml", cases[i].site}, {"shared", cases[i].shared}, {"again", cases[i].shared}, {0}};
        const struct lx_diagnostic *told;
        struct given given;

        cr_assert_eq(load(files, &given), -EINVAL, "%s", cases[i].site);
        cr_assert_eq(given.diagnostics.count, 1, "%zu: %zu", i, given.diagnostics.count);
        told = &given.diagnostics.items[0];
        cr_expect(!strcmp(told->file, cases[i].file) && told->line == cases[i].line &&
                      told->column == cases[i].column && strstr(told->message, cases[i].words),
                  "%s:%u:%u: %s", told->file, told->line, told->column, told->message);
        cr_expect_not_null(told->excerpt);
        given_end(&given);
    }
}

/* --- What lint says, and the canonical form ------------------------------------------------------------------------
 */

static void expect_lint(const char *site, unsigned line, unsigned column, const char *words)
{
    struct given given = given_site_text(site);
    bool found = false;

    cr_assert_eq(lx_lint_site(&given.site, &given.file, &given.diagnostics), 0);
    for (size_t i = 0; i < given.diagnostics.count; i++) {
        const struct lx_diagnostic *told = &given.diagnostics.items[i];

        cr_expect_eq(told->severity, LX_WARNING);
        if (!told->line)
            continue; /* nobody has an address there */
        found = words && told->line == line && told->column == column && strstr(told->message, words);
        cr_expect(found, "%u:%u: %s", told->line, told->column, told->message);
    }
    cr_expect(found == (words != NULL), "%s", site);
    given_end(&given);
}

Test(override, lint_says_what_is_opened_beyond_the_printed_row)
{
    expect_lint(
        "override: {edge/external/media-*-in: {port: 49999-50010}}\n", 1, 45,
        "'port' opens more than is printed: the row edge/external/media-tcp-in has 50000-59999 in its table, and "
        "1 more");
    expect_lint("override: {edge/external/media-udp-out: {source-port: any}}\n", 1, 55, "'source-port' opens more");
    expect_lint("override: {edge/external/sip-in: {from: any}}\n", 1, 41,
                "'from' opens more than is printed: the row "
                "edge/external/sip-in has pool in its table");
    expect_lint("groups: {pool: 192.0.2.0/24, p: 198.51.100.1}\noverride: {edge/external/sip-in: {from: p}}\n", 2, 41,
                "'from' opens more");
    expect_lint("groups: {pool: 192.0.2.0/24, p: 192.0.2.7}\noverride: {edge/external/sip-in: {from: p}}\n", 0, 0,
                NULL);
    expect_lint("override: {edge/external/media-*-in: {port: 50001-50010}}\n", 0, 0, NULL);
    expect_lint("override: {edge/external/media-*-in: {port: 49999-50010, except-port: 49999}}\n", 0, 0, NULL);
    expect_lint("override: {edge/external/media-*-in: {except-port: 49999}}\n", 1, 52,
                "'except-port' takes nothing out");
    expect_lint("groups: {pool: 198.51.100.1}\noverride: {edge/external/web-in: {from: poll}}\n", 2, 41,
                "the site has no group 'poll'; did you mean 'pool'?");
    expect_lint("override: {edge/external/sip-in: {from: any, closed: true}}\n", 0, 0, NULL);
}

Test(override, the_canonical_form_has_the_sites_lines)
{
    struct given given = given_site_text("override:\n  edge/external/web-in: {port: 444}\n"
                                         "  edge/internal/media-udp-in: {closed: true}\n");
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(lx_policy_print(&given.file, &given.site.overrides, out), 0);
    fclose(out);
    cr_expect(strstr(text, "{id: web-in, from: any, to: self, port: 444, transport: tcp, source: \"file line 8\"} # "
                           "changed in site.yaml:2\n"),
              "%s", text);
    cr_expect(strstr(text,
                     "      # - {id: media-udp-in, from: any, to: self, port: 3478, transport: udp, source: \"file "
                     "line 12\"} # closed in site.yaml:3\n"),
              "%s", text);
    cr_expect_null(strstr(text, "internal:"));
    free(text);
    given_end(&given);
}
