/* SPDX-License-Identifier: GPL-2.0-only */
/* Which slips are forgiven, and that a word which is no slip gets no advice. */
#include <criterion/criterion.h>

#include "user/core/text/spelling.h"

static const char *const roles[] = {"access-edge", "webconf-edge", "av-edge", "consolidated-edge", "reverse-proxy"};

#define NEAREST(word) lx_nearest(word, roles, sizeof(roles) / sizeof(roles[0]))

Test(spelling, slips_are_forgiven)
{
    cr_expect_str_eq(NEAREST("av-egde"), "av-edge", "swapped");
    cr_expect_str_eq(NEAREST("acces-edge"), "access-edge", "left out");
    cr_expect_str_eq(NEAREST("reverse-proxxy"), "reverse-proxy", "added");
    cr_expect_str_eq(NEAREST("webconf_edge"), "webconf-edge", "changed");
    cr_expect_str_eq(NEAREST("AV-Edge"), "av-edge", "capitals");
    cr_expect_str_eq(NEAREST("consolidated"), "consolidated-edge", "stops halfway");
    cr_expect_str_eq(NEAREST("av-edge"), "av-edge", "no slip at all");
}

Test(spelling, other_words_get_no_advice)
{
    char endless[4096];

    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    cr_expect_null(NEAREST("front-end"));
    cr_expect_null(NEAREST("zebra"));
    cr_expect_null(NEAREST(""));
    cr_expect_null(NEAREST("x"));
    cr_expect_null(NEAREST(endless));
    cr_expect_null(lx_nearest("av-edge", NULL, 0));
    cr_expect_null(lx_nearest("av-edge", (const char *const[]){endless}, 1));
}

Test(spelling, the_first_of_equals_wins)
{
    static const char *const words[] = {"cat", "car", "can"};

    cr_expect_str_eq(lx_nearest("cax", words, 3), "cat");
    cr_expect_str_eq(lx_nearest("car", words, 3), "car");
}
