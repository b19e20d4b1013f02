/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy files: what the syntax means, that every mistake is found in one run at its place, and that size has limits.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mistakes.h"
#include "user/core/policy/policy_reader.h"
#include "user/core/text/limits.h"

#define DATA "tests/unit/data/"
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static int read_file(const char *path, struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    FILE *stream = fopen(path, "r");
    int error;

    cr_assert_not_null(stream, "%s", path);
    error = lx_policy_file_read(stream, path, file, diagnostics);
    fclose(stream);
    return error;
}

static int read_bytes(const char *bytes, size_t size, struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    FILE *stream = size ? fmemopen((void *)bytes, size, "r") : fopen("/dev/null", "r");
    int error;

    cr_assert_not_null(stream);
    error = lx_policy_file_read(stream, "given.yaml", file, diagnostics);
    fclose(stream);
    return error;
}

/* Reads text that must be refused with a single mistake. */
static void expect_one_mistake(const char *bytes, size_t size, unsigned line, unsigned column, const char *words)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file = {.role_count = 4711};

    cr_expect_eq(read_bytes(bytes, size, &file, &diagnostics), -EINVAL, "%s", words);
    cr_assert_eq(diagnostics.count, 1, "%s: %zu mistakes", words, diagnostics.count);
    cr_expect(diagnostics.items[0].line == line && diagnostics.items[0].column == column, "%s: at %u:%u", words,
              diagnostics.items[0].line, diagnostics.items[0].column);
    cr_expect(strstr(diagnostics.items[0].message, words), "%s", diagnostics.items[0].message);
    cr_expect_str_eq(diagnostics.items[0].file, "given.yaml");
    cr_expect_eq(file.role_count, 4711, "the output was touched");
    lx_diagnostics_free(&diagnostics);
}

static void print_words(FILE *out, const char *name, const struct lx_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        fprintf(out, "%s%s", i ? "," : name, words->items[i]);
}

static void print_row(FILE *out, const struct lx_row *row)
{
    char *from = lx_endpoint_format(&row->from), *to = lx_endpoint_format(&row->to);
    char source_ports[LX_PORTS_TEXT], destination_ports[LX_PORTS_TEXT];

    cr_assert(from && to);
    fprintf(out, "  %s: %s:%s -> %s:%s %s%s", row->id, from, lx_ports_format(&row->source_ports, source_ports), to,
            lx_ports_format(&row->destination_ports, destination_ports), lx_transports_name(row, row->transports).text,
            row->unresolved ? "unresolved" : "");
    fprintf(out, " [%s] [%s] [%s] (%s)", row->application ? row->application : "", row->direction ? row->direction : "",
            row->note ? row->note : "", row->source);
    print_words(out, " options ", &row->options);
    print_words(out, " workloads ", &row->workloads);
    fprintf(out, " role %s side %s hook %d line %u:%u\n", row->role, row->side ? lx_side_name(row->side) : "none",
            lx_row_hook(row), row->place.line, row->place.column);
    free(from);
    free(to);
}

/* All that was read, as text. */
static char *print_file(const struct lx_policy_file *file)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fprintf(out, "edition %s\n", file->edition);
    for (size_t i = 0; i < file->role_count; i++) {
        const struct lx_role *role = &file->roles[i];

        fprintf(out, "role %s%s%s", role->name, role->external ? " external" : "", role->internal ? " internal" : "");
        for (size_t j = 0; j < role->include_count; j++)
            fprintf(out, "%s%s", j ? "," : " includes ", role->includes[j]->name);
        fprintf(out, " line %u:%u\n", role->place.line, role->place.column);
        for (size_t j = 0; j < role->row_count; j++)
            print_row(out, &role->rows[j]);
    }
    print_words(out, "groups ", &file->groups);
    fputc('\n', out);
    fclose(out);
    return text;
}

static char *slurp(const char *path)
{
    FILE *stream = fopen(path, "r");
    char *text = calloc(1, 65536);

    cr_assert(stream && text);
    cr_assert_gt(fread(text, 1, 65535, stream), 0);
    fclose(stream);
    return text;
}

