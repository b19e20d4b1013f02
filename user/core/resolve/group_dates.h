/* SPDX-License-Identifier: GPL-2.0-only */
/* Of when the lists are that groups were read from: who follows the addresses of somebody else must look again. */
#ifndef LYNCXDP_CORE_GROUP_DATES_H
#define LYNCXDP_CORE_GROUP_DATES_H

#include "policy.h"
#include "user/core/policy/site_file.h"

/* A list that is older is to be looked at again. */
#define LX_OLD_LIST_DAYS 90

/* Seconds since the list is from; 0 for one of tomorrow. */
uint64_t lx_list_age(uint64_t date, uint64_t now);

/* Whether to warn of it; `text` becomes "the list of the group 'x' is of 2026-06-01, 120 days old; ...". */
bool lx_list_is_old(const char *group, uint64_t date, uint64_t now, char text[256]);

/* The groups from lists that rows of the policy name: as many as a publication has room for, the oldest first. */
void lx_policy_group_dates(const struct lx_policy *policy, struct lx_group_date dates[LX_GROUP_DATES]);

/* Warns of every old list of a site. */
void lx_lint_lists(const struct lx_site *site, uint64_t now, struct lx_diagnostics *diagnostics);

#endif
