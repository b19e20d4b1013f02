/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations: what the syntax means, how defaults and interfaces come together, and that every mistake is found. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mistakes.h"
#include "user/core/policy/declaration.h"
#include "user/core/text/path.h"

#define DATA "tests/unit/data/"
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static int read_file(const char *path, struct lx_declaration *declaration, struct lx_diagnostics *diagnostics)
{
    FILE *stream = fopen(path, "r");
    int error;

    cr_assert_not_null(stream, "%s", path);
    error = lx_declaration_read(stream, path, declaration, diagnostics);
    fclose(stream);
    return error;
}

static int read_text(const char *text, struct lx_declaration *declaration, struct lx_diagnostics *diagnostics)
{
    FILE *stream = fmemopen((void *)text, strlen(text), "r");
    int error;

    cr_assert_not_null(stream);
    error = lx_declaration_read(stream, "/etc/lyncxdp/given.yaml", declaration, diagnostics);
    fclose(stream);
    return error;
}

/* A sound declaration. */
static struct lx_declaration given(const char *text)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration = {0};

    cr_assert_eq(read_text(text, &declaration, &diagnostics), 0, "%s",
                 diagnostics.count ? diagnostics.items[0].message : "unreadable");
    cr_expect_eq(diagnostics.count, 0);
    lx_diagnostics_free(&diagnostics);
    return declaration;
}

/* The words of an interface are those, separated by single blanks. */
static void expect_words(const struct lx_declared *declared, const char *expected)
{
    struct lx_words words = {0};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(lx_declared_words(declared, &words), 0);
    for (size_t i = 0; i < words.count; i++)
        fprintf(out, "%s%s", i ? " " : "", words.items[i]);
    fclose(out);
    cr_expect_str_eq(text, expected);
    free(text);
    lx_words_free(&words);
}

/* One mistake, whose sentence has these words. */
static void expect_mistake(const char *text, const char *words)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration = {.count = 4711};

    cr_assert_eq(read_text(text, &declaration, &diagnostics), -EINVAL, "%s", text);
    cr_assert_eq(diagnostics.count, 1, "%zu mistakes in: %s", diagnostics.count, text);
    cr_expect(strstr(diagnostics.items[0].message, words), "%s", diagnostics.items[0].message);
    cr_expect_eq(declaration.count, 4711, "the output was touched");
    lx_diagnostics_free(&diagnostics);
}

Test(declaration, every_key_means_what_the_golden_file_says)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration = {0};
    const struct lx_declared *one;

    cr_assert_eq(read_file(DATA "good_declaration.yaml", &declaration, &diagnostics), 0, "%s",
                 diagnostics.count ? diagnostics.items[0].message : "unreadable");
    cr_assert_eq(declaration.count, 4);
    one = &declaration.items[0];
    cr_expect_str_eq(one->interface, "eth0");
    cr_expect_eq(one->place.line, 9);
    cr_expect_eq(one->place.column, 3);
    cr_expect_eq(one->roles.count, 2);
    cr_expect_eq(one->side, LX_SIDE_EXTERNAL);
    cr_expect(one->audit && one->egress_said);
    cr_expect_eq(one->egress, LX_EGRESS_TRACK);
    cr_expect_eq(one->mode, LX_MODE_NATIVE);
    cr_expect_eq(one->setting_count, 2);
    expect_words(one, "--role access-edge --role av-edge --edition lync2010 --side external "
                      "--site " DATA "sites/contoso.yaml --set pool=192.0.2.10 --set admins=198.51.100.0/24 "
                      "--without federation-ocs2007 --open unprinted --workload im-presence --workload av-conferencing "
                      "--egress track --audit --mode native --flows 1024");
    one = &declaration.items[1];
    cr_expect_str_eq(one->interface, "eth0.100");
    cr_expect_eq(one->without.count, 0, "an empty list takes back what the defaults say");
    expect_words(one, "--role access-edge --side internal --site /etc/other.yaml --set pool=192.0.2.11,2001:db8::/64 "
                      "--set admins=198.51.100.0/24 --set self=192.0.2.1 --lb dns --policy " DATA "own.yaml "
                      "--policy " DATA "../more.yaml --egress off --flows 65536");
    one = &declaration.items[2];
    cr_expect_str_eq(one->pair, "lan");
    cr_expect(one->forward && !one->audit);
    expect_words(one, "--role reverse-proxy --site " DATA "sites/contoso.yaml --set pool=192.0.2.10 "
                      "--set admins=198.51.100.0/24 --without federation-ocs2007 --egress enforce --pair lan "
                      "--forward --flows 1024");
    one = &declaration.items[3];
    cr_expect(one->closed && !declaration.items[0].closed);
    cr_assert_eq(one->management_count, 2);
    cr_expect_str_eq(one->management[0].id, "management/ssh");
    cr_expect_eq(lx_row_hook(&one->management[0]), LX_HOOK_TO_ROLE);
    cr_expect_str_eq(one->management[1].id, "management/log");
    cr_expect_eq(lx_row_hook(&one->management[1]), LX_HOOK_FROM_ROLE);
    lx_declaration_free(&declaration);
}