Test(policy_file, says_what_the_golden_file_says)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;
    char *text, *expected = slurp(DATA "good_policy.txt");

    cr_assert_eq(read_file(DATA "good_policy.yaml", &file, &diagnostics), 0);
    cr_expect_eq(diagnostics.count, 0);
    text = print_file(&file);
    cr_expect_str_eq(text, expected);
    cr_expect_eq(lx_policy_file_role(&file, "plain"), &file.roles[1]);
    cr_expect_null(lx_policy_file_role(&file, "plane"));
    cr_expect_str_eq(file.roles[0].rows[0].place.file, DATA "good_policy.yaml");
    free(text);
    free(expected);
    lx_policy_file_free(&file);
}

Test(policy_file, every_mistake_is_reported_at_its_line_and_column)
{
    static const struct lx_expected expected[] = {
        {2, 10, "'Lync 2010' cannot be the name of an edition;"},
        {3, 1, "unknown key 'version' in a policy file; its"},
        {5, 3, "'Title' cannot be the name of a document; write"},
        {7, 10, "nothing where text is needed; write the title"},
        {8, 11, "a list where text is needed; write the title of"},
        {9, 3, "the key 'table' is there already, on line 6;"},
        {12, 5, "unknown key 'externl' in a role; did you mean"},
        {15, 9, "a row without the key 'id'; write id: NAME,"},
        {16, 14, "'Big' cannot be the name of a row; write it"},
        {17, 9, "a row without the key 'from'; write from: any,"},
        {18, 9, "a row without the key 'to'; write to: any,"},
        {19, 33, "both 'from' and 'to' are self; exactly one of"},
        {20, 33, "neither 'from' nor 'to' is self; write self"},
        {21, 9, "a row without the key 'port'; write port: 443,"},
        {22, 9, "a row without the key 'transport'; write"},
        {23, 71, "nothing where text is needed; write the key of a"},
        {24, 14, "the id edge/external/a is there already, on"},
        {25, 44, "'59999-50000': the range of ports is reversed;"},
        {26, 44, "'65536': the port is out of range; ports are 1"},
        {27, 44, "'0': port 0 cannot be used; ports are 1 to 65535"},
        {28, 48, "'3478' stands where a key must; a list needs"},
        {29, 44, "'50,000': a port with a leading zero; write it"},
        {30, 44, "'50000–59999': a long dash in a range of ports;"},
        {31, 44, "'https': not a port; write 443, 50000-59999,"},
        {32, 50, "'any' in a list of ports; write port: any"},
        {33, 100, "more than 16 ports and ranges in one list;"},
        {34, 44, "a mapping where text is needed; write 443,"},
        {35, 44, "nothing where text is needed; write 443,"},
        {36, 51, "'10-5': the range of ports is reversed; write"},
        {37, 58, "unknown transport 'sctp'; write tcp, udp, tcp/udp, vrrp"},
        {38, 58, "unknown transport 'TCP'; write tcp, udp, tcp/udp, vrrp"},
        {39, 23, "'10.0.0.1/24' has host bits set; write the"},
        {40, 23, "'10.0.0.256': an IPv4 address is four numbers"},
        {41, 23, "'::ffff:10.0.0.1': an IPv4 address inside an"},
        {42, 23, "'10.0.0.0/33': the length of an IPv4 prefix is"},
        {43, 23, "'10.0.0.0/255.0.0.0': a netmask where a length"},
        {44, 24, "'2001:db8::/129': the length of an IPv6 prefix"},
        {45, 36, "the name 'pool' where an address is needed;"},
        {45, 42, "'192.0.2.300': an IPv4 address is four numbers"},
        {46, 24, "nothing where a list is needed; write an"},
        {47, 24, "'Pool' cannot be the name of a group; write it"},
        {48, 24, "'192.0.2.1-192.0.2.9': a range of addresses is"},
        {49, 75, "unknown direction 'inward'; write in, out or"},
        {50, 74, "'Redirect' cannot be the name of an option;"},
        {51, 76, "'maybe' where a switch is needed; write on or"},
        {52, 72, "unknown document 'tabel'; did you mean 'table'?"},
        {53, 72, "the source names no place in the document;"},
        {54, 87, "a list where text is needed; write a few words"},
        {55, 81, "unknown key 'prot' in a row; did you mean"},
        {56, 18, "the key 'id' is there already, on line 56; keep"},
        {57, 24, "an anchor (&) where plain text is needed; write"},
        {58, 24, "an alias (*) where plain text is needed; write"},
        {59, 14, "a tag (!) where plain text is needed; leave it"},
        {60, 87, "text with a line end or a control character in"},
        {61, 87, "text with a line end or a control character in"},
        {62, 81, "a list or mapping where a key must be; a key is"},
        {63, 14, "the name of a row is longer than 48 letters;"},
        {64, 9, "text where a mapping is needed; write the keys"},
        {65, 24, "'fe80::1%eth0': an address here has no zone;"},
        {65, 90, "unknown key 'role' in a row; its keys are id,"},
        {66, 15, "text where a list is needed; write a list of"},
        {67, 3, "'Upper' cannot be the name of a role; write it"},
        {68, 22, "unknown role 'egde'; only roles of this file"},
        {68, 28, "'Edge' cannot be the name of a role; write it"},
        {70, 28, "including 'circle' here goes round in a circle;"},
        {71, 11, "nothing where a mapping is needed; write the"},
        {72, 3, "the key 'hollow' is there already, on line 71;"},
    };
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_eq(read_file(DATA "mistakes_policy.yaml", &file, &diagnostics), -EINVAL);
    lx_expect_mistakes(&diagnostics, expected, COUNT_OF(expected));
    lx_diagnostics_free(&diagnostics);
}

