/* SPDX-License-Identifier: GPL-2.0-only */
/* What lint warns of and, as much, what it lets stand: what the documents print, and rows that differ in what counts.
 */
#include <criterion/criterion.h>
#include <glob.h>

#include "given.h"
#include "including.h"
#include "user/core/policy/lint.h"

/* Lints a policy of one role with these rows, one a line from line 6 on. */
static struct given lint_rows(const char *sides, const char *rows)
{
    struct given given = {0};
    char *text;

    cr_assert_geq(asprintf(&text,
                           "edition: test\ndocuments: {t: Table}\nroles:\n  inner: {rows: [{id: base, from: any, to: "
                           "self, port: 8000-8999, transport: tcp}]}\n  role: {%s includes: [inner], rows: [\n%s]}\n",
                           sides, rows),
                  0);
    given_policy(&given, text);
    cr_assert_eq(lx_lint_policy(&given.file, &given.diagnostics), 0);
    cr_expect_eq(given.diagnostics.errors, 0, "lint only warns");
    free(text);
    return given;
}

/* One diagnostic at that line, with those words; line 0: none. */
static void expect_as(struct given *given, enum lx_severity severity, unsigned line, const char *words)
{
    if (given->diagnostics.count != !!line)
        given_print(&given->diagnostics);
    cr_assert_eq(given->diagnostics.count, !!line, "%zu diagnostics where %d is right", given->diagnostics.count,
                 !!line);
    if (line) {
        cr_expect_eq(given->diagnostics.items[0].line, line);
        cr_expect_eq(given->diagnostics.items[0].severity, severity);
        cr_expect(strstr(given->diagnostics.items[0].message, words), "%s", given->diagnostics.items[0].message);
    }
    given_end(given);
}

static void expect(struct given *given, unsigned line, const char *words)
{
    expect_as(given, LX_WARNING, line, words);
}

static void expect_rows(const char *rows, unsigned line, const char *words)
{
    struct given given = lint_rows("", rows);

    expect(&given, line, words);
}

/* A site that gives a role an address, unless it is about that. */
static void expect_of_site(const char *text, enum lx_severity severity, unsigned line, const char *words)
{
    struct given given = {0};
    char site[1024];

    given_policy(&given,
                 "edition: test\n"
                 "options: {declared: for later, fed: partners}\n"
                 "roles:\n"
                 "  edge:\n"
                 "    external:\n"
                 "      - {id: a, from: next-hop, to: self, port: 1, transport: tcp, options: fed}\n"
                 "      - {id: b, from: any, to: self, port: 2, transport: tcp, needs: cms, options: declared}\n"
                 "  server: {rows: [{id: c, from: any, to: self, port: 3, transport: tcp}]}\n");
    snprintf(site, sizeof(site), "%s%s", text, strstr(text, "self:\n") ? "" : "self: {server: 10.0.0.1}\n");
    given_site(&given, site);
    cr_assert_eq(lx_lint_site(&given.site, &given.file, &given.diagnostics), 0);
    expect_as(&given, severity, line, words);
}

static void expect_site(const char *site, unsigned line, const char *words)
{
    expect_of_site(site, LX_WARNING, line, words);
}

static void expect_unknown(const char *site, unsigned line, const char *words)
{
    expect_of_site(site, LX_ERROR, line, words);
}

Test(lint, a_row_that_an_earlier_one_covers)
{
    const char *covered = "role/b opens nothing that role/a, on line 6, does not";

    expect_rows("{id: a, from: any, to: self, port: 10-20, transport: tcp},\n"
                "{id: b, from: pool, to: self, port: [10, 12-14], source-port: 5, transport: tcp, options: x}",
                7, covered);
    expect_rows(
        "{id: a, from: [10.0.0.0/8, \"::/0\"], to: self, port: [10-12, 13-20], transport: tcp/udp, source: t 1},\n"
        "{id: b, from: [10.1.0.0/16, \"2001:db8::1\"], to: self, port: 11-14, transport: udp}",
        7, covered);
    expect_rows("{id: a, from: self, to: any, port: any, transport: tcp, options: [x, y], workloads: w, needs: g},\n"
                "{id: b, from: self, to: g, port: 1, transport: tcp, options: y, workloads: [w], needs: g, lb: dns}",
                7, covered);
}

