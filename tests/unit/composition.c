/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies of several parts: files that include files, roles that are added to, sets of rows, words that are declared,
 * and rows that are there only under a condition.
 */
#include <criterion/criterion.h>

#include "given.h"
#include "including.h"
#include "mistakes.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const char base[] =
    "edition: base\n"
    "documents: {table: Table}\n"
    "sets:\n"
    "  common:\n"
    "    - {id: ping, from: any, to: self, port: 7, transport: tcp, source: table 1}\n"
    "    - {id: cms, from: cms, to: self, port: 445, transport: tcp, needs: cms, source: table 2}\n"
    "roles:\n"
    "  edge:\n"
    "    external:\n"
    "      - {id: web, from: any, to: self, port: 443, transport: tcp, source: table 3}\n"
    "  server:\n"
    "    includes: [common]\n"
    "    rows:\n"
    "      - {id: sip, from: any, to: self, port: 5061, transport: tcp, source: table 4}\n"
    "  whole: {includes: [server, edge]}\n";

static void given_files(struct given *given, const char *own)
{
    const struct lx_given_file files[] = {{"own.yaml", own}, {"base", base}, {NULL, NULL}};

    if (lx_read_given(files, &given->file, &given->diagnostics)) {
        given_print(&given->diagnostics);
        cr_assert_fail("no policy");
    }
}

/* The first of two files has these mistakes and no other. */
static void expect(const char *own, const struct lx_expected *expected, size_t count)
{
    const struct lx_given_file files[] = {{"own.yaml", own},
                                          {"base", base},
                                          {"broken", "edition: [x\n"},
                                          {"circle", "include: own.yaml\n"},
                                          {NULL, NULL}};
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_eq(lx_read_given(files, &file, &diagnostics), -EINVAL, "%s", own);
    lx_expect_mistakes(&diagnostics, expected, count);
    lx_diagnostics_free(&diagnostics);
}

#define EXPECT(own, ...)                                                                                               \
    expect(own, (const struct lx_expected[]){__VA_ARGS__}, COUNT_OF(((const struct lx_expected[]){__VA_ARGS__})))

/* The ids of a role's rows, in a buffer that the next call overwrites. */
static const char *ids(const struct lx_policy_file *file, const char *name)
{
    static char text[512];
    const struct lx_role *role = lx_policy_file_role(file, name);

    cr_assert_not_null(role, "%s", name);
    *text = '\0';
    for (size_t i = 0; i < role->row_count && strlen(text) + 100 < sizeof(text); i++) {
        strcat(text, i ? " " : "");
        strcat(text, role->rows[i].id);
    }
    return text;
}

