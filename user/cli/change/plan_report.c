/* SPDX-License-Identifier: GPL-2.0-only */
/* What is shown of a plan, to people and to machines. */
#include <stdio.h>

#include "plan.h"
#include "user/cli/print/output.h"
#include "user/core/report/report_json.h"

void lx_plan_print(const struct lx_plan *plan)
{
    static const char *const deeds[LX_ACTION_COUNT] = {
        [LX_ACTION_NONE] = "unchanged", [LX_ACTION_UPDATE] = "update",
        [LX_ACTION_ATTACH] = "attach",  [LX_ACTION_REATTACH] = "detach and attach anew, unfiltered in between",
        [LX_ACTION_DETACH] = "detach",
    };

    for (size_t i = 0; i < plan->count; i++) {
        const struct lx_plan_item *item = &plan->items[i];

        if (item->left_out || item->failed)
            continue;
        lx_print("%s%s%s", item->name, item->config.pair ? " - " : "", item->config.pair ?: "");
        for (size_t j = 0; j < item->config.with.count; j++)
            lx_print(", %s", item->config.with.items[j]);
        lx_print(": %s%s%s\n", deeds[item->action], item->why ? ": " : "", item->why ?: "");
    }
    if (!plan->count)
        puts("nothing is declared, and nothing is attached");
}

static json_t *report_item(const struct lx_plan_item *item)
{
    static const char *const names[LX_ACTION_COUNT] = {"unchanged", "update", "attach", "reattach", "detach"};
    const struct lx_policy *policy = &item->config.policy.compiled_policy.policy;
    json_t *roles = json_array(), *with = json_array();

    for (size_t i = 0; i < policy->roles.count; i++)
        json_array_append_new(roles, json_string(policy->roles.items[i]));
    for (size_t i = 0; i < item->config.with.count; i++)
        json_array_append_new(with, json_string(item->config.with.items[i]));
    return json_pack("{s:s, s:s?, s:o, s:s, s:s?, s:o, s:b, s:b, s:b}", "interface", item->name, "pair",
                     item->config.pair, "with", with, "action", item->failed ? "failed" : names[item->action], "why",
                     item->why, "roles", roles, "done", item->done, "last_good", policy->origin == LX_ORIGIN_LAST_GOOD,
                     "closed", policy->origin == LX_ORIGIN_CLOSED);
}

json_t *lx_plan_report(const struct lx_plan *plan)
{
    json_t *array = json_array();

    for (size_t i = 0; i < plan->count; i++) {
        if (!plan->items[i].left_out && lx_json_add(array, report_item(&plan->items[i]))) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}