Test(lint, a_row_that_the_role_takes_over_anyway)
{
    expect_rows("{id: a, from: any, to: self, port: 8080, transport: tcp}", 6,
                "role/a opens nothing that inner/base, on line 4, does not");
}

Test(lint, rows_that_open_something_new_stand)
{
    const char *wide = "{id: a, from: g, to: self, port: 10-20, source-port: 7, transport: tcp, options: x, "
                       "workloads: w, needs: g, lb: dns},\n";
    static const char *const others[] = {
        "from: any, to: self, port: 10, source-port: 7, transport: tcp, options: x, workloads: w, needs: g, lb: dns",
        "from: h, to: self, port: 10, source-port: 7, transport: tcp, options: x, workloads: w, needs: g, lb: dns",
        "from: self, to: g, port: 10, source-port: 7, transport: tcp, options: x, workloads: w, needs: g, lb: dns",
        "from: g, to: self, port: 21, source-port: 7, transport: tcp, options: x, workloads: w, needs: g, lb: dns, "
        "note: n",
        "from: g, to: self, port: 10, source-port: 8, transport: tcp, options: x, workloads: w, needs: g, lb: dns",
        "from: g, to: self, port: 10, transport: tcp, options: x, workloads: w, needs: g, lb: dns",
        "from: g, to: self, port: 10, source-port: 7, transport: udp, options: x, workloads: w, needs: g, lb: dns",
        "from: g, to: self, port: 10, source-port: 7, transport: tcp, workloads: w, needs: g, lb: dns",
        "from: g, to: self, port: 10, source-port: 7, transport: tcp, options: [x, y], workloads: w, needs: g, lb: dns",
        "from: g, to: self, port: 10, source-port: 7, transport: tcp, options: x, workloads: [v], needs: g, lb: dns",
        "from: g, to: self, port: 10, source-port: 7, transport: tcp, options: x, workloads: w, lb: dns",
        "from: g, to: self, port: 10, source-port: 7, transport: tcp, options: x, workloads: w, needs: h, lb: dns",
        "from: g, to: self, port: 10, source-port: 7, transport: tcp, options: x, workloads: w, needs: g, lb: hardware",
        "from: g, to: self, port: 10, source-port: 7, transport: tcp, unresolved: true, options: x, workloads: w, "
        "needs: g, lb: dns",
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        char *rows;

        cr_assert_geq(asprintf(&rows, "%s{id: b, %s}", wide, others[i]), 0);
        expect_rows(rows, 0, "");
        free(rows);
    }
    expect_rows("{id: a, from: any, to: self, port: 10, transport: tcp},\n"
                "{id: b, from: any, to: self, port: 9-11, transport: tcp}",
                0, ""); /* an earlier narrow row has a counter of its own */
}

Test(lint, lines_of_a_document_stand_as_they_are_printed)
{
    const char *first = "{id: a, from: any, to: self, port: 10-20, transport: tcp, application: A, source: t 1},\n";
    static const struct {
        const char *row;
        unsigned line;
    } others[] = {
        {"application: B, source: t 2", 0},      {"application: A, note: for phones, source: t 2", 0},
        {"application: A, source: t 2", 7}, /* nothing tells it from the first */
        {"application: B, source: t 1", 7},      {"application: B", 7},
        {"application: B, source: t line 3", 7}, /* how the canonical form writes a row without a source */
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        char *rows;

        cr_assert_geq(
            asprintf(&rows, "%s{id: b, from: any, to: self, port: 12, transport: tcp, %s}", first, others[i].row), 0);
        expect_rows(rows, others[i].line, "opens nothing");
        free(rows);
    }
}