Test(composition, every_mistake_of_every_file_is_reported_in_one_run)
{
    static const struct lx_expected expected[] = {
        {4, 1, "unknown key 'includes' in a policy file; did you mean"},
        {6, 12, "a list where a mapping is needed; write NAME:"},
        {9, 3, "'Two' cannot be the name of an option; write it with the"},
        {10, 9, "nothing where text is needed; write a line that says what"},
        {11, 3, "the option 'shared' stands for something else in"},
        {12, 9, "an option without the key 'for'; write for:"},
        {12, 10, "unknown key 'text' in an option; its keys are for, default"},
        {14, 3, "'common' is the name of a set already, in"},
        {16, 3, "'edge' is the name of a role already, in"},
        {18, 3, "'Upper' cannot be the name of a set; write it with the"},
        {19, 30, "neither 'from' nor 'to' is self; write self where the role"},
        {20, 9, "a mapping where a list is needed; write a list of rows, one"},
        {21, 11, "nothing where a list is needed; write a list of rows, one a"},
        {23, 85, "undeclared option 'oen'; did you mean 'one'?"},
        {24, 12, "the id shared-row is there already, on line 23; give this"},
        {24, 81, "undeclared workload 'data'; declare it under workloads,"},
        {26, 67, "unknown load balancing 'both'; write hardware or dns"},
        {27, 71, "'self' is no group that a site can set; write the name of"},
        {28, 72, "a list where text is needed; write a name"},
        {29, 78, "'7' where a switch is needed; write on or off"},
        {30, 65, "unknown key 'side' in a row; its keys are id, from,"},
        {32, 3, "'edge' is the name of a role already, in"},
        {34, 3, "'good' is the name of a set already, in"},
        {36, 19, "no included file has a role 'edgy' to extend; did you mean"},
        {37, 20, "'maybe' where a switch is needed; write on or off"},
        {37, 35, "unknown side 'outside'; write external or internal"},
        {38, 22, "unknown role 'godo'; only roles of this file and of those"},
        {38, 40, "the id twice/c1, which this brings, is there already, from"},
        {39, 33, "the id inner/web is there already, in"},
        {40, 22, "including 'inner' here goes round in a circle; take it out"},
        {40, 29, "'one two' cannot be the name of a role; write it with the"},
        {41, 12, "a role without rows; write rows:, or external: and"},
        {42, 21, "a mapping where text is needed; write [external, internal]"},
        {42, 49, "a mapping where text is needed; write a role or a set, or a"},
        {43, 64, "the id"},
        {44, 3, "'flat' is the name of a set already, in"},
        {2, 10, "'Included' cannot be the name of an edition; write it with"},
        {3, 13, "the document 'table' stands for something else in"},
        {7, 3, "the key 'doubled' is there already, on line 6; keep one of"},
        {13, 70, "unknown document 'tabel'; did you mean 'table'?"},
        {17, 78, "undeclared workload 'vioce'; did you mean 'voice'?"},
        {21, 46, "'0': port 0 cannot be used; ports are 1 to 65535"},
    };
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_eq(lx_read_shipped("tests/unit/data/mistakes_composed.yaml", &file, &diagnostics), -EINVAL);
    lx_expect_mistakes(&diagnostics, expected, COUNT_OF(expected));
    for (size_t i = 0; i < diagnostics.count; i++)
        cr_expect_str_eq(strrchr(diagnostics.items[i].file, '_') + 1, i < 36 ? "composed.yaml" : "included.yaml");
    lx_diagnostics_free(&diagnostics);
}

Test(composition, the_rows_of_a_set_become_the_role_s_own)
{
    struct given given = {0};
    const struct lx_role *server;

    given_policy(&given, base);
    server = lx_policy_file_role(&given.file, "server");
    cr_expect_str_eq(ids(&given.file, "server"), "server/sip server/ping server/cms");
    cr_expect_str_eq(server->rows[1].role, "server");
    cr_expect_eq(server->rows[1].place.line, 5, "a row stands where it is written");
    cr_expect_str_eq(server->rows[1].source, "Table, row 1");
    cr_expect_str_eq(server->rows[1].citation, "table 1");
    cr_expect_eq(server->include_count, 0, "a set is no role");
    cr_expect_eq(lx_policy_file_role(&given.file, "whole")->include_count, 2);
    cr_expect_null(lx_policy_file_role(&given.file, "common"));
    cr_expect_eq(given.file.role_count, 3);
    given_end(&given);
}

