/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The canonical form reads back as the same policy, row by row and word by word, and prints as the same text again: for
 * the shipped files, and for random ones that use every construct of the language.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdint.h>

#include "including.h"
#include "user/core/policy/policy_print.h"

static void describe_words(FILE *out, const char *name, const struct lx_words *words)
{
    fprintf(out, " %s", name);
    for (size_t i = 0; i < words->count; i++)
        fprintf(out, ",%s", words->items[i]);
}

static void describe_row(FILE *out, const struct lx_row *row)
{
    char *from = lx_endpoint_format(&row->from), *to = lx_endpoint_format(&row->to);
    char source_ports[LX_PORTS_TEXT], destination_ports[LX_PORTS_TEXT];

    cr_assert(from && to && row->role);
    fprintf(out, "  %s of %s, side %d: %s:%s -> %s:%s %u", row->id, row->role, row->side, from,
            lx_ports_format(&row->source_ports, source_ports), to,
            lx_ports_format(&row->destination_ports, destination_ports), row->transports);
    fprintf(out, " lb %d needs %s unresolved %d", row->lb, row->needs ?: "-", row->unresolved);
    fprintf(out, " [%s] [%s] [%s] [%s]", row->application ?: "-", row->direction ?: "-", row->source, row->note ?: "-");
    describe_words(out, "options", &row->options);
    describe_words(out, "workloads", &row->workloads);
    fputc('\n', out);
    free(from);
    free(to);
}

static void describe_terms(FILE *out, const struct lx_terms *terms)
{
    for (size_t i = 0; i < terms->count; i++)
        fprintf(out, "%s = %s\n", terms->items[i].name, terms->items[i].text);
    fputs("--\n", out);
}

/* Everything that a policy says; where it stands in a file is left out, and so are documents, which sources name. */
static char *describe(const struct lx_policy_file *file)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fprintf(out, "edition %s\n", file->edition);
    describe_terms(out, &file->options);
    describe_terms(out, &file->workloads);
    for (size_t i = 0; i < file->role_count; i++) {
        const struct lx_role *role = &file->roles[i];

        fprintf(out, "role %s external %d internal %d includes", role->name, role->external, role->internal);
        for (size_t j = 0; j < role->include_count; j++)
            fprintf(out, " %s", role->includes[j]->name);
        fputc('\n', out);
        for (size_t j = 0; j < role->row_count; j++)
            describe_row(out, &role->rows[j]);
    }
    describe_words(out, "groups", &file->groups);
    fclose(out);
    return text;
}

static char *print(const struct lx_policy_file *file)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(lx_policy_print(file, NULL, out), 0);
    fclose(out);
    return text;
}

/* Prints, reads and prints again. Frees the file. */
static void expect_the_same(struct lx_policy_file *file, const char *name)
{
    char *before = describe(file), *text = print(file), *after, *again;
    const struct lx_given_file files[] = {{"canonical.yaml", text}, {NULL, NULL}};
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file read;

    lx_policy_file_free(file);
    cr_assert_eq(lx_read_given(files, &read, &diagnostics), 0, "%s: %u: %s\n%s", name,
                 diagnostics.count ? diagnostics.items[0].line : 0,
                 diagnostics.count ? diagnostics.items[0].message : "unreadable", text);
    after = describe(&read);
    again = print(&read);
    cr_assert_str_eq(after, before, "%s", name);
    cr_assert_str_eq(again, text, "%s", name);
    lx_policy_file_free(&read);
    lx_diagnostics_free(&diagnostics);
    free(before);
    free(after);
    free(text);
    free(again);
}

/* All but hardening.yaml, which is no policy. */
Test(canonical, of_every_shipped_file)
{
    glob_t paths;

    cr_assert_eq(glob("policies/[!h]*.yaml", 0, NULL, &paths), 0);
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        struct lx_diagnostics diagnostics = {0};
        struct lx_policy_file file;

        cr_assert_eq(lx_read_shipped(paths.gl_pathv[i], &file, &diagnostics), 0, "%s: %u: %s", paths.gl_pathv[i],
                     diagnostics.count ? diagnostics.items[0].line : 0,
                     diagnostics.count ? diagnostics.items[0].message : "unreadable");
        expect_the_same(&file, paths.gl_pathv[i]);
    }
    globfree(&paths);
}

