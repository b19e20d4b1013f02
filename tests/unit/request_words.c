/* SPDX-License-Identifier: GPL-2.0-only */
/* What an update names replaces what was asked before; what it does not name stays. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/resolve/request_words.h"

/* Words written in one line; "|" separates them, since a value may hold blanks. */
static struct lx_words words(const char *line)
{
    struct lx_words split = {0};
    char *copy = strdup(line), *rest = copy, *word;

    while ((word = strsep(&rest, "|")))
        if (*word)
            cr_assert_eq(lx_words_add(&split, word), 0);
    free(copy);
    return split;
}

static void expect_merged(const char *kept_line, const char *given_line, const char *expected_line)
{
    struct lx_words kept = words(kept_line), given = words(given_line), expected = words(expected_line), merged;

    cr_assert_eq(lx_request_merge(&kept, &given, &merged), 0);
    cr_expect_eq(merged.count, expected.count, "%s + %s: %zu words", kept_line, given_line, merged.count);
    for (size_t i = 0; i < merged.count && i < expected.count; i++)
        cr_expect_str_eq(merged.items[i], expected.items[i]);
    lx_words_free(&kept);
    lx_words_free(&given);
    lx_words_free(&expected);
    lx_words_free(&merged);
}

Test(request_words, what_is_not_named_stays)
{
    expect_merged("--role=av-edge|--site=/etc/a.yaml|--set=pool=192.0.2.1", "",
                  "--role=av-edge|--site=/etc/a.yaml|--set=pool=192.0.2.1");
    expect_merged("--role=av-edge|--edition=ocs2007", "--side=internal",
                  "--role=av-edge|--edition=ocs2007|--side=internal");
}

Test(request_words, a_list_is_replaced_as_a_whole)
{
    expect_merged("--role=av-edge|--role=access-edge|--without=pop", "--role=webconf-edge",
                  "--without=pop|--role=webconf-edge");
    expect_merged("--without=a|--without=b", "--without=c|--without=d", "--without=c|--without=d");
}

Test(request_words, a_setting_is_replaced_by_its_name)
{
    expect_merged("--set=pool=192.0.2.1|--set=pool=192.0.2.2|--set=pool-vip=192.0.2.3", "--set=pool=192.0.2.9",
                  "--set=pool-vip=192.0.2.3|--set=pool=192.0.2.9");
}

Test(request_words, an_empty_value_clears)
{
    expect_merged("--site=/etc/a.yaml|--without=a|--without=b|--role=r", "--site=|--without=", "--role=r");
    expect_merged("--set=pool=192.0.2.1|--set=cms=192.0.2.2", "--set=pool=", "--set=cms=192.0.2.2");
    expect_merged("", "--site=", "");
    expect_merged("", "--site=/a=|--set=pool=192.0.2.1", "--site=/a=|--set=pool=192.0.2.1");
}

Test(request_words, no_takes_a_flag_away_and_the_flag_comes_back)
{
    expect_merged("--role=r|--audit", "--no-audit", "--role=r");
    expect_merged("--role=r", "--audit", "--role=r|--audit");
    expect_merged("--role=r|--audit", "--audit", "--role=r|--audit");
}

Test(request_words, names_that_begin_alike_are_not_taken_for_each_other)
{
    expect_merged("--site=/a|--sites=/b|--set=pool=192.0.2.1", "--site=/c",
                  "--sites=/b|--set=pool=192.0.2.1|--site=/c");
}

Test(request_words, words_are_read_back_as_they_were_kept)
{
    static const char kept[] = "--role=av-edge\0--site=/a b\0--audit";
    struct lx_words split;

    cr_assert_eq(lx_request_split(kept, sizeof(kept), &split), 0);
    cr_assert_eq(split.count, 3);
    cr_expect_str_eq(split.items[0], "--role=av-edge");
    cr_expect_str_eq(split.items[1], "--site=/a b");
    cr_expect_str_eq(split.items[2], "--audit");
    lx_words_free(&split);
    cr_assert_eq(lx_request_split("", 0, &split), 0);
    cr_expect_eq(split.count, 0);
}

Test(request_words, damaged_words_are_refused)
{
    static const char damaged[] = "--role=av-edge\0av-edge";
    struct lx_words split;

    cr_expect_eq(lx_request_split("--role", 6, &split), -EINVAL);
    cr_expect_eq(lx_request_split(damaged, sizeof(damaged), &split), -EINVAL);
}

static bool same(const char *one_line, const char *other_line)
{
    struct lx_words one = words(one_line), other = words(other_line);
    bool same = lx_request_same(&one, &other);

    cr_expect_eq(lx_request_same(&other, &one), same, "%s and %s", one_line, other_line);
    lx_words_free(&one);
    lx_words_free(&other);
    return same;
}

Test(request_words, the_order_of_options_makes_no_difference)
{
    cr_expect(same("", ""));
    cr_expect(same("--role=a|--site=/s|--audit", "--audit|--site=/s|--role=a"));
    cr_expect(same("--set=a=1|--set=b=2|--role=r", "--role=r|--set=b=2|--set=a=1"));
}

Test(request_words, the_order_of_one_options_values_does)
{
    cr_expect_not(same("--policy=/a|--policy=/b", "--policy=/b|--policy=/a"));
    cr_expect_not(same("--set=a=1|--set=a=2", "--set=a=2|--set=a=1"));
}

Test(request_words, other_words_ask_for_something_else)
{
    cr_expect_not(same("--role=a", "--role=b"));
    cr_expect_not(same("--role=a", "--role=a|--audit"));
    cr_expect_not(same("--role=a|--role=a", "--role=a"));
    cr_expect_not(same("--role=a|--role=a|--role=b", "--role=a|--role=b|--role=b"));
    cr_expect_not(same("--set=a=1", "--set=b=1"));
}

Test(request_words, a_published_request_reads_back)
{
    struct lx_publication *publication = calloc(1, sizeof(*publication));
    static const char request[] = "--role=a\0--audit";
    struct lx_words read;

    cr_assert_not_null(publication);
    memcpy(publication->request, request, sizeof(request));
    publication->request_size = sizeof(request);
    cr_assert_eq(lx_request_published(publication, &read), 0);
    cr_expect_eq(read.count, 2);
    lx_words_free(&read);
    publication->request_size = sizeof(publication->request) + 1;
    cr_expect_eq(lx_request_published(publication, &read), -EINVAL);
    free(publication);
}