Test(composition, a_file_adds_to_what_it_includes)
{
    struct given given = {0};
    const struct lx_role *edge;

    given_files(&given, "edition: mine\n"
                        "include: [base, base]\n"
                        "roles:\n"
                        "  edge:\n"
                        "    extends: true\n"
                        "    includes: common\n"
                        "    internal: [{id: web, from: pool, to: self, port: 443, transport: tcp, source: table 9}]\n"
                        "    external: [{id: more, from: any, to: self, port: 444, transport: tcp}]\n"
                        "  own: {includes: [edge, common]}\n");
    edge = lx_policy_file_role(&given.file, "edge");
    cr_expect_str_eq(given.file.edition, "mine");
    cr_expect_str_eq(ids(&given.file, "edge"),
                     "edge/external/web edge/external/more edge/internal/web edge/ping edge/cms",
                     "rows of one side stand together");
    cr_expect_str_eq(edge->place.file, "base");
    cr_expect_str_eq(edge->rows[0].place.file, "base");
    cr_expect_str_eq(edge->rows[1].place.file, "own.yaml");
    cr_expect_str_eq(edge->rows[1].source, "own.yaml, line 8");
    cr_expect_null(edge->rows[1].citation);
    cr_expect_str_eq(edge->rows[2].source, "Table, row 9", "a document of the included file");
    cr_expect(lx_policy_file_role(&given.file, "whole")->internal, "a role of the included file has the new side too");
    cr_expect_str_eq(ids(&given.file, "own"), "own/ping own/cms");
    cr_expect_eq(given.file.files.count, 2);
    cr_expect_eq(given.file.groups.count, 2);
    given_end(&given);
}

/* Two editions that print the same table, each in a document of its own. */
Test(composition, an_included_row_cites_the_document_of_whoever_includes_it)
{
    static const struct lx_given_file files[] = {
        {"first", "edition: first\ninclude: [shared]\ndocuments: {table: The first}\n"},
        {"second", "edition: second\ninclude: [shared]\ndocuments: {table: The second, again: Elsewhere}\n"},
        {"shared", "roles: {edge: {rows: [{id: a, from: any, to: self, port: 1, transport: tcp, source: table 7}]}}\n"},
        {NULL, NULL}};
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_eq(lx_read_given(files, &file, &diagnostics), 0);
    cr_expect_str_eq(file.roles[0].rows[0].source, "The first, row 7");
    lx_policy_file_free(&file);
    cr_assert_eq(lx_read_given(files + 1, &file, &diagnostics), 0);
    cr_expect_str_eq(file.roles[0].rows[0].source, "The second, row 7");
    lx_policy_file_free(&file);
}

Test(composition, a_row_may_be_printed_in_several_places)
{
    struct given given = {0};
    const struct lx_row *row;

    given_policy(&given,
                 "edition: x\n"
                 "documents: {one: The one, other: The other}\n"
                 "roles:\n"
                 "  edge:\n"
                 "    rows:\n"
                 "      - {id: a, from: any, to: self, port: 1, transport: tcp, source: [one 1, other 2, one x]}\n");
    row = &given.file.roles[0].rows[0];
    cr_expect_str_eq(row->source, "The one, row 1");
    cr_expect_str_eq(row->citation, "one 1");
    cr_assert_eq(row->repeats.count, 2);
    cr_expect_str_eq(row->repeats.items[0], "other 2");
    cr_expect_str_eq(row->repeats.items[1], "one x");
    given_end(&given);
}

Test(composition, the_edition_may_come_from_an_included_file)
{
    struct given given = {0};

    given_files(&given, "include: base\n");
    cr_expect_str_eq(given.file.edition, "base");
    cr_expect_eq(given.file.role_count, 3);
    given_end(&given);
}

Test(composition, rows_without_a_side_belong_to_all_sides_of_a_role)
{
    struct given given = {0};

    given_policy(&given,
                 "edition: x\n"
                 "roles:\n"
                 "  gate: {sides: [external, internal], rows: [{id: a, from: any, to: self, port: 1, transport: "
                 "tcp}]}\n");
    given_role(&given, "gate");
    for (enum lx_side side = LX_SIDE_NONE; side <= LX_SIDE_INTERNAL; side++) {
        given.request.side = side;
        cr_assert_eq(given_resolve(&given), 0);
        cr_expect_eq(given.policy.side, side ? side : LX_SIDE_EXTERNAL);
        cr_expect_not_null(given_rule(&given, "gate/a"));
    }
    given_end(&given);
}