Test(lint, ranges_that_could_be_one)
{
    expect_rows("{id: a, from: any, to: self, port: 10-20, transport: tcp},\n"
                "{id: b, from: any, to: self, port: [5, 21-30], transport: tcp}",
                7, "the rows role/a, on line 6, and role/b differ in ports alone; they could be one row, with 10-30");
    expect_rows("{id: a, from: any, to: self, port: [443, 80, 444-450], transport: tcp}", 6,
                "the ports of role/a could be one range, 443-450");
    expect_rows("{id: a, from: any, to: self, port: 10-20, transport: tcp},\n"
                "{id: b, from: any, to: self, port: 22-30, transport: tcp}",
                0, "");
    expect_rows("{id: a, from: any, to: self, port: 10-20, transport: tcp, application: A},\n"
                "{id: b, from: any, to: self, port: 21-30, transport: tcp, application: B}",
                0, "");
    expect_rows("{id: a, from: any, to: self, port: [10, 11], transport: tcp, source: t 1},\n"
                "{id: b, from: any, to: self, port: 12, transport: tcp, source: t 2}",
                0, ""); /* printed apart */
}

Test(lint, the_perimeter_is_not_opened_wide)
{
    static const char *const rows[] = {"port: 1024-65535", "port: any", "port: [1-2000, 2001-65535]"};

    for (size_t i = 0; i < 3; i++) {
        struct given given = {0};
        char *row;

        cr_assert_geq(asprintf(&row, "{id: a, from: any, to: self, %s, transport: udp, source: t 1}", rows[i]), 0);
        given = lint_rows("sides: [external],", row);
        expect(&given, 6, "role/a opens ports 1024-65535 on the external side of role");
        given = lint_rows("", row);
        expect(&given, 0, "");
        free(row);
    }
    expect_rows("{id: a, from: self, to: any, port: any, transport: udp}", 0, "");
}

Test(lint, words_that_are_declared_and_not_used)
{
    struct given given = {0};

    given_policy(&given, "edition: test\n"
                         "options:\n"
                         "  used: U\n"
                         "  spare: S\n"
                         "workloads: {used: U}\n"
                         "roles: {a: {rows: [{id: b, from: any, to: self, port: 1, transport: tcp, options: used, "
                         "workloads: used}]}}\n");
    cr_assert_eq(lx_lint_policy(&given.file, &given.diagnostics), 0);
    expect(&given, 4, "no row has the option 'spare', declared here");
}

Test(lint, names_of_a_site_that_no_policy_knows)
{
    expect_site("groups:\n  poool: 10.0.0.1\n", 2, "no row names the group 'poool'");
    expect_site("groups:\n  next-hp: 10.0.0.1\n", 2, "did you mean 'next-hop'?");
    expect_site("groups: {pool: 10.0.0.1, cms: 10.0.0.2}\n", 0, "");
    expect_site("groups: {own: 10.0.0.1}\nrows: [{id: r, from: own, to: self, port: 9, transport: tcp}]\n", 0, "");
    expect_unknown("options:\n  fde: off\n", 2, "no row has the option 'fde'; did you mean 'fed'?");
    expect_unknown("options:\n  nothing: on\n", 2, "no row has the option 'nothing'");
    expect_site("options: {fed: off, declared: on}\n", 0, "");
    expect_unknown("self:\n  server: 10.0.0.1\n  edg: {external: 10.0.0.2, internal: 10.0.0.3}\n", 3,
                   "there is no role 'edg'; did you mean 'edge'?");
    expect_unknown("rows:\n  - {id: r, from: any, to: self, port: 9, transport: tcp, role: severr}\n", 2,
                   "there is no role 'severr'; did you mean 'server'?");
}