Test(declaration, all_interfaces_may_fail_closed_and_each_by_its_own_rows)
{
    struct lx_declaration declaration = given(
        "defaults: {role: r, on-failure: closed, management: [{id: a, from: any, to: self, port: 1, transport: tcp}]}\n"
        "interfaces: {eth0: {lb: dns}, eth1: {management: [{id: b, from: any, to: self, port: 2, transport: udp}]},\n"
        "  eth2: {management: []}, eth3: {on-failure: open}}\n");

    cr_assert_eq(declaration.items[0].management_count, 1);
    cr_expect_str_eq(declaration.items[0].management[0].id, "management/a");
    cr_assert_eq(declaration.items[1].management_count, 1);
    cr_expect_str_eq(declaration.items[1].management[0].id, "management/b");
    cr_expect(declaration.items[2].closed && !declaration.items[2].management_count);
    cr_expect(!declaration.items[3].closed);
    lx_declaration_free(&declaration);
}

Test(declaration, what_was_not_said_is_left_to_attach)
{
    struct lx_declaration declaration = given("interfaces: {eth0: {role: av-edge}}\n");
    const struct lx_declared *one = &declaration.items[0];

    cr_assert_eq(declaration.count, 1);
    cr_expect(!one->egress_said && !one->audit && !one->forward && !one->mode && !one->flows);
    cr_expect(!one->edition && !one->site && !one->pair && !one->setting_count);
    cr_expect(one->side == LX_SIDE_NONE && one->lb == LX_LB_ANY);
    expect_words(one, "--role av-edge");
    lx_declaration_free(&declaration);
}

Test(declaration, no_interface_is_a_declaration_too)
{
    struct lx_declaration declaration = given("defaults: {role: av-edge}\ninterfaces: {}\n");

    cr_expect_eq(declaration.count, 0);
    lx_declaration_free(&declaration);
    expect_mistake("interfaces:\n", "nothing where a mapping is needed");
    expect_mistake("defaults: {role: av-edge}\n", "without the key 'interfaces'; write interfaces:");
}

Test(declaration, a_role_may_be_said_once_for_all)
{
    struct lx_declaration declaration =
        given("interfaces: {eth0: {side: internal}, eth1: {role: director}}\ndefaults: {role: front-end}\n");

    expect_words(&declaration.items[0], "--role front-end --side internal");
    expect_words(&declaration.items[1], "--role director");
    lx_declaration_free(&declaration);
    expect_mistake("interfaces: {eth0: {side: internal}}\n", "without the key 'role'");
}

Test(declaration, a_mistake_of_the_defaults_is_told_once)
{
    expect_mistake("defaults: {role: AV, egress: track}\ninterfaces: {eth0: {lb: dns}, eth1: {lb: dns}}\n",
                   "cannot be the name of a role");
}

Test(declaration, paths_are_relative_to_the_file)
{
    struct lx_declaration declaration =
        given("interfaces: {eth0: {role: av-edge, site: a.yaml, policy: [sub/b.yaml, /c.yaml]}}\n");

    cr_expect_str_eq(declaration.items[0].site, "/etc/lyncxdp/a.yaml");
    cr_expect_str_eq(declaration.items[0].policies.items[0], "/etc/lyncxdp/sub/b.yaml");
    cr_expect_str_eq(declaration.items[0].policies.items[1], "/c.yaml");
    lx_declaration_free(&declaration);
}