Test(composition, a_row_that_needs_a_group_is_there_where_it_is_set)
{
    struct given given = {0};

    given_policy(&given, base);
    given_role(&given, "server");
    cr_assert_eq(given_resolve(&given), 0, "its group needs no addresses");
    cr_expect_null(given_rule(&given, "server/cms"));
    given_setting(&given, "cms", "10.0.0.5");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_str_eq(given_set(given_rule(&given, "server/cms")->source), "10.0.0.5");
    given_forget_request(&given);
    given_role(&given, "server");
    given_site(&given, "groups: {cms: 10.0.0.6}\n");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_not_null(given_rule(&given, "server/cms"));
    given_end(&given);
}

Test(composition, load_balancing_picks_rows)
{
    struct given given = {0};

    given_policy(&given, "edition: x\n"
                         "roles:\n"
                         "  balancer:\n"
                         "    rows:\n"
                         "      - {id: both, from: any, to: self, port: 1, transport: tcp}\n"
                         "      - {id: hard, from: any, to: self, port: 2, transport: tcp, lb: hardware}\n"
                         "      - {id: soft, from: any, to: self, port: 3, transport: tcp, lb: dns}\n");
    given_role(&given, "balancer");
    for (enum lx_lb lb = LX_LB_ANY; lb <= LX_LB_DNS; lb++) {
        given.request.lb = lb;
        cr_assert_eq(given_resolve(&given), 0);
        cr_expect_eq(given.policy.rule_count, 2);
        cr_expect_not_null(given_rule(&given, "balancer/both"));
        cr_expect_not_null(given_rule(&given, lb == LX_LB_DNS ? "balancer/soft" : "balancer/hard"));
    }
    given_end(&given);
}

Test(composition, files_behind_each_other_are_searched_in_their_order)
{
    struct given given = {0}, behind = {0};

    given_policy(&behind, base);
    given_policy(&given, "edition: mine\n"
                         "roles:\n"
                         "  edge: {rows: [{id: own, from: any, to: self, port: 1, transport: tcp, options: o}]}\n");
    given.file.next = &behind.file;
    given_role(&given, "whole");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_not_null(given_rule(&given, "edge/external/web"), "a role includes the roles of its own file");
    cr_expect_null(given_rule(&given, "edge/own"));
    cr_expect_str_eq(given.policy.edition, "base");
    given_forget_request(&given);
    given_role(&given, "edge");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_not_null(given_rule(&given, "edge/own"));
    cr_expect_str_eq(given.policy.edition, "mine");
    given_role(&given, "sever");
    cr_expect_eq(given_resolve(&given), -ENOENT);
    cr_expect(given_told(&given, "none of mine, base has a role 'sever'; did you mean 'server'?"));
    given.file.next = NULL;
    given_end(&given);
    given_end(&behind);
}

Test(composition, a_declared_word_may_be_asked_for_even_if_no_row_has_it)
{
    struct given given = {0};

    given_files(&given, "include: base\noptions: {later: L}\nworkloads: {soon: S}\n");
    given_role(&given, "server");
    given_words(&given.request.without, "later");
    given_words(&given.request.workloads, "soon");
    cr_expect_eq(given_resolve(&given), 0);
    given_end(&given);
}

Test(composition, what_cannot_be_included_is_told_once)
{
    EXPECT("edition: x\ninclude: nowhere\nroles:\n  a: {includes: [not-known], extends: true}\n",
           {2, 10, "'nowhere' cannot be included: there is no such file"});
    EXPECT("edition: x\ninclude: [base, own.yaml]\n", {2, 17, "including 'own.yaml' here goes round in a circle"});
    EXPECT("edition: x\ninclude: circle\n", {1, 10, "including 'own.yaml' here goes round in a circle"});
    EXPECT("edition: x\ninclude: broken\nroles:\n  a: {includes: [unknown]}\n",
           {2, 1, "not YAML: did not find expected ',' or ']'"});
    EXPECT("edition: x\ninclude: []\n", {2, 10, "nothing where a list is needed; write an edition's name"});
    EXPECT("edition: x\ninclude: {base: x}\n", {2, 10, "a mapping where text is needed; write an edition's name"});
    EXPECT("sets: {a: [{id: b, from: any, to: self, port: 1, transport: tcp}]}\n",
           {1, 1, "a policy file without the key 'edition'; write edition"},
           {1, 1, "a policy file without the key 'roles'; write roles"});
}