Test(canonical, writes_out_sets_and_includes_in_one_spelling)
{
    const struct lx_given_file files[] = {
        {"own.yaml", "edition: mine\n"
                     "include: base.yaml\n"
                     "documents: {file: \"Taken\", \"-\": 'A \"quoted\" \\ title'}\n"
                     "options: {on: switches}\n"
                     "roles:\n"
                     "  edge: {extends: yes, includes: [common, common], internal: [{id: more, from: self, to: "
                     "\"2001:db8::1\", port: [80-80, 443-444], transport: tcp/udp, options: on, source: '- page 3'}]}\n"
                     "  whole: {includes: edge, sides: external, rows: [{id: 80, from: pool, to: self, port: any, "
                     "transport: udp, needs: pool, lb: dns}]}\n"},
        {"base.yaml", "edition: base\n"
                      "sets: {common: [{id: shared, from: self, to: any, unresolved: on, note: \"\xc3\xa9\"}]}\n"
                      "roles:\n"
                      "  edge:\n"
                      "    external:\n"
                      "      - {id: web, from: 10.0.0.0/8, source-port: 1024-65535, to: self, port: 443, "
                      "transport: tcp, direction: in/out, application: HTTPS}\n"},
        {NULL, NULL},
    };
    const char *expected =
        "edition: mine\n"
        "documents:\n"
        "  file: \"Taken\"\n"
        "  \"-\": \"A \\\"quoted\\\" \\\\ title\"\n"
        "  file-2: \"base.yaml\"\n"
        "  file-3: \"own.yaml\"\n"
        "options:\n"
        "  \"on\": \"switches\"\n"
        "roles:\n"
        "  edge:\n"
        "    external:\n"
        "      - {id: web, from: [10.0.0.0/8], source-port: 1024-65535, to: self, port: 443, transport: tcp, "
        "application: \"HTTPS\", direction: in/out, source: \"file-2 line 6\"}\n"
        "    internal:\n"
        "      - {id: more, from: self, to: [\"2001:db8::1\"], port: [80, 443-444], transport: tcp/udp, options: "
        "[\"on\"], "
        "source: \"- page 3\"}\n"
        "    rows:\n"
        "      - {id: shared, from: self, to: any, unresolved: true, source: \"file-2 line 2\", note: \"\xc3\xa9\"}\n"
        "  whole:\n"
        "    includes: [edge]\n"
        "    rows:\n"
        "      - {id: \"80\", from: pool, to: self, port: any, transport: udp, lb: dns, needs: pool, "
        "source: \"file-3 line 7\"}\n";
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;
    char *text;

    cr_assert_eq(lx_read_given(files, &file, &diagnostics), 0, "%s", diagnostics.items[0].message);
    text = print(&file);
    cr_expect_str_eq(text, expected);
    expect_the_same(&file, "own.yaml");
    free(text);
}

/* --- Random policies ---------------------------------------------------------------------------------------------- */

static uint64_t state;

static unsigned below(unsigned limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % limit;
}

static const char *one_of(const char *const *words, unsigned count)
{
    return words[below(count)];
}

