/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of a plan, each with its way back. */
#include "execute.h"

#include <stdio.h>
#include <string.h>

#include "user/cli/print/output.h"

/* --- Before anything is changed ------------------------------------------------------------------------------------
 */

/* Gives the rows their counters, which only the attachment can tell, and builds the image with them. */
static int hold(struct lx_planned *planned)
{
    struct lx_compiled_policy *composed = &planned->asked.policy.composed;
    struct lx_failure failure;

    if (lx_update_begin(&planned->interface, &planned->update, &failure))
        return lx_print_failure(&failure);
    planned->held = true;
    lx_warn_of_restored(&planned->update);
    if (lx_update_assign(&planned->update, &composed->policy, &failure))
        return lx_print_failure(&failure);
    lx_compiled_free(&composed->compiled);
    return lx_compiled_policy_build(composed);
}

/* --- There ---------------------------------------------------------------------------------------------------------
 */

static int update(struct lx_planned *planned, bool quiet, struct lx_failure *failure)
{
    const struct lx_proposal proposal = {.policy = &planned->asked.policy.composed.policy,
                                         .compiled = &planned->asked.policy.composed.compiled,
                                         .request = &planned->asked.policy.words,
                                         .force = planned->asked.choices.force};
    int error = lx_update_commit(&planned->update, &proposal, failure);

    if (!error && !quiet)
        lx_say_updated(&planned->update, proposal.policy, 0);
    return error;
}

static int put_on(const struct lx_planned *planned, const struct lx_policy_spec *spec,
                  const struct lx_attach_choices *choices, const struct lx_interface *pair, bool quiet,
                  struct lx_failure *failure)
{
    const struct lx_compiled_policy *composed = &spec->composed;
    struct lx_attach_choices chosen = *choices;
    struct lx_metadata attached;
    int error;

    chosen.request = &spec->words;
    chosen.pair = spec->is_inline ? pair : NULL;
    error = lx_attach(&planned->interface, &composed->policy, &composed->compiled, &chosen, &attached, failure);
    if (!error && !quiet)
        lx_say_attached(&attached, &composed->policy, &chosen);
    return error;
}

/* What was taken off, and cannot be put on as declared, is put back as it was. */
static int put_back(const struct lx_planned *planned)
{
    struct lx_failure failure;

    if (planned->returns &&
        !put_on(planned, &planned->before, &planned->choices_before, &planned->pair_before, true, &failure)) {
        lx_print_error("%s is filtered again by what it had; its counters and flows are lost", planned->name);
        return LX_EXIT_DONE;
    }
    if (planned->returns)
        lx_print_failure(&failure);
    lx_print_error("%s IS NOT FILTERED: what it had cannot be put back; attach it anew", planned->name);
    return LX_EXIT_FAILED;
}

static int take_off(const struct lx_planned *planned, struct lx_failure *failure)
{
    return planned->directory[0] ? lx_detach_directory(planned->directory, failure)
                                 : lx_detach(&planned->interface, failure);
}

static int put_on_anew(struct lx_planned *planned, bool quiet, struct lx_failure *failure)
{
    int error = take_off(planned, failure);

    if (error)
        return error;
    planned->interrupted = true;
    error = put_on(planned, &planned->asked.policy, &planned->asked.choices, &planned->pair.inner, quiet, failure);
    if (error)
        put_back(planned);
    return error;
}

static int execute(struct lx_planned *planned, bool quiet)
{
    struct lx_failure failure;
    int error = 0;

    switch (planned->action) {
    case LX_ACTION_UPDATE:
        error = update(planned, quiet, &failure);
        break;
    case LX_ACTION_ATTACH:
        error = put_on(planned, &planned->asked.policy, &planned->asked.choices, &planned->pair.inner, quiet, &failure);
        break;
    case LX_ACTION_REATTACH:
        error = put_on_anew(planned, quiet, &failure);
        break;
    case LX_ACTION_DETACH:
        error = take_off(planned, &failure);
        if (!error && !quiet)
            lx_print("%s: no longer filtered\n", planned->name);
        break;
    default:
        break;
    }
    planned->done = !error;
    return error ? lx_print_failure(&failure) : LX_EXIT_DONE;
}

/* --- And back ------------------------------------------------------------------------------------------------------
 */

static void take_back(struct lx_planned *planned)
{
    struct lx_failure failure;
    int error = 0;

    planned->done = false;
    switch (planned->action) {
    case LX_ACTION_UPDATE:
        error = lx_update_undo(&planned->update, &failure);
        if (!error)
            lx_print_error("%s: generation %llu is in force again", planned->name,
                           (unsigned long long)lx_update_in_force(&planned->update)->generation);
        break;
    case LX_ACTION_ATTACH:
        error = take_off(planned, &failure);
        if (!error)
            lx_print_error("%s: detached again", planned->name);
        break;
    case LX_ACTION_REATTACH:
        error = take_off(planned, &failure);
        if (!error)
            put_back(planned);
        break;
    case LX_ACTION_DETACH:
        if (planned->in_the_way) {
            put_back(planned);
        } else {
            planned->done = true;
            lx_print_error("%s: it was detached and stays so", planned->name);
        }
        break;
    default:
        break;
    }
    planned->done |= error != 0;
    if (error)
        lx_print_failure(&failure);
}

/* When it is its turn: what is in the way of others, then by action. */
static int turn(const struct lx_planned *planned)
{
    return planned->in_the_way ? LX_ACTION_NONE : (int)planned->action;
}

static void take_all_back(struct lx_plan *plan)
{
    bool first = true, interrupted = false;

    for (size_t i = 0; i < plan->count; i++)
        interrupted = interrupted || plan->items[i].interrupted;
    for (int now = LX_ACTION_COUNT - 1; now >= LX_ACTION_NONE; now--)
        for (size_t i = plan->count; i-- > 0;) {
            struct lx_planned *planned = &plan->items[i];

            if (turn(planned) != now || !planned->done)
                continue;
            if (first)
                lx_print_error("what was done before is taken back");
            first = false;
            take_back(planned);
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

/* Whether what stood in the way of something was taken off in vain. */
static bool in_vain(const struct lx_plan *plan, const struct lx_planned *taken)
{
    bool in_vain = false;

    if (!taken->in_the_way || !taken->done)
        return false;
    for (size_t i = 0; i < plan->count && !in_vain; i++) {
        const struct lx_planned *one = &plan->items[i];

        in_vain = one->failed &&
                  ((one->asked.pair && !strcmp(one->asked.pair, taken->name)) || !strcmp(one->name, taken->name));
    }
    return in_vain;
}

int lx_plan_execute_each(struct lx_plan *plan, bool quiet)
{
    int result = LX_EXIT_DONE;

    for (int now = LX_ACTION_NONE; now < LX_ACTION_COUNT; now++)
        for (size_t i = 0; i < plan->count; i++) {
            struct lx_planned *planned = &plan->items[i];
            int one = LX_EXIT_DONE;

            if (turn(planned) != now || planned->action == LX_ACTION_NONE)
                continue;
            if (planned->action == LX_ACTION_UPDATE)
                one = hold(planned);
            if (one == LX_EXIT_DONE)
                one = execute(planned, quiet);
            planned->failed = one != LX_EXIT_DONE;
            result = result != LX_EXIT_DONE ? result : one;
        }
    for (size_t i = 0; i < plan->count; i++)
        if (in_vain(plan, &plan->items[i]))
            take_back(&plan->items[i]);
    return result;
}
