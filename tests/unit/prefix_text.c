/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of addresses: what one may look like, every mistake at its place, long ones in no time, and groups that are
 * read from one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mistakes.h"
#include "user/core/policy/prefix_text.h"
#include "user/core/policy/site_file.h"

#define DATA "tests/unit/data/"
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

struct list {
    struct lx_prefix_list read;
    struct lx_diagnostics diagnostics;
};

static int read_stream(FILE *stream, const char *name, struct list *list)
{
    int error;

    cr_assert_not_null(stream, "%s", name);
    error = lx_prefix_list_read(stream, name, lx_unusable_peer, &list->read, &list->diagnostics);
    fclose(stream);
    return error;
}

static int read_text(const char *text, struct list *list)
{
    return read_stream(fmemopen((void *)text, strlen(text), "r"), "given.txt", list);
}

static void end(struct list *list)
{
    free(list->read.prefixes);
    lx_diagnostics_free(&list->diagnostics);
}

Test(prefix_text, a_list_has_comments_and_empty_lines_and_any_line_ends)
{
    static const char *const expected[] = {"192.0.2.1", "198.51.100.0/24", "2001:db8::/32", "192.0.2.1",
                                           "2001:db8:1::7"};
    char text[LX_PREFIX_TEXT];
    struct list list = {0};

    cr_assert_eq(read_stream(fopen(DATA "good_list.txt", "r"), "good_list.txt", &list), 0);
    cr_assert_eq(list.read.count, COUNT_OF(expected));
    for (size_t i = 0; i < list.read.count; i++)
        cr_expect_str_eq(lx_prefix_format(&list.read.prefixes[i], text), expected[i]);
    end(&list);
    list = (struct list){0};
    cr_assert_eq(read_text("192.0.2.1\r192.0.2.2\r\n\r\n192.0.2.3", &list), 0);
    cr_expect_eq(list.read.count, 3);
    end(&list);
}

Test(prefix_text, every_mistake_of_a_list_is_found_in_one_run)
{
    static const struct lx_expected expected[] = {
        {2, 1, "four numbers from 0 to 255"},
        {3, 3, "write the prefix 192.0.2.0/24"},
        {4, 1, "not an IPv4 or IPv6 address"},
        {5, 1, "the name 'federation' where an address is needed"},
        {6, 11, "more than one address on a line"},
        {7, 10, "more than one address on a line"},
        {8, 1, "'-'"},
        {9, 1, "a range of addresses is written as prefixes"},
        {10, 1, "it is a loopback address"},
        {11, 1, "no brackets"},
        {12, 1, "the length of an IPv4 prefix is 0 to 32"},
        {13, 1, "not an IPv4 or IPv6 address"},
        {14, 1, "a netmask where a length is needed"},
    };
    struct list list = {.read = {.count = 4711}};

    cr_assert_eq(read_stream(fopen(DATA "mistakes_list.txt", "r"), "mistakes_list.txt", &list), -EINVAL);
    lx_expect_mistakes(&list.diagnostics, expected, COUNT_OF(expected));
    cr_expect_eq(list.read.count, 4711, "the output was touched");
    end(&list);
}

Test(prefix_text, a_list_of_nothing_is_a_mistake)
{
    static const char *const texts[] = {"\n", "# none today\n\n"};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct list list = {0};

        cr_expect_eq(read_text(texts[i], &list), -EINVAL);
        cr_expect(strstr(list.diagnostics.items[0].message, "no address is in the list"));
        end(&list);
    }
}

Test(prefix_text, a_list_may_say_of_when_it_is)
{
    static const struct {
        const char *text;
        uint64_t date;
        size_t warnings;
    } cases[] = {
        {"192.0.2.1\n", 0, 0},
        {"# date: 2026-10-01\n192.0.2.1\n", 1790812800, 0},
        {"192.0.2.1\n# date: 1970-01-02   # the last word counts\n", 86400, 0},
        {"# date: 2026-10-01\r\n# date: 2026-10-02\r\n192.0.2.1\r\n", 1790899200, 0},
        {"192.0.2.1 # date: 2026-10-01\n", 0, 0}, /* that is of the address */
        {"# dated: 2026-10-01\n192.0.2.1\n", 0, 0},
        {"# date: 2026-02-30\n192.0.2.1\n", 0, 1},
        {"# date: October\n192.0.2.1\n", 0, 1},
        {"# date:\n192.0.2.1\n", 0, 1},
        {"# date: 2026-10-1\n192.0.2.1\n", 0, 1},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct list list = {0};

        cr_expect_eq(read_text(cases[i].text, &list), 0, "%s", cases[i].text);
        cr_expect_eq(list.read.date, cases[i].date, "%s: %lu", cases[i].text, (unsigned long)list.read.date);
        cr_expect_eq(list.diagnostics.count, cases[i].warnings, "%s", cases[i].text);
        end(&list);
    }
}

