/* SPDX-License-Identifier: GPL-2.0-only */
/* attach: puts the policy of a role in force on an interface, unless that would cut the hand that does it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/declaration.h"
#include "../kernel/attachment.h"
#include "../kernel/pair.h"
#include "composed.h"
#include "output.h"
#include "pair.h"
#include "put_in_force.h"
#include "verb.h"

struct attach_options {
    struct lx_policy_options policy;
    struct lx_attach_choices choices;
    const char *pair;
    bool force;
};

static int take_mode(void *field, const char *value)
{
    static const char *const modes[] = {
        [LX_MODE_AUTO] = "auto",
        [LX_MODE_ONLY_NATIVE] = "native",
        [LX_MODE_ONLY_GENERIC] = "generic",
    };

    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        if (!strcmp(value, modes[i])) {
            *(enum lx_mode_choice *)field = (enum lx_mode_choice)i;
            return LX_EXIT_DONE;
        }
    }
    return lx_usage_error("--mode '%s': write auto, native or generic", value);
}

static int take_flows(void *field, const char *value)
{
    unsigned long flows = strspn(value, "0123456789") == strlen(value) ? strtoul(value, NULL, 10) : 0;

    if (flows < LX_FEWEST_FLOWS || flows > LX_MOST_FLOWS)
        return lx_usage_error("--flows '%s': write a number from %d to %u", value, LX_FEWEST_FLOWS, LX_MOST_FLOWS);
    *(uint32_t *)field = (uint32_t)flows;
    return LX_EXIT_DONE;
}

static const struct lx_option options_of_attach[] = {
    {"flows", "N", "how many conversations are remembered (65536)", take_flows,
     offsetof(struct attach_options, choices.flows)},
    {"mode", "auto|native|generic", "how the program runs (auto: native, else generic)", take_mode,
     offsetof(struct attach_options, choices.mode)},
    {"try", "SECONDS", "drop nothing any more after that time, unless it was confirmed", lx_take_seconds,
     offsetof(struct attach_options, choices.try_seconds)},
    {"pair", "IFACE", "filter between the two, this one on the role's side", lx_take_text,
     offsetof(struct attach_options, pair)},
    {"forward", NULL, "let the pair forward by itself, without the kernel's bridge or routes", lx_take_flag,
     offsetof(struct attach_options, choices.forward)},
    {"force", NULL, "attach even if it cuts this SSH session", lx_take_flag, offsetof(struct attach_options, force)},
};

static void say_attached(const struct lx_metadata *attached, const struct lx_policy *policy,
                         const struct lx_attach_choices *choices)
{
    const char *how = attached->mode == LX_MODE_NATIVE ? "native mode" : "generic mode";

    if (attached->mode == LX_MODE_GENERIC && choices->mode == LX_MODE_AUTO)
        how = "generic mode (slower: the driver refused the native one)";
    printf("%s%s%s: filtering as ", attached->interface, attached->pair_ifindex ? " - " : "", attached->pair);
    lx_say_roles(policy);
    printf(", %zu inbound rows open, %s, %s\n", lx_rules_of_hook(policy, LX_HOOK_TO_ROLE), how,
           attached->dispatcher ? "through libxdp's dispatcher" : "as the interface's single program");
    lx_say_terms(attached->interface, policy, choices->try_seconds);
    if (attached->forward)
        printf("  %s and %s forward by themselves\n", attached->interface, attached->pair);
}

static int find_pair(const char *name, const struct lx_interface *outer, bool forward, struct lx_pair *pair)
{
    struct lx_failure failure;

    pair->outer = *outer;
    pair->forward = forward;
    if (lx_interface_find(name, &pair->inner, &failure) || lx_pair_check(outer, &pair->inner, forward, &failure))
        return lx_print_failure(&failure);
    return LX_EXIT_DONE;
}

/* Makes sure that what is asked for does not cut the hand that asks, and warns of what is probably not meant. */
static int guard(const struct lx_interface *interface, const struct lx_pair *pair, const struct lx_composed *composed,
                 const struct lx_intent *intent)
{
    int result = pair ? lx_guard_pair(pair, &composed->compiled, intent) : LX_EXIT_DONE;

    if (result == LX_EXIT_DONE && !(pair && pair->forward))
        result = lx_guard_session(interface, &composed->policy, &composed->compiled, intent);
    if (result != LX_EXIT_DONE)
        return result;
    if (pair)
        lx_warn_of_pair(pair);
    lx_warn_of_policy(interface, &composed->policy);
    return LX_EXIT_DONE;
}

static int attach(const char *name, const struct attach_options *options, const struct lx_composed *composed)
{
    const struct lx_intent intent = {
        .verb = "attach", .try_seconds = options->choices.try_seconds, .force = options->force};
    struct lx_attach_choices choices = options->choices;
    struct lx_interface interface;
    struct lx_metadata attached;
    struct lx_failure failure;
    struct lx_pair found = {0}, *pair = options->pair ? &found : NULL;
    int result = LX_EXIT_DONE;

    if (lx_interface_find(name, &interface, &failure))
        return lx_print_failure(&failure);
    if (pair)
        result = find_pair(options->pair, &interface, choices.forward, pair);
    if (result == LX_EXIT_DONE)
        result = guard(&interface, pair, composed, &intent);
    if (result != LX_EXIT_DONE)
        return result;
    choices.pair = pair ? &pair->inner : NULL;
    if (lx_attach(&interface, &composed->policy, &composed->compiled, &choices, &attached, &failure))
        return lx_print_failure(&failure);
    say_attached(&attached, &composed->policy, &options->choices);
    return LX_EXIT_DONE;
}

static int run(const char *name, const struct attach_options *options)
{
    struct lx_composed composed = {0};
    int result = lx_compose(&options->policy, options->pair != NULL, &composed);

    if (result == LX_EXIT_DONE)
        result = lx_composed_compile(&composed);
    if (result == LX_EXIT_DONE)
        result = attach(name, options, &composed);
    lx_composed_free(&composed);
    return result;
}

int lx_verb_attach(int argc, char **argv)
{
    struct lx_words request = {0};
    struct attach_options options = {.choices.request = &request};
    struct lx_option_set sets[] = {lx_policy_option_set(&options.policy), lx_enforcement_option_set(&options.policy),
                                   LX_OPTION_SET(options_of_attach, &options)};
    struct lx_arguments arguments;
    int result;

    sets[0].words = sets[1].words = &request;
    if (lx_options_read(argc, argv, sets, 3, &arguments, &result)) {
        if (arguments.count != 1)
            result = lx_usage_error("attach takes one interface: lyncxdp attach IFACE --role ROLE");
        else if (!options.policy.roles.count)
            result = lx_usage_error("name a role with --role; 'lyncxdp roles' lists them");
        else if (options.choices.forward && !options.pair)
            result = lx_usage_error("--forward is for an inline pair; name the inner interface with --pair");
        else if (options.choices.forward && options.policy.egress.mode == LX_EGRESS_OFF && options.policy.egress.said)
            result = lx_usage_error("a pair that forwards by itself looks at what the role sends: with --forward write "
                                    "--egress track, which drops nothing");
        else
            result = run(arguments.items[0], &options);
    }
    lx_words_free(&request);
    lx_policy_options_free(&options.policy);
    return result;
}