Test(declaration, a_path_beside_a_file)
{
    static const char *const cases[][3] = {
        {"a.yaml", "b.yaml", "b.yaml"},     {"d/a.yaml", "b.yaml", "d/b.yaml"},       {"/a.yaml", "b.yaml", "/b.yaml"},
        {"d/a.yaml", "/b.yaml", "/b.yaml"}, {"../a.yaml", "c/b.yaml", "../c/b.yaml"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *path = lx_path_beside(cases[i][0], cases[i][1]);

        cr_expect_str_eq(path, cases[i][2]);
        free(path);
    }
}

Test(declaration, an_interface_is_in_one_place_only)
{
    expect_mistake("interfaces: {a: {role: r, pair: b}, b: {role: r}}\n", "its pair b is declared on line 1 already");
    expect_mistake("interfaces: {b: {role: r}, a: {role: r, pair: b}}\n", "its pair b is declared on line 1 already");
    expect_mistake("interfaces: {a: {role: r, pair: c}, b: {role: r, pair: c}}\n", "as the pair of another");
    expect_mistake("interfaces: {a: {role: r, with: b}, b: {role: r}}\n",
                   "b, which is to be filtered with it, is declared on line 1 already");
    expect_mistake("interfaces: {a: {role: r, with: [c, d]}, b: {role: r, with: [e, d]}}\n",
                   "d, which is to be filtered with it, is declared on line 1 already");
    expect_mistake("interfaces: {a: {role: r, pair: b, with: 'c:d'}, e: {role: r, pair: d}}\n",
                   "is declared on line 1");
    expect_mistake("interfaces: {a: {role: r, with: [b, b]}}\n", "'b' is named twice");
    expect_mistake("interfaces: {a: {role: r, with: a}}\n", "'a' is named twice");
}

Test(declaration, what_is_filtered_together_is_a_list_of_interfaces_or_of_pairs)
{
    struct lx_declaration declaration =
        given("interfaces: {a: {role: r, with: [b, c]}, d: {role: r, pair: e, with: 'f:g', forward: on}}\n");

    cr_assert_eq(declaration.count, 2);
    expect_words(&declaration.items[0], "--role r --with b --with c");
    expect_words(&declaration.items[1], "--role r --pair e --with f:g --forward");
    lx_declaration_free(&declaration);
    expect_mistake("interfaces: {a: {role: r, with: 'b:c'}}\n", "'b:c' cannot be an interface");
    expect_mistake("interfaces: {a: {role: r, pair: b, with: c}}\n", "'c' cannot be filtered with a pair");
    expect_mistake("interfaces: {a: {role: r, pair: b, with: 'c:'}}\n", "'c:' cannot be filtered with a pair");
    expect_mistake("interfaces: {a: {role: r, with: {b: c}}}\n", "the name of an interface, or a list");
    expect_mistake("interfaces: {a: {role: r, with: [b, c, d, e, f, g, h, i]}}\n", "no more than 8 interfaces");
}

Test(declaration, there_are_limits)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fputs("interfaces:\n", out);
    for (int i = 0; i <= LX_MOST_DECLARED; i++)
        fprintf(out, "  eth%d: {role: r}\n", i);
    fputs("defaults: {set: {", out);
    for (int i = 0; i <= LX_MOST_SETTINGS; i++)
        fprintf(out, "%sg%d: 192.0.2.1", i ? ", " : "", i);
    fputs("}}\n", out);
    fclose(out);
    cr_assert_eq(read_text(text, &declaration, &diagnostics), -EINVAL);
    cr_assert_eq(diagnostics.count, 2);
    cr_expect(strstr(diagnostics.items[0].message, "more than 256 interfaces"));
    cr_expect(strstr(diagnostics.items[1].message, "more than 256 names are set"));
    lx_diagnostics_free(&diagnostics);
    free(text);
}

Test(declaration, every_mistake_is_found_at_its_place)
{
    static const struct lx_expected expected[] = {
        {2, 1, "unknown key 'default' in a declaration; did you"},
        {3, 12, "unknown key 'egres' in the defaults; did you mean"},
        {3, 26, "unknown key 'pair' in the defaults; its keys are"},
        {3, 45, "'8' is no number of flows; write a number from 16"},
        {3, 54, "unknown side 'inside'; write external or internal"},
        {5, 3, "an interface without the key 'role'; write role:"},
        {5, 10, "unknown key 'roles' in an interface; did you mean"},
        {6, 16, "'AV Edge' cannot be the name of a role; write it"},
        {6, 33, "unknown egress mode 'enforced'; write off, track or"},
        {6, 50, "'maybe' where a switch is needed; write on or off"},
        {6, 66, "forward needs the other interface of an inline"},
        {7, 35, "'eth2' cannot be its own pair; write the name of"},
        {7, 50, "'Federation' cannot be the name of an option; write"},
        {7, 68, "unknown mode 'nativ'; write auto, native or"},
        {7, 82, "'many' is no number of flows; write a number from"},
        {8, 31, "'any' cannot be set: it has its own meaning; choose"},
        {8, 53, "'192.0.2.1/24' has host bits set; write the prefix"},
        {8, 67, "'Pool' cannot be the name of a group; write it with"},
        {8, 89, "nothing where a list is needed; write an address, a"},
        {9, 3, "its pair eth3 is declared on line 8 already; take"},
        {10, 31, "'a-name/that-is-a-path' cannot be an interface;"},
        {12, 3, "its pair eth7 is declared on line 11 already, as"},
        {12, 43, "nothing where text is needed; write the path of a"},
        {12, 55, "a mapping where text is needed; write the path of a"},
        {13, 3, "'eth/9' cannot be an interface; write its name, as"},
        {14, 3, "the key 'eth0' is there already, on line 5; keep"},
        {15, 10, "text where a mapping is needed; write the keys of"},
        {16, 17, "nothing where a list is needed; write a word, or a"},
        {16, 30, "'Lync 2010' cannot be the name of an edition; write"},
        {16, 59, "nothing where text is needed; write a name, or"},
        {16, 69, "a list where a mapping is needed; write NAME:"},
        {17, 38, "unknown way to fail 'shut'; write open or closed"},
        {17, 85, "neither 'from' nor 'to' is self; write self where"},
        {18, 38, "management is what stays open when an interface"},
        {19, 58, "a mapping where a list is needed; write a list of"},
        {20, 113, "unknown key 'role' in a row; its keys are"},
        {20, 123, "a row without the key 'id'; write id: NAME"},
    };
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration = {.count = 4711};

    cr_assert_eq(read_file(DATA "mistakes_declaration.yaml", &declaration, &diagnostics), -EINVAL);
    lx_expect_mistakes(&diagnostics, expected, COUNT_OF(expected));
    cr_expect_eq(declaration.count, 4711, "the output was touched");
    lx_diagnostics_free(&diagnostics);
}