/* About 0.03 s in a plain build; the bound has room for the sanitizers and a busy machine, not for quadratic work. */
Test(prefix_text, a_hundred_thousand_lines_read_in_no_time)
{
    struct list list = {0};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    clock_t started;

    for (unsigned i = 0; i < 100000; i++)
        fprintf(out, "10.%u.%u.%u # %u\n", i >> 16, i >> 8 & 255, i & 255, i);
    fclose(out);
    started = clock();
    cr_assert_eq(read_text(text, &list), 0);
    cr_expect_lt((double)(clock() - started) / CLOCKS_PER_SEC, 2.0);
    cr_expect_eq(list.read.count, 100000);
    end(&list);
    free(text);
}

/* --- Groups from a list ------------------------------------------------------------------------------------------- */

/* "partners.txt" holds two addresses, "broken.txt" none; nothing else is there. */
static int open_list(const struct lx_opener *opener, enum lx_opened_as as, const char *from, const char *what,
                     struct lx_opened *opened, char problem[256])
{
    const char *text = !strcmp(what, "partners.txt") ? "192.0.2.1\n198.51.100.0/24\n" : "192.0.2.1\nnobody\n";

    (void)opener;
    cr_expect_eq(as, LX_OPENED_LIST);
    cr_expect_str_eq(from, "given.yaml");
    if (!strcmp(what, "missing.txt")) {
        snprintf(problem, 256, "there is no such file");
        return -ENOENT;
    }
    *opened = (struct lx_opened){
        .stream = fmemopen((void *)text, strlen(text), "r"), .name = strdup(what), .modified = 1790812800 + 4711};
    return 0;
}

static int read_site(const char *text, bool opens, struct lx_site *site, struct lx_diagnostics *diagnostics)
{
    const struct lx_opener opener = {.open = open_list};
    FILE *stream = fmemopen((void *)text, strlen(text), "r");
    int error;

    cr_assert_not_null(stream);
    error = lx_site_file_load(stream, "given.yaml", opens ? &opener : NULL, site, diagnostics);
    fclose(stream);
    return error;
}

Test(prefix_text, a_group_may_be_read_from_a_list)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;

    cr_assert_eq(read_site("groups: {pool: 10.0.0.1, partners: {file: partners.txt}}\n", true, &site, &diagnostics), 0);
    cr_assert_eq(site.group_count, 2);
    cr_expect_null(site.groups[0].file);
    cr_expect_str_eq(site.groups[1].file, "partners.txt");
    cr_expect_eq(site.groups[1].prefix_count, 2);
    cr_expect_eq(site.groups[0].date, 0);
    cr_expect_eq(site.groups[1].date, 1790812800, "the day on which the file was written");
    lx_site_free(&site);
}

static void expect_refused(const char *text, bool opens, const char *file, unsigned line, unsigned column,
                           const char *words)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site = {.row_count = 4711};

    cr_expect_eq(read_site(text, opens, &site, &diagnostics), -EINVAL);
    cr_expect_eq(site.row_count, 4711, "the output was touched");
    cr_assert_eq(diagnostics.count, 1, "%s", text);
    cr_expect(!strcmp(diagnostics.items[0].file, file) && diagnostics.items[0].line == line &&
                  diagnostics.items[0].column == column && strstr(diagnostics.items[0].message, words),
              "%s:%u:%u: %s", diagnostics.items[0].file, diagnostics.items[0].line, diagnostics.items[0].column,
              diagnostics.items[0].message);
    cr_expect_not_null(diagnostics.items[0].excerpt);
    lx_diagnostics_free(&diagnostics);
}

Test(prefix_text, a_list_that_is_not_there_or_broken_is_told_where_it_is_wrong)
{
    expect_refused("groups: {p: {file: missing.txt}}\n", true, "given.yaml", 1, 20,
                   "'missing.txt' cannot be read: there is no such file");
    expect_refused("groups: {p: {file: partners.txt}}\n", false, "given.yaml", 1, 20, "nowhere to look");
    expect_refused("groups:\n  p: {file: broken.txt}\n", true, "broken.txt", 2, 1, "the name 'nobody'");
    expect_refused("groups: {p: {files: partners.txt}}\n", true, "given.yaml", 1, 14, "did you mean 'file'?");
    expect_refused("groups: {p: {file: [partners.txt]}}\n", true, "given.yaml", 1, 20, "a list where text is needed");
    expect_refused("groups: {p: {}}\n", true, "given.yaml", 1, 13, "nothing where a mapping is needed");
}