#define ONE(text, line, column, words) expect_one_mistake(text, sizeof(text) - 1, line, column, words)

Test(policy_file, what_is_no_yaml_ends_the_reading_with_one_mistake_at_its_place)
{
    ONE("", 1, 1, "empty");
    ONE("# nothing\n", 1, 1, "empty");
    ONE("\xef\xbb\xbf", 1, 1, "empty");
    ONE("edition: x\n---\nroles: y\n", 2, 1, "second document");
    ONE("edition:\n\t- x\n", 2, 1, "tabs");
    ONE("edition: [x\n", 2, 1, "closing bracket");
    ONE("edition: 'x\n", 2, 1, "unexpected end of stream");
    ONE("edition: x\nroles: a: b\n", 2, 9, "mapping values are not allowed");
    ONE("a: [[[[[[[[[[[[[[[[[", 1, 19, "more than 16 deep");
}

#define WITH_OPTION(option)                                                                                            \
    "edition: x\noptions: {p: x, o: " option "}\n"                                                                     \
    "roles: {r: {rows: [{id: a, from: any, to: self, port: 1, transport: tcp, options: p}]}}\n"

Test(policy_file, an_option_says_what_it_is_for_and_whether_it_is_on)
{
    static const struct {
        const char *text, *words;
        unsigned column;
    } wrong[] = {
        {WITH_OPTION("{default: off}"), "an option without the key 'for'", 20},
        {WITH_OPTION("{for: text, default: maybe}"), "'maybe' where a switch is needed", 41},
        {WITH_OPTION("{for: [text]}"), "a list where text is needed", 26},
        {WITH_OPTION("{for: text, defalt: off}"), "unknown key 'defalt' in an option; did you mean 'default'?", 32},
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_one_mistake(wrong[i].text, strlen(wrong[i].text), 2, wrong[i].column, wrong[i].words);
}

Test(policy_file, what_is_no_text_is_refused_at_its_place)
{
    ONE("edition: x\nroles: \0\n", 2, 8, "NUL");
    ONE("edition: x\n# \xff\n", 2, 3, "not UTF-8");
    ONE("edition: x\n# \xc3\xa4\xc0\x80\n", 2, 4, "not UTF-8");
    ONE("edition: x\n# \xed\xa0\x80\n", 2, 3, "not UTF-8");
    ONE("edition: x # \xe2\x80", 1, 14, "not UTF-8");
    ONE("edition: x # \x1b[31m\n", 1, 14, "control character");
    ONE("e\0d\0i\0t\0", 1, 2, "UTF-16");
}

Test(policy_file, windows_line_ends_and_a_byte_order_mark_shift_no_place)
{
    ONE("\xef\xbb\xbf"
        "edition: x\r\nroles:\r\n  a: {rows: [{id: q, from: any, to: self, port: 0, transport: tcp, "
        "source: t 1}]}\r\ndocuments: {t: Title}\r\n",
        3, 49, "port 0");
}

Test(policy_file, a_file_over_the_limit_is_refused_by_name)
{
    size_t size = 10u << 20;
    char *bytes = malloc(size);

    cr_assert_not_null(bytes);
    memset(bytes, '#', size);
    expect_one_mistake(bytes, size, 0, 0, "larger than 8 MiB");
    expect_one_mistake(bytes, LX_FILE_LIMIT + 1, 0, 0, "larger than 8 MiB");
    expect_one_mistake(bytes, LX_FILE_LIMIT, 1, 1, "empty");
    free(bytes);
}

/* Repeats a piece between a head and a tail. Caller frees. */
static char *repeat(const char *head, const char *piece, size_t times, const char *tail)
{
    size_t length = strlen(piece);
    char *text = malloc(strlen(head) + length * times + strlen(tail) + 1), *end;

    cr_assert_not_null(text);
    end = stpcpy(text, head);
    for (size_t i = 0; i < times; i++)
        end = stpcpy(end, piece);
    strcpy(end, tail);
    return text;
}

Test(policy_file, mistakes_beyond_the_limit_are_counted_but_not_kept)
{
    char *text = repeat("edition: x\nroles: {a: {rows: [", "{id: 'A'},", 20000, "]}}\n");
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_expect_eq(read_bytes(text, strlen(text), &file, &diagnostics), -EINVAL);
    cr_expect_eq(diagnostics.count, LX_DIAGNOSTICS_LIMIT + 1);
    cr_expect_eq(diagnostics.errors, 20000 * 5);
    cr_expect(strstr(diagnostics.items[LX_DIAGNOSTICS_LIMIT].message, "more than 1000 mistakes"));
    lx_diagnostics_free(&diagnostics);
    free(text);
}

Test(policy_file, more_rows_than_a_file_may_hold_are_refused_with_the_limit)
{
    char *text = repeat("edition: x\nroles: {a: {rows: [", "{},", 65537, "]}}\n");

    expect_one_mistake(text, strlen(text), 2, 19, "more than 65536 rows");
    free(text);
}

Test(policy_file, more_values_than_a_tree_may_hold_are_refused_with_the_limit)
{
    char *text = repeat("edition: x\nroles: [\n", "a,\n", 1100000, "]\n");
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_expect_eq(read_bytes(text, strlen(text), &file, &diagnostics), -EINVAL);
    cr_expect_eq(diagnostics.count, 1);
    cr_expect(strstr(diagnostics.items[0].message, "more than 1048576 values"));
    lx_diagnostics_free(&diagnostics);
    free(text);
}

Test(policy_file, a_chain_of_a_hundred_thousand_includes_ends)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;
    size_t size;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    fputs("edition: x\ndocuments: {t: T}\nroles:\n", out);
    for (int i = 0; i < 100000; i++)
        fprintf(out, " r%d: {includes: r%d}\n", i, i + 1);
    fputs(" r100000: {external: [{id: a, from: any, to: self, port: 1, transport: tcp, source: t 1}]}\n", out);
    fclose(out);
    cr_assert_eq(read_bytes(text, size, &file, &diagnostics), 0);
    cr_expect(file.roles[0].external, "sides come along through every include");
    cr_expect_not(file.roles[0].internal);
    lx_policy_file_free(&file);
    free(text);
}

Test(policy_file, the_published_tables_have_no_mistake)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_eq(read_file("policies/lync2010.yaml", &file, &diagnostics), 0, "%s",
                 diagnostics.count ? diagnostics.items[0].message : "unreadable");
    cr_expect_str_eq(file.edition, "lync2010");
    lx_policy_file_free(&file);
}

Test(policy_file, a_stream_that_cannot_be_read_is_an_input_error)
{
    FILE *stream = fopen("tests", "r"); /* a directory opens, but does not read */
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_not_null(stream);
    cr_expect_eq(lx_policy_file_read(stream, "tests", &file, &diagnostics), -EIO);
    cr_expect_eq(diagnostics.count, 0);
    fclose(stream);
}