#define ONE_OF(...)                                                                                                    \
    one_of((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void random_row(FILE *out, bool documents, bool declared)
{
    static unsigned number;
    bool in = below(2), unresolved = !below(6);
    const char *other = ONE_OF("any", "pool", "next-hop", "\"on\"", "10.0.0.0/8", "\"2001:db8::/32\"", "'2001:db8::1'",
                               "[192.0.2.1, 198.51.100.0/24]");

    fprintf(out, "{id: r%u, from: %s, to: %s", number++, in ? other : "self", in ? "self" : other);
    if (!unresolved || below(2))
        fprintf(out, ", port: %s, transport: %s",
                ONE_OF("any", "443", "1-65535", "[443, 3478]", "\"80,81-90\"", "[7-7]"),
                ONE_OF("tcp", "udp", "tcp/udp"));
    if (unresolved)
        fputs(", unresolved: true", out);
    if (!below(3))
        fprintf(out, ", source-port: %s", ONE_OF("any", "50000-59999", "[1, 2, 3]"));
    if (!below(2))
        fprintf(out, ", application: %s", ONE_OF("SIP (TLS)", "\"a, b: {c}\"", "'it''s \"x\" \\ y'", "on"));
    if (!below(3))
        fprintf(out, ", direction: %s", ONE_OF("in", "out", "in/out"));
    if (!below(3))
        fprintf(out, ", options: %s", declared ? ONE_OF("one", "[one, two]", "[two, two]") : ONE_OF("x", "[y, no]"));
    if (!below(3))
        fprintf(out, ", workloads: %s", ONE_OF("voice", "[voice, \"-\"]"));
    if (!below(4))
        fprintf(out, ", lb: %s", ONE_OF("hardware", "dns"));
    if (!below(4))
        fprintf(out, ", needs: %s", ONE_OF("pool", "cms", "\"4\""));
    if (documents && below(3))
        fprintf(out, ", source: %s", ONE_OF("t 1", "\"t 1, line 4\"", "'t  x: y'", "\"u row 7\"", "u 08"));
    if (!below(3))
        fprintf(out, ", note: %s",
                ONE_OF("plain", "\"tr\xc3\xa4iling \"", "'# no comment'", "\"\\\\\"", "\xf0\x9f\x98\x80"));
    fputc('}', out);
}

static void random_rows(FILE *out, bool documents, bool declared)
{
    fputc('[', out);
    for (unsigned i = 0, count = 1 + below(4); i < count; i++) {
        fputs(i ? ", " : "", out);
        random_row(out, documents, declared);
    }
    fputc(']', out);
}

/* The beginning of a role gives it something to hold, so that it is one. */
static void random_role(FILE *out, const char *name, unsigned earlier, unsigned sets, bool documents, bool declared)
{
    static const char *const lists[3][3] = {
        {"rows", "external", "internal"}, {"external", "internal", "rows"}, {"internal", "rows", "external"}};
    unsigned order = below(3), kept = 1 + below(7);

    fprintf(out, "  %s:\n", name);
    for (unsigned i = 0; i < 3; i++) {
        if (!(kept & 1u << i))
            continue;
        fprintf(out, "    %s: ", lists[order][i]);
        random_rows(out, documents, declared);
        fputc('\n', out);
    }
    if (!below(3))
        fprintf(out, "    sides: %s\n", ONE_OF("external", "internal", "[internal, external]"));
    if ((earlier || sets) && below(2)) {
        fputs("    includes: [", out);
        for (unsigned i = 0; i < 3; i++) {
            bool set = sets && (!earlier || below(2));

            fprintf(out, "%s%s%u", i ? ", " : "", set ? "set-" : "role-", below(set ? sets : earlier));
        }
        fputs("]\n", out);
    }
}

/* A policy of one file, and behind it one that includes it and extends its first role. */
static void random_policy(char **base, char **top)
{
    bool documents = below(4), declared = below(3);
    unsigned sets = below(3), roles = 1 + below(4);
    char name[16];
    size_t size;
    FILE *out = open_memstream(base, &size);

    fprintf(out, "edition: base\n%s%s", documents ? "documents: {t: A Title, u: \"Another, row 7\"}\n" : "",
            declared ? "options: {one: first, two: second}\nworkloads: {voice: v, \"-\": w}\n" : "");
    fputs(sets ? "sets:\n" : "", out);
    for (unsigned i = 0; i < sets; i++) {
        fprintf(out, "  set-%u: ", i);
        random_rows(out, documents, declared);
        fputc('\n', out);
    }
    fputs("roles:\n", out);
    for (unsigned i = 0; i < roles; i++) {
        snprintf(name, sizeof(name), "role-%u", i);
        random_role(out, name, i, sets, documents, declared);
    }
    fclose(out);
    out = open_memstream(top, &size);
    fputs("include: [base, base]\nroles:\n", out);
    random_role(out, "role-0", 0, sets, documents, declared);
    fputs("    extends: true\n", out);
    random_role(out, ONE_OF("more", "no", "\"-x\"", "7"), roles, sets, documents, declared);
    fclose(out);
}

Test(canonical, of_random_policies, .timeout = 120)
{
    for (unsigned i = 0; i < 1000; i++) {
        struct lx_diagnostics diagnostics = {0};
        struct lx_policy_file file;
        char *base, *top;

        state = i * 7919;
        random_policy(&base, &top);
        cr_assert_eq(
            lx_read_given((struct lx_given_file[]){{"top", top}, {"base", base}, {NULL, NULL}}, &file, &diagnostics), 0,
            "%u: %s:%u: %s\n%s\n%s", i, diagnostics.count ? diagnostics.items[0].file : "",
            diagnostics.count ? diagnostics.items[0].line : 0,
            diagnostics.count ? diagnostics.items[0].message : "unreadable", base, top);
        expect_the_same(&file, top);
        lx_diagnostics_free(&diagnostics);
        free(base);
        free(top);
    }
}