Test(lint, what_a_site_opens_wide)
{
    expect_site("groups:\n  pool: [10.0.0.1, 0.0.0.0/0]\n", 2, "the group 'pool' holds every IPv4 address");
    expect_site("groups:\n  pool: \"::/0\"\n", 2, "the group 'pool' holds every IPv6 address");
    expect_site("rows:\n  - {id: r, from: any, to: self, port: 1024-65535, transport: tcp}\n", 2,
                "site/r opens ports 1024-65535 on the external side of every role that has one");
    expect_site("rows:\n  - {id: r, from: any, to: self, port: any, transport: tcp, role: edge}\n", 2,
                "on the external side of edge");
    expect_site("rows: [{id: r, from: any, to: self, port: any, transport: tcp, side: internal}]\n", 0, "");
    expect_site("rows: [{id: r, from: any, to: self, port: any, transport: tcp, role: server}]\n", 0, "");
    expect_site("rows: [{id: r, from: self, to: any, port: any, transport: tcp}]\n", 0, "");
}

Test(lint, rows_of_a_site)
{
    expect_site("rows:\n  - {id: a, from: any, to: self, port: 22, transport: tcp}\n"
                "  - {id: b, from: 10.0.0.0/8, to: self, port: 22, transport: tcp, role: edge, side: external}\n",
                3, "site/b opens nothing that site/a, on line 2, does not");
    expect_site("rows:\n  - {id: a, from: any, to: self, port: 22, transport: tcp, role: edge}\n"
                "  - {id: b, from: any, to: self, port: 22, transport: tcp}\n"
                "  - {id: c, from: any, to: self, port: 22, transport: tcp, self: 10.0.0.9}\n",
                0, "");
}

Test(lint, what_a_host_lives_by_is_switched_off)
{
    expect_site("built-in:\n  arp: off\n", 2, "arp is off: a host is cut off from IPv4");
    expect_site("built-in: {arp: on,\n  neighbour-discovery: off}\n", 2, "cut off from IPv6");
    expect_site("built-in: {dhcp: off,\n  router-advertisement: off}\n", 2, "loses the IPv6 gateway");
    expect_site("built-in: {mld: off, dhcp: off, icmp-error: off, echo: off}\n", 0, "");
}

Test(lint, a_site_that_gives_no_role_an_address)
{
    struct given given = {0};

    given_policy(&given,
                 "edition: test\nroles: {server: {rows: [{id: c, from: any, to: self, port: 3, transport: tcp}]}}\n");
    given_site(&given, "site: test\n");
    cr_assert_eq(lx_lint_site(&given.site, &given.file, &given.diagnostics), 0);
    cr_assert_eq(given.diagnostics.count, 1);
    cr_expect(given_told(&given, "no role has an address here"));
    given_end(&given);
}

/* Nothing that is shipped has a warning, each edition by itself and the sample site against all of them.
 * (hardening.yaml is no policy: sites include it.)
 */
Test(lint, is_quiet_about_what_is_shipped)
{
    struct lx_policy_file files[16] = {{0}};
    struct given given = {0};
    glob_t paths;

    cr_assert_eq(glob("policies/[!h]*.yaml", 0, NULL, &paths), 0);
    cr_assert_leq(paths.gl_pathc, 16);
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        cr_assert_eq(lx_read_shipped(paths.gl_pathv[i], &files[i], &given.diagnostics), 0);
        cr_assert_eq(lx_lint_policy(&files[i], &given.diagnostics), 0);
    }
    for (size_t i = 1; i < paths.gl_pathc; i++)
        files[i - 1].next = &files[i];
    given_site_stream(&given, fopen("policies/sites/contoso.yaml", "r"), "policies/sites/contoso.yaml");
    cr_assert_eq(lx_lint_site(&given.site, files, &given.diagnostics), 0);
    given_print(&given.diagnostics);
    cr_expect_eq(given.diagnostics.count, 0);
    for (size_t i = 0; i < paths.gl_pathc; i++)
        lx_policy_file_free(&files[i]);
    globfree(&paths);
    given_end(&given);
}
