/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of a plan, each with its way back. */
#include "execute.h"

#include <stdio.h>
#include <string.h>

#include "user/cli/print/output.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/detach.h"
#include "user/kernel/attachment/members.h"

/* --- Before anything is changed ------------------------------------------------------------------------------------
 */

/* Gives the rows their counters, which only the attachment can show, and builds the image with them. */
static int hold(struct lx_plan_item *item)
{
    struct lx_compiled_policy *compiled_policy = &item->config.policy.compiled_policy;
    struct lx_failure failure;

    if (lx_update_begin(&item->interface, &item->update, &failure))
        return lx_print_failure(&failure);
    item->held = true;
    lx_warn_of_restored(&item->update);
    if (lx_update_assign(&item->update, &compiled_policy->policy, &failure))
        return lx_print_failure(&failure);
    lx_compiled_free(&compiled_policy->compiled);
    return lx_compiled_policy_build(compiled_policy);
}

/* --- There ---------------------------------------------------------------------------------------------------------
 */

static int pair_as(struct lx_update *update, const struct lx_pair *pair, struct lx_failure *failure)
{
    return lx_pairing_is(&update->metadata, pair) ? 0 : lx_pairing_change(update, pair, failure);
}

static int update(struct lx_plan_item *item, bool quiet, struct lx_failure *failure)
{
    const struct lx_proposal proposal = {.policy = &item->config.policy.compiled_policy.policy,
                                         .compiled = &item->config.policy.compiled_policy.compiled,
                                         .request = &item->config.policy.words,
                                         .force = item->config.choices.force};
    struct lx_failure unheard;
    int error;

    item->members_before = item->update.members;
    item->paired_before = lx_pairing_of(&item->update.metadata);
    error = pair_as(&item->update, &item->pair, failure);
    error = error ?: lx_members_add(&item->update, item->wires.items, item->wires.count, failure);
    error = error ?: lx_update_commit(&item->update, &proposal, failure);
    if (error) {
        lx_members_take_back(&item->update, &item->members_before);
        pair_as(&item->update, &item->paired_before, &unheard);
    }
    error = error ?: lx_members_keep(&item->update, item->wires.items, item->wires.count, failure);
    if (!error && !quiet)
        lx_say_updated(&item->update, proposal.policy, 0);
    return error;
}

static int put_on(const struct lx_plan_item *item, const struct lx_policy_spec *spec,
                  const struct lx_attach_choices *choices, const struct lx_interface *pair,
                  const struct lx_wires *wires, bool quiet, struct lx_failure *failure)
{
    const struct lx_compiled_policy *compiled_policy = &spec->compiled_policy;
    struct lx_attach_choices chosen = *choices;
    struct lx_metadata attached;
    int error;

    chosen.request = &spec->words;
    chosen.pair = spec->is_inline ? pair : NULL;
    chosen.with = wires->items;
    chosen.with_count = wires->count;
    error =
        lx_attach(&item->interface, &compiled_policy->policy, &compiled_policy->compiled, &chosen, &attached, failure);
    if (!error && !quiet)
        lx_say_attached(&attached, &compiled_policy->policy, &chosen);
    return error;
}

/* What was taken off, and cannot be put on as declared, is put back as it was. */
static int put_back(const struct lx_plan_item *item)
{
    struct lx_failure failure;

    if (item->returns &&
        !put_on(item, &item->before, &item->choices_before, &item->pair_before, &item->wires_before, true, &failure)) {
        lx_print_error("%s is filtered again by what it had; its counters and flows are lost", item->name);
        return LX_EXIT_DONE;
    }
    if (item->returns)
        lx_print_failure(&failure);
    lx_print_error("%s IS NOT FILTERED: what it had cannot be put back; attach it anew", item->name);
    return LX_EXIT_FAILED;
}

static int take_off(const struct lx_plan_item *item, struct lx_failure *failure)
{
    return item->directory[0] ? lx_detach_directory(item->directory, failure) : lx_detach(&item->interface, failure);
}

static int put_on_anew(struct lx_plan_item *item, bool quiet, struct lx_failure *failure)
{
    int error = take_off(item, failure);

    if (error)
        return error;
    item->interrupted = true;
    error = put_on(item, &item->config.policy, &item->config.choices, &item->pair.inner, &item->wires, quiet, failure);
    if (error)
        put_back(item);
    return error;
}

static int execute(struct lx_plan_item *item, bool quiet)
{
    struct lx_failure failure;
    int error = 0;

    switch (item->action) {
    case LX_ACTION_UPDATE:
        error = update(item, quiet, &failure);
        break;
    case LX_ACTION_ATTACH:
        error =
            put_on(item, &item->config.policy, &item->config.choices, &item->pair.inner, &item->wires, quiet, &failure);
        break;
    case LX_ACTION_REATTACH:
        error = put_on_anew(item, quiet, &failure);
        break;
    case LX_ACTION_DETACH:
        error = take_off(item, &failure);
        if (!error && !quiet)
            lx_print("%s: no longer filtered\n", item->name);
        break;
    default:
        break;
    }
    item->done = !error;
    return error ? lx_print_failure(&failure) : LX_EXIT_DONE;
}

