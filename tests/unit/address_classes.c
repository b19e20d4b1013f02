/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses cut into classes, how sets stand to each other, and classes as prefixes again: the fewest, and no others.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "given.h"
#include "user/core/diff/address_classes.h"

/* Sets of prefixes written out with commas; "any" is every address. */
struct sets {
    struct lx_prefix_set items[8];
    const struct lx_prefix_set *list[8];
    size_t count;
    struct lx_address_classes classes;
};

static void add_set(struct sets *sets, const char *text)
{
    struct lx_prefix_set *set = &sets->items[sets->count];
    char *copy = strdup(text), *rest = copy, *word;

    cr_assert_not_null(copy);
    set->any = !strcmp(text, "any");
    set->items = calloc(strlen(text) + 1, sizeof(*set->items));
    cr_assert_not_null(set->items);
    while (*text && !set->any && (word = strsep(&rest, ",")))
        cr_assert_eq(lx_prefix_parse(word, &set->items[set->count++], NULL), 0, "%s", word);
    sets->list[sets->count++] = set;
    free(copy);
}

static struct sets *cut(const char *const *texts)
{
    struct sets *sets = calloc(1, sizeof(*sets));

    cr_assert_not_null(sets);
    for (size_t i = 0; texts[i]; i++)
        add_set(sets, texts[i]);
    cr_assert_eq(lx_address_classes_build(sets->list, sets->count, &sets->classes), 0);
    return sets;
}

#define CUT(...) cut((const char *const[]){__VA_ARGS__, NULL})

static void sets_free(struct sets *sets)
{
    lx_address_classes_free(&sets->classes);
    for (size_t i = 0; i < sets->count; i++)
        free(sets->items[i].items);
    free(sets);
}

static uint32_t number(const struct sets *sets, size_t index)
{
    return lx_address_classes_number(&sets->classes, sets->list[index]);
}

/* The addresses that are in the set `with`, and not in the set `without` unless that is SIZE_MAX. */
static void expect_rest(const struct sets *sets, size_t with, size_t without, const char *expected)
{
    const struct lx_address_classes *classes = &sets->classes;
    uint32_t ids[64];
    size_t count = 0;
    struct lx_prefix_set *set;

    for (uint32_t class = 0; class < classes->holders.count; class ++)
        if (lx_address_class_in(classes, class, number(sets, with)) &&
            (without == SIZE_MAX || !lx_address_class_in(classes, class, number(sets, without))))
            ids[count++] = class;
    set = lx_address_classes_set(classes, ids, count);
    cr_assert_not_null(set);
    cr_expect_str_eq(given_set(set), expected);
    free(set->items);
    free(set);
}

Test(address_classes, a_set_comes_back_as_the_fewest_prefixes)
{
    struct sets *sets = CUT("10.0.0.0/25,10.0.0.128/25,10.0.1.0/24,10.0.0.7,10.0.2.0,2001:db8::/33,2001:db8:8000::/33");

    expect_rest(sets, 0, SIZE_MAX, "10.0.0.0/23,10.0.2.0,2001:db8::/32");
    sets_free(sets);
}

Test(address_classes, what_is_left_of_a_set_is_cut_around_the_other)
{
    struct sets *sets = CUT("10.0.0.0/29,2001:db8::/126", "10.0.0.3,2001:db8::2,192.0.2.0/24");

    expect_rest(sets, 0, 1, "10.0.0.0/31,10.0.0.2,10.0.0.4/30,2001:db8::/127,2001:db8::3");
    expect_rest(sets, 1, 0, "192.0.2.0/24");
    sets_free(sets);
}

Test(address_classes, all_of_a_family_is_one_prefix)
{
    struct sets *sets = CUT("any", "::/0", "0.0.0.0/0", "");

    expect_rest(sets, 0, SIZE_MAX, "0.0.0.0/0,::/0");
    expect_rest(sets, 0, 2, "::/0");
    expect_rest(sets, 0, 1, "0.0.0.0/0");
    expect_rest(sets, 3, SIZE_MAX, "");
    sets_free(sets);
}

/* IPv4 is kept at ::ffff:0:0/96: what lies on both sides of it is neighbours, and what is in there is never IPv6. */
Test(address_classes, ipv4_is_a_gap_in_ipv6)
{
    struct sets *sets = CUT("::/80", "::fffe:ffff:ffff,0:0:0:1::", "::fffe:0:0/96,0:0:0:1::/64", "0.0.0.0/0",
                            "::/80,::1:0:0:0/80", "::1:0:0:0/80");

    expect_rest(sets, 1, SIZE_MAX, "::fffe:ffff:ffff,0:0:0:1::");
    expect_rest(sets, 4, SIZE_MAX, "::/79");
    cr_expect_not(lx_address_sets_meet(&sets->classes, number(sets, 0), number(sets, 3)));
    sets_free(sets);
    sets = CUT("::fffe:ffff:ffff,::1:0:0:0", "10.0.0.0/8");
    expect_rest(sets, 0, SIZE_MAX, "::fffe:ffff:ffff,::1:0:0:0");
    sets_free(sets);
}

Test(address_classes, sets_are_around_each_other_or_meet)
{
    struct sets *sets =
        CUT("10.0.0.0/8", "10.1.0.0/16,10.2.0.0/16", "10.2.0.0/15", "any", "", "10.0.0.0/9,10.128.0.0/9");
    static const struct {
        int left, right;
        bool within, meet;
    } cases[] = {
        {0, 0, true, true}, {1, 0, true, true},  {0, 1, false, true}, {1, 2, false, true},  {2, 1, false, true},
        {0, 3, true, true}, {3, 0, false, true}, {4, 0, true, false}, {0, 4, false, false}, {4, 4, true, false},
        {0, 5, true, true}, {5, 0, true, true},  {2, 0, true, true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint32_t left = number(sets, (size_t)cases[i].left), right = number(sets, (size_t)cases[i].right);

        cr_expect_eq(lx_address_set_within(&sets->classes, left, right), cases[i].within, "case %zu", i);
        cr_expect_eq(lx_address_sets_meet(&sets->classes, left, right), cases[i].meet, "case %zu", i);
        cr_expect_eq(lx_address_sets_meet(&sets->classes, right, left), cases[i].meet, "case %zu", i);
    }
    sets_free(sets);
}
