/* SPDX-License-Identifier: GPL-2.0-only */
/* Which lists a policy rests on, of when they are, and when that is worth a warning. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "user/core/resolve/group_dates.h"
#include "user/core/text/date.h"

#define DAY ((uint64_t)LX_DAY_SECONDS)
#define NOW (20000 * DAY)

Test(group_dates, a_list_is_old_after_ninety_days)
{
    char text[256] = "";

    cr_expect_not(lx_list_is_old("partners", NOW - 90 * DAY - 80000, NOW, text));
    cr_expect(lx_list_is_old("partners", NOW - 91 * DAY, NOW, text));
    cr_expect(strstr(text, "'partners' is of 2024-07-05, 91 days old"), "%s", text);
    cr_expect_not(lx_list_is_old("partners", 0, NOW, text), "it is of no list");
    cr_expect_not(lx_list_is_old("partners", NOW + 200 * DAY, NOW, text), "a clock that is behind");
    cr_expect_eq(lx_list_age(NOW + DAY, NOW), 0);
    cr_expect_eq(lx_list_age(NOW - 5, NOW), 5);
}

Test(group_dates, the_oldest_lists_of_a_policy_are_named_first)
{
    struct lx_prefix_set sets[LX_GROUP_DATES + 4] = {0}, *pointers[LX_GROUP_DATES + 4];
    const struct lx_policy policy = {.sets = pointers, .set_count = LX_GROUP_DATES + 4};
    struct lx_group_date dates[LX_GROUP_DATES];
    char names[LX_GROUP_DATES + 4][24];

    for (size_t i = 0; i < policy.set_count; i++) {
        snprintf(names[i], sizeof(names[i]), "g%zu", i);
        sets[i] = (struct lx_prefix_set){.name = names[i], .date = NOW - i * DAY};
        pointers[i] = &sets[i];
    }
    sets[policy.set_count - 1].date = 0;    /* stands in the site */
    sets[policy.set_count - 2].name = NULL; /* written out in a row */
    lx_policy_group_dates(&policy, dates);
    cr_expect_str_eq(dates[0].group, "g33");
    cr_expect_eq(dates[0].date, NOW - 33 * DAY);
    for (size_t i = 1; i < LX_GROUP_DATES; i++)
        cr_expect_lt(dates[i - 1].date, dates[i].date);
    cr_expect_str_eq(dates[LX_GROUP_DATES - 1].group, "g2", "the youngest have no room");
}

Test(group_dates, a_policy_without_lists_names_none)
{
    const struct lx_policy policy = {0};
    struct lx_group_date dates[LX_GROUP_DATES], none[LX_GROUP_DATES] = {0};

    memset(dates, 1, sizeof(dates));
    lx_policy_group_dates(&policy, dates);
    cr_expect(!memcmp(dates, none, sizeof(none)));
}

Test(group_dates, a_day_reads_back_as_it_is_written)
{
    static const char *const wrong[] = {"",          "2026",        "2026-13-01", "2026-02-29",
                                        "2026-1-01", "2026-10-01x", "1969-12-31", "-100-01-01"};
    uint64_t seconds = 4711;
    char text[LX_DATE_TEXT];

    cr_expect(lx_date_parse("2028-02-29", &seconds));
    cr_expect_str_eq(lx_date_format(seconds + 86399, text), "2028-02-29");
    seconds = 4711;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        cr_expect_not(lx_date_parse(wrong[i], &seconds), "%s", wrong[i]);
    cr_expect_eq(seconds, 4711, "the output was touched");
}