/* --- And back ------------------------------------------------------------------------------------------------------
 */

static void take_back(struct lx_plan_item *item)
{
    struct lx_failure failure;
    int error = 0;

    item->done = false;
    switch (item->action) {
    case LX_ACTION_UPDATE:
        error = lx_update_undo(&item->update, &failure);
        lx_members_take_back(&item->update, &item->members_before);
        error = error ?: pair_as(&item->update, &item->paired_before, &failure);
        if (!error)
            lx_print_error("%s: generation %llu is in force again", item->name,
                           (unsigned long long)lx_update_in_force(&item->update)->generation);
        break;
    case LX_ACTION_ATTACH:
        error = take_off(item, &failure);
        if (!error)
            lx_print_error("%s: detached again", item->name);
        break;
    case LX_ACTION_REATTACH:
        error = take_off(item, &failure);
        if (!error)
            put_back(item);
        break;
    case LX_ACTION_DETACH:
        if (item->in_the_way) {
            put_back(item);
        } else {
            item->done = true;
            lx_print_error("%s: it was detached and stays so", item->name);
        }
        break;
    default:
        break;
    }
    item->done |= error != 0;
    if (error)
        lx_print_failure(&failure);
}

/* When it is its turn: what is in the way of others, then by action. */
static int turn(const struct lx_plan_item *item)
{
    return item->in_the_way ? LX_ACTION_NONE : (int)item->action;
}

static void take_all_back(struct lx_plan *plan)
{
    bool first = true, interrupted = false;

    for (size_t i = 0; i < plan->count; i++)
        interrupted = interrupted || plan->items[i].interrupted;
    for (int now = LX_ACTION_COUNT - 1; now >= LX_ACTION_NONE; now--)
        for (size_t i = plan->count; i-- > 0;) {
            struct lx_plan_item *item = &plan->items[i];

            if (turn(item) != now || !item->done)
                continue;
            if (first)
                lx_print_error("what was done before is taken back");
            first = false;
            take_back(item);
        }
    if (first && !interrupted)
        lx_print_error("nothing was changed");
}

int lx_plan_execute(struct lx_plan *plan, bool quiet)
{
    int result = LX_EXIT_DONE;

    for (size_t i = 0; i < plan->count && result == LX_EXIT_DONE; i++)
        if (plan->items[i].action == LX_ACTION_UPDATE)
            result = hold(&plan->items[i]);
    for (int now = LX_ACTION_NONE; now < LX_ACTION_COUNT && result == LX_EXIT_DONE; now++)
        for (size_t i = 0; i < plan->count && result == LX_EXIT_DONE; i++)
            if (turn(&plan->items[i]) == now && plan->items[i].action != LX_ACTION_NONE)
                result = execute(&plan->items[i], quiet);
    if (result != LX_EXIT_DONE)
        take_all_back(plan);
    return result;
}

static bool stands_on(const struct lx_plan_item *item, const char *name)
{
    bool stands = !strcmp(item->name, name) || (item->config.pair && !strcmp(item->config.pair, name));

    for (size_t i = 0; i < item->wires.count && !stands; i++)
        stands = !strcmp(item->wires.items[i].interface.name, name) || !strcmp(item->wires.items[i].pair.name, name);
    return stands;
}

/* Whether what stood in the way of something was taken off in vain. */
static bool in_vain(const struct lx_plan *plan, const struct lx_plan_item *taken)
{
    bool in_vain = false;

    if (!taken->in_the_way || !taken->done)
        return false;
    for (size_t i = 0; i < plan->count && !in_vain; i++) {
        const struct lx_plan_item *one = &plan->items[i];

        in_vain = one->failed && stands_on(one, taken->name);
    }
    return in_vain;
}

int lx_plan_execute_each(struct lx_plan *plan, bool quiet)
{
    int result = LX_EXIT_DONE;

    for (int now = LX_ACTION_NONE; now < LX_ACTION_COUNT; now++)
        for (size_t i = 0; i < plan->count; i++) {
            struct lx_plan_item *item = &plan->items[i];
            int one = LX_EXIT_DONE;

            if (turn(item) != now || item->action == LX_ACTION_NONE)
                continue;
            if (item->action == LX_ACTION_UPDATE)
                one = hold(item);
            if (one == LX_EXIT_DONE)
                one = execute(item, quiet);
            item->failed = one != LX_EXIT_DONE;
            result = result != LX_EXIT_DONE ? result : one;
        }
    for (size_t i = 0; i < plan->count; i++)
        if (in_vain(plan, &plan->items[i]))
            take_back(&plan->items[i]);
    return result;
}