Test(composition, words_of_an_included_file_have_to_be_declared_with_the_others)
{
    const struct lx_given_file files[] = {{"own.yaml", "include: words\noptions: {new: New}\nworkloads: {w: W}\n"},
                                          {"words", "edition: x\n"
                                                    "roles: {a: {rows: [{id: b, from: any, to: self, port: 1, "
                                                    "transport: tcp, options: [old, new, old]}]}}\n"},
                                          {NULL, NULL}};
    static const struct lx_expected expected[] = {{2, 10, "rows of an included file have the option 'old'"}};
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_eq(lx_read_given(files, &file, &diagnostics), -EINVAL);
    lx_expect_mistakes(&diagnostics, expected, COUNT_OF(expected));
    lx_diagnostics_free(&diagnostics);
}

/* Every file is another one here. */
static int open_forever(const struct lx_opener *opener, enum lx_opened_as as, const char *from, const char *what,
                        struct lx_opened *opened, char problem[256])
{
    (void)as;
    (void)from;
    (void)problem;
    *opened =
        (struct lx_opened){.stream = fmemopen(opener->context, strlen(opener->context), "r"), .name = strdup(what)};
    return 0;
}

static void expect_an_end(const char *text, const char *words)
{
    struct lx_opener opener = {.open = open_forever, .context = (void *)text};
    struct lx_opened top = {.stream = fmemopen((void *)text, strlen(text), "r"), .name = (char *)"x"};
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;
    bool told = false;

    cr_expect_eq(lx_policy_file_load(&top, &opener, &file, &diagnostics), -EINVAL);
    for (size_t i = 0; i < diagnostics.count; i++)
        told = told || strstr(diagnostics.items[i].message, words);
    cr_expect(told, "%s", words);
    fclose(top.stream);
    lx_diagnostics_free(&diagnostics);
}

Test(composition, includes_have_an_end)
{
    expect_an_end("edition: x\ninclude: again\n", "more than 8 deep");
    expect_an_end("edition: x\ninclude: [again, again, again]\n", "more than 64 files");
}

Test(composition, nothing_is_included_where_there_is_no_one_to_open_it)
{
    static const char text[] = "edition: x\ninclude: base\n";
    FILE *stream = fmemopen((void *)text, strlen(text), "r");
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_expect_eq(lx_policy_file_read(stream, "x", &file, &diagnostics), -EINVAL);
    lx_expect_mistakes(&diagnostics, &(struct lx_expected){2, 10, "nowhere to look"}, 1);
    fclose(stream);
    lx_diagnostics_free(&diagnostics);
}

Test(composition, sets_fill_no_more_than_a_policy_may_hold)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct lx_given_file files[] = {{"own.yaml", NULL}, {NULL, NULL}};
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    fputs("edition: x\nsets:\n  all:\n", out);
    for (int i = 0; i < 1000; i++)
        fprintf(out, "    - {id: r%d, from: any, to: self, port: 1, transport: tcp}\n", i);
    fputs("roles:\n", out);
    for (int i = 0; i < 1000; i++)
        fprintf(out, "  role-%d: {includes: all}\n", i);
    fclose(out);
    files[0].text = text;
    cr_assert_eq(lx_read_given(files, &file, &diagnostics), -EINVAL);
    cr_assert_eq(diagnostics.count, 1);
    cr_expect(strstr(diagnostics.items[0].message, "more than 65536 rows"));
    cr_expect_eq(diagnostics.items[0].line, 3 + 1000 + 1 + 65, "where one role too many brings them");
    lx_diagnostics_free(&diagnostics);
    free(text);
}
