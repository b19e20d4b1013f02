/* SPDX-License-Identifier: GPL-2.0-only */
#include "group_dates.h"

#include <stdio.h>
#include <string.h>

#include "user/core/text/date.h"
#include "user/core/text/text.h"

uint64_t lx_list_age(uint64_t date, uint64_t now)
{
    return now > date ? now - date : 0;
}

bool lx_list_is_old(const char *group, uint64_t date, uint64_t now, char text[256])
{
    uint64_t days = lx_list_age(date, now) / LX_DAY_SECONDS;
    char day[LX_DATE_TEXT];

    if (!date || days <= LX_OLD_LIST_DAYS)
        return false;
    snprintf(text, 256,
             "the list of the group '%s' is of %s, %llu days old; fetch it again, or write '# date: ' and "
             "the day when you last looked into it",
             lx_show(group).text, lx_date_format(date, day), (unsigned long long)days);
    return true;
}

/* Puts a group where its date belongs; the youngest falls out where there are too many. */
static void insert(struct lx_group_date dates[LX_GROUP_DATES], const struct lx_prefix_set *set)
{
    size_t at = 0;

    while (at < LX_GROUP_DATES && dates[at].date && dates[at].date <= set->date)
        at++;
    if (at == LX_GROUP_DATES)
        return;
    memmove(&dates[at + 1], &dates[at], (LX_GROUP_DATES - at - 1) * sizeof(*dates));
    dates[at] = (struct lx_group_date){.date = set->date};
    snprintf(dates[at].group, sizeof(dates[at].group), "%s", set->name);
}

void lx_policy_group_dates(const struct lx_policy *policy, struct lx_group_date dates[LX_GROUP_DATES])
{
    memset(dates, 0, LX_GROUP_DATES * sizeof(*dates));
    for (size_t i = 0; i < policy->set_count; i++)
        if (policy->sets[i]->name && policy->sets[i]->date)
            insert(dates, policy->sets[i]);
}

void lx_lint_lists(const struct lx_site *site, uint64_t now, struct lx_diagnostics *diagnostics)
{
    for (size_t i = 0; i < site->group_count; i++) {
        const struct lx_group *group = &site->groups[i];
        char text[256];

        if (lx_list_is_old(group->name, group->date, now, text))
            lx_diagnose(diagnostics, LX_WARNING, group->place, NULL, "%s", text);
    }
}
