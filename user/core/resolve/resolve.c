/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resolves in three steps: selection.h picks the rows, binding.h gives their names addresses, and what is left here
 * puts the policy together.
 */
#include "resolve.h"

#include <lyncxdp/image.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "bypass_binding.h"
#include "selection.h"
#include "user/core/policy/row_copy.h"
#include "watch_ports.h"

/* Everything of a policy that no row decides. */
static int take_header(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
                       struct lx_policy *policy)
{
    policy->edition = strdup(lx_policy_file_with(file, request->roles.items[0])->edition);
    if (!policy->edition)
        return -ENOMEM;
    for (size_t i = 0; i < request->roles.count; i++)
        if (!lx_words_contain(&policy->roles, request->roles.items[i]) &&
            lx_words_add(&policy->roles, request->roles.items[i]))
            return -ENOMEM;
    policy->built_ins = LX_DEFAULT_BUILT_INS;
    if (!site)
        return 0;
    policy->built_ins = (policy->built_ins | site->built_ins_on) & ~site->built_ins_off;
    policy->vlans_listed = site->vlans_listed;
    memcpy(policy->vlans, site->vlans, sizeof(policy->vlans));
    return 0;
}

static int take_rows(const struct lx_selection *selection, struct lx_policy *policy)
{
    policy->rows = calloc(selection->pick_count + 1, sizeof(*policy->rows));
    if (!policy->rows)
        return -ENOMEM;
    for (size_t i = 0; i < selection->pick_count; i++) {
        const struct lx_pick *pick = &selection->picks[i];

        if (lx_row_copy(pick->row, &policy->rows[i]))
            return -ENOMEM;
        policy->row_count++;
        if (pick->closed != LX_CLOSED_DEFAULT &&
            pick->closed != LX_CLOSED_UNRESOLVED) { /* open, or closed on purpose */
            free(policy->rows[i].missed);
            policy->rows[i].missed = NULL;
        }
    }
    return 0;
}

/* A rule for every open row; needs the policy's rows in the order of the picks. */
static int make_rules(struct lx_binding *binding, struct lx_diagnostics *diagnostics)
{
    const struct lx_selection *selection = binding->selection;
    struct lx_policy *policy = binding->policy;
    int result = lx_bind_selves(binding);

    policy->rules = calloc(selection->open_count + 1, sizeof(*policy->rules));
    if (!policy->rules)
        return -ENOMEM;
    for (size_t i = 0; i < selection->pick_count && !result; i++) {
        const struct lx_pick *pick = &selection->picks[i];
        struct lx_rule *rule = &policy->rules[policy->rule_count];

        if (pick->closed != LX_OPEN)
            continue;
        rule->row = &policy->rows[i];
        rule->slot = policy->rule_count++;
        result = lx_bind(binding, pick, &pick->row->from, &rule->source);
        if (!result)
            result = lx_bind(binding, pick, &pick->row->to, &rule->destination);
    }
    return result ? result : lx_binding_check(binding, diagnostics);
}

int lx_resolve(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
               struct lx_policy *policy, struct lx_diagnostics *diagnostics)
{
    struct lx_policy resolved = {0};
    struct lx_selection selection = {0};
    struct lx_binding binding = {.selection = &selection, .site = site, .request = request, .policy = &resolved};
    int result = lx_select(file, site, request, &selection, diagnostics);

    if (!result)
        result = take_header(file, site, request, &resolved);
    if (!result)
        result = take_rows(&selection, &resolved);
    if (!result)
        result = make_rules(&binding, diagnostics);
    if (!result)
        result = lx_bind_bypass(&binding, diagnostics);
    if (!result)
        result = lx_watch_ports(site, &resolved);
    resolved.side = selection.side;
    if (result)
        lx_policy_free(&resolved);
    else
        *policy = resolved;
    lx_binding_free(&binding);
    lx_selection_free(&selection);
    return result;
}
