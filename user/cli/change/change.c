/* SPDX-License-Identifier: GPL-2.0-only */
/* Starts from the request that is kept, puts given words over it, and puts in force what that comes to. */
#include "change.h"

#include "user/cli/policy/policy_spec.h"
#include "user/cli/print/output.h"
#include "user/core/resolve/request_words.h"
#include "user/kernel/attachment/hooks.h"
#include "user/kernel/attachment/members.h"
#include "user/kernel/attachment/pick_up.h"
#include "wires.h"

/* Loads beside what is in force what the words ask for. */
static int load(struct lx_update *update, struct lx_compiled_policy *compiled_policy,
                const struct lx_proposal *proposal)
{
    struct lx_failure failure;

    lx_warn_of_policy(update->interface, &compiled_policy->policy, update->metadata.forward);
    if (lx_update_shadow(update, proposal, &failure))
        return lx_print_failure(&failure);
    lx_say_loaded(update, &compiled_policy->policy);
    return LX_EXIT_DONE;
}

/* Lets those join that are to be filtered with it. Returns an exit code. */
static int add_members(struct lx_update *update, const struct lx_words *with,
                       const struct lx_compiled_policy *compiled_policy, const struct lx_intent *intent)
{
    struct lx_pair pair = {.outer = *update->interface, .forward = update->metadata.forward};
    const bool paired = update->metadata.pair_ifindex;
    struct lx_failure failure;
    struct lx_wires wires;
    int result;

    if (!with || !with->count)
        return LX_EXIT_DONE;
    if (paired && lx_interface_find(update->metadata.pair, &pair.inner, &failure))
        return lx_print_failure(&failure);
    result = lx_wires_find(with, update->interface, paired ? &pair : NULL, &wires);
    if (result == LX_EXIT_DONE)
        result = lx_guard_wires(&wires, pair.forward, lx_is_behind(&update->metadata), &compiled_policy->policy,
                                &compiled_policy->compiled, intent);
    if (result == LX_EXIT_DONE && lx_members_add(update, wires.items, wires.count, &failure))
        return lx_print_failure(&failure);
    return result;
}

/* Puts in force what the words ask for. */
static int put(struct lx_update *update, struct lx_policy_spec *spec, const struct lx_words *with,
               const struct lx_intent *intent)
{
    struct lx_compiled_policy *compiled_policy = &spec->compiled_policy;
    const struct lx_proposal proposal = {.policy = &compiled_policy->policy,
                                         .compiled = &compiled_policy->compiled,
                                         .request = &spec->words,
                                         .try_seconds = intent->try_seconds,
                                         .force = intent->force,
                                         .pick_up = intent->pick_up};
    const struct lx_members before = update->members;
    const bool behind = lx_is_behind(&update->metadata);
    struct lx_failure failure;
    int result;

    if (lx_update_assign(update, &compiled_policy->policy, &failure))
        return lx_print_failure(&failure);
    result = lx_compiled_policy_build(compiled_policy);
    if (result == LX_EXIT_DONE && !intent->shadow)
        result =
            behind ? lx_guard_behind(update->interface, &compiled_policy->compiled, intent)
                   : lx_guard_session(update->interface, &compiled_policy->policy, &compiled_policy->compiled, intent);
    if (result == LX_EXIT_DONE && !spec->is_inline && !behind)
        result = lx_guard_self(update->interface, &compiled_policy->policy, intent);
    if (result == LX_EXIT_DONE && intent->shadow)
        return load(update, compiled_policy, &proposal);
    if (result != LX_EXIT_DONE)
        return result;
    lx_warn_of_policy(update->interface, &compiled_policy->policy, update->metadata.forward);
    result = add_members(update, with, compiled_policy, intent);
    if (result != LX_EXIT_DONE)
        return result;
    if (lx_update_commit(update, &proposal, &failure)) {
        lx_members_take_back(update, &before);
        return lx_print_failure(&failure);
    }
    if (intent->forget && lx_forget_picked_up(&update->maps, &failure))
        return lx_print_failure(&failure);
    lx_say_updated(update, &compiled_policy->policy, intent->try_seconds);
    return LX_EXIT_DONE;
}

static int put_if_needed(struct lx_update *update, struct lx_policy_spec *spec, struct lx_policy_change *change)
{
    change->result = LX_CHANGED;
    if (change->needed_only && lx_control_deadline(update->control))
        change->result = LX_CHANGED_LATER;
    else if (change->needed_only && lx_policy_spec_published(spec, lx_update_in_force(update)))
        change->result = LX_CHANGED_NOT;
    return change->result == LX_CHANGED ? put(update, spec, change->with, &change->intent) : LX_EXIT_DONE;
}

static int change_held(struct lx_update *update, struct lx_policy_change *change)
{
    struct lx_policy_spec spec = {.is_inline = update->metadata.pair_ifindex != 0, .vlan = update->metadata.vlan};
    struct lx_words kept = {0};
    struct lx_failure failure;
    int result;

    if (lx_update_request(update, &kept, &failure))
        result = lx_print_failure(&failure);
    else if (lx_request_merge(&kept, change->given, &spec.words))
        result = lx_memory_error();
    else
        result = lx_policy_spec_compose("update", change->interface, &spec);
    if (change->files && lx_policy_spec_files(&spec, change->files))
        result = lx_memory_error();
    if (result == LX_EXIT_DONE)
        result = put_if_needed(update, &spec, change);
    lx_words_free(&kept);
    lx_policy_spec_free(&spec);
    return result;
}

int lx_change_policy(struct lx_policy_change *change)
{
    struct lx_interface interface;
    struct lx_failure failure;
    struct lx_update update;
    int result;

    if (lx_interface_find(change->interface, &interface, &failure) || lx_update_begin(&interface, &update, &failure)) {
        change->result = LX_CHANGED_LATER;
        return lx_print_failure(&failure);
    }
    lx_warn_of_restored(&update);
    if (update.ended)
        lx_print_warning("the trial on %s has run out; this starts from generation %llu, to which it fell back",
                         change->interface, (unsigned long long)lx_update_in_force(&update)->generation);
    result = change_held(&update, change);
    lx_update_end(&update);
    return result;
}