/* Reads each interface by itself, with mistakes. */
static struct lx_declaration each_of(const char *text, int expected)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration = {0};
    FILE *stream = fmemopen((void *)text, strlen(text), "r");

    cr_assert_not_null(stream);
    cr_expect_eq(lx_declaration_read_each(stream, "given.yaml", &declaration, &diagnostics), expected);
    cr_expect_eq(diagnostics.errors != 0, expected != 0);
    fclose(stream);
    lx_diagnostics_free(&diagnostics);
    return declaration;
}

Test(declaration, a_mistake_is_one_of_its_own_interface)
{
    struct lx_declaration declaration =
        each_of("interfaces:\n  eth0: {role: av-edge}\n  eth1: {role: av-edge, egress: enfroce}\n  eth2: {audit: on}\n"
                "  eth3: what\n  eth4: {role: av-edge, nonsense: 1}\n  eth5: {role: access-edge}\n",
                -EINVAL);
    static const bool mistaken[] = {false, true, true, true, true, false};

    cr_assert_eq(declaration.count, COUNT_OF(mistaken));
    for (size_t i = 0; i < declaration.count; i++) {
        cr_expect_eq(declaration.items[i].interface[3], (char)('0' + i));
        cr_expect_eq(declaration.items[i].mistaken, mistaken[i], "%s", declaration.items[i].interface);
    }
    lx_declaration_free(&declaration);
}

Test(declaration, half_a_management_row_is_none)
{
    struct lx_declaration declaration =
        each_of("interfaces:\n  eth0: {role: r, on-failure: closed, management: [{id: a, from: any, to: self, port: 1, "
                "transport: tcp}, {id: b, from: any}]}\n  eth1: {role: r, egress: enfroce, on-failure: closed, "
                "management: [{id: a, from: any, to: self, port: 1, transport: tcp}]}\n",
                -EINVAL);

    cr_assert_eq(declaration.count, 2);
    cr_expect(declaration.items[0].mistaken && declaration.items[0].closed);
    cr_expect_eq(declaration.items[0].management_count, 0);
    cr_expect(declaration.items[1].mistaken && declaration.items[1].closed);
    cr_expect_eq(declaration.items[1].management_count, 1, "what is wrong elsewhere takes nothing from them");
    lx_declaration_free(&declaration);
}

Test(declaration, a_mistake_in_the_defaults_is_one_of_every_interface)
{
    struct lx_declaration declaration = each_of(
        "defaults: {egress: enfroce}\ninterfaces: {eth0: {role: av-edge}, eth1: {role: av-edge, egress: off}}\n",
        -EINVAL);

    cr_assert_eq(declaration.count, 2);
    cr_expect(declaration.items[0].mistaken && declaration.items[1].mistaken);
    lx_declaration_free(&declaration);
}

Test(declaration, both_sides_of_a_pair_declared_twice_are_mistaken)
{
    struct lx_declaration declaration = each_of(
        "interfaces: {eth0: {role: av-edge, pair: eth1}, eth1: {role: av-edge}, eth2: {role: av-edge}}\n", -EINVAL);

    cr_assert_eq(declaration.count, 3);
    cr_expect(declaration.items[0].mistaken && declaration.items[1].mistaken && !declaration.items[2].mistaken);
    lx_declaration_free(&declaration);
}

Test(declaration, what_is_no_yaml_declares_nothing)
{
    struct lx_declaration declaration = each_of("interfaces: [\n", -EINVAL);

    cr_expect_null(declaration.name);
    cr_expect_eq(declaration.count, 0);
}
