/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * update: changes the policy in force in one step. It starts from the words that asked for what is in force, puts the
 * given ones over them, reads the files anew, and switches; until then nothing has changed.
 */
#include <stdio.h>

#include "../core/request_words.h"
#include "../kernel/update.h"
#include "composed.h"
#include "output.h"
#include "put_in_force.h"
#include "verb.h"

struct update_options {
    struct lx_policy_options policy; /* as given; what counts are the words */
    uint32_t try_seconds;
    bool force;
};

static int refuse_mode(void *field, const char *value)
{
    (void)field;
    return lx_usage_error("how the program runs is settled when it is attached: detach, then attach with --mode %s",
                          value);
}

static int refuse_flows(void *field, const char *value)
{
    (void)field;
    return lx_usage_error("the flow table is made when the program is attached: detach, then attach with --flows %s",
                          value);
}

static const struct lx_option negations[] = {
    {"no-audit", NULL, "drop again what the policy does not allow", lx_take_flag,
     offsetof(struct update_options, policy.audit)},
};

static const struct lx_option options_of_update[] = {
    {"try", "SECONDS", "fall back to what is in force now after that time, unless it was confirmed", lx_take_seconds,
     offsetof(struct update_options, try_seconds)},
    {"force", NULL, "update even if it cuts this SSH session", lx_take_flag, offsetof(struct update_options, force)},
    {"mode", "MODE", "not by an update: detach, then attach", refuse_mode, 0},
    {"flows", "N", "not by an update: detach, then attach", refuse_flows, 0},
};

static void say_updated(const struct lx_update *update, const struct lx_policy *policy, uint32_t try_seconds)
{
    const struct lx_publication *now = lx_update_in_force(update);

    printf("%s: generation %llu: filtering as ", update->metadata.interface, (unsigned long long)now->generation);
    lx_say_roles(policy);
    printf(", %zu inbound rows open\n", lx_rules_of_hook(policy, LX_HOOK_TO_ROLE));
    lx_say_terms(update->metadata.interface, policy, try_seconds);
}

/* Puts in force what the words ask for. */
static int put(struct lx_update *update, struct lx_composed *composed, const struct lx_words *request,
               const struct lx_intent *intent)
{
    const struct lx_proposal proposal = {.policy = &composed->policy,
                                         .compiled = &composed->compiled,
                                         .request = request,
                                         .try_seconds = intent->try_seconds};
    struct lx_failure failure;
    int result;

    if (lx_update_assign(update, &composed->policy, &failure))
        return lx_print_failure(&failure);
    result = lx_composed_compile(composed);
    if (result == LX_EXIT_DONE)
        result = lx_guard_session(update->interface, &composed->policy, &composed->compiled, intent);
    if (result != LX_EXIT_DONE)
        return result;
    lx_warn_of_policy(update->interface, &composed->policy);
    if (lx_update_commit(update, &proposal, &failure))
        return lx_print_failure(&failure);
    say_updated(update, &composed->policy, intent->try_seconds);
    return LX_EXIT_DONE;
}

/* Reads words as the options that they were, and puts in force what they say. */
static int change(struct lx_update *update, const struct lx_words *request, const struct lx_intent *intent)
{
    struct lx_policy_options options = {0};
    const struct lx_option_set sets[] = {lx_policy_option_set(&options), lx_enforcement_option_set(&options)};
    struct lx_composed composed = {0};
    int result;

    if (lx_words_read("update", request, sets, 2, &result)) {
        if (!options.roles.count)
            result = lx_usage_error("%s does not know what it was attached as; name a role with --role",
                                    update->interface->name);
        else
            result = lx_compose(&options, update->metadata.pair_ifindex != 0, &composed);
        if (result == LX_EXIT_DONE)
            result = put(update, &composed, request, intent);
    }
    lx_composed_free(&composed);
    lx_policy_options_free(&options);
    return result;
}

static int run(const char *name, const struct lx_words *given, const struct lx_intent *intent)
{
    struct lx_words kept = {0}, request = {0};
    struct lx_interface interface;
    struct lx_failure failure;
    struct lx_update update;
    int result;

    if (lx_interface_find(name, &interface, &failure) || lx_update_begin(&interface, &update, &failure))
        return lx_print_failure(&failure);
    if (update.ended)
        lx_print_warning("the trial on %s has run out; this starts from generation %llu, to which it fell back", name,
                         (unsigned long long)lx_update_in_force(&update)->generation);
    if (lx_update_request(&update, &kept, &failure))
        result = lx_print_failure(&failure);
    else if (lx_request_merge(&kept, given, &request))
        result = lx_memory_error();
    else
        result = change(&update, &request, intent);
    lx_words_free(&kept);
    lx_words_free(&request);
    lx_update_end(&update);
    return result;
}

int lx_verb_update(int argc, char **argv)
{
    struct lx_words given = {0};
    struct update_options options = {0};
    struct lx_option_set sets[] = {lx_policy_option_set(&options.policy), lx_enforcement_option_set(&options.policy),
                                   LX_OPTION_SET(negations, &options), LX_OPTION_SET(options_of_update, &options)};
    struct lx_arguments arguments;
    int result;

    for (int set = 0; set < 3; set++) {
        sets[set].words = &given;
        sets[set].clears = true;
    }
    if (lx_options_read(argc, argv, sets, 4, &arguments, &result)) {
        const struct lx_intent intent = {.verb = "update", .try_seconds = options.try_seconds, .force = options.force};

        if (arguments.count != 1)
            result = lx_usage_error("update takes one interface: lyncxdp update IFACE [OPTION]...");
        else
            result = run(arguments.items[0], &given, &intent);
    }
    lx_words_free(&given);
    lx_policy_options_free(&options.policy);
    return result;
}
