/* SPDX-License-Identifier: GPL-2.0-only */
/* attach: puts the policy of a role in force on an interface, unless that would cut the hand that does it. */
#include <string.h>

#include "user/cli/change/lasting.h"
#include "user/cli/change/wires.h"
#include "user/cli/options/attachment_options.h"
#include "user/cli/policy/compiled_policy.h"
#include "user/cli/print/output.h"
#include "user/kernel/attachment/attach.h"
#include "verb.h"

struct attach_options {
    struct lx_attachment_options asked;
    bool force;
    const char *vlan;
    int argc; /* what was typed, from the verb on */
    char **argv;
};

static const struct lx_option options_of_attach[] = {
    {"try", "SECONDS", "fall back to audit after SECONDS unless confirmed", lx_take_seconds,
     offsetof(struct attach_options, asked.choices.try_seconds)},
    {"force", NULL, "attach even if this cuts your SSH session or would drop everything", lx_take_flag,
     offsetof(struct attach_options, force)},
    {"vlan", "ID", "filter this VLAN of a trunk alone; what it is called then is IFACE@ID", lx_take_text,
     offsetof(struct attach_options, vlan)},
};

static int attach(struct lx_interface interface, const struct attach_options *options,
                  const struct lx_compiled_policy *compiled_policy)
{
    const struct lx_intent intent = {
        .verb = "attach", .try_seconds = options->asked.choices.try_seconds, .force = options->force};
    const struct lx_attachment_options *asked = &options->asked;
    struct lx_attach_choices choices = asked->choices;
    struct lx_metadata attached;
    struct lx_failure failure;
    struct lx_pair found = {0}, *pair = asked->pair ? &found : NULL;
    struct lx_wires wires;
    int result = LX_EXIT_DONE;

    if (pair)
        result = lx_pair_find(asked->pair, &interface, choices.forward, pair);
    if (result == LX_EXIT_DONE)
        result = lx_wires_find(&asked->with, &interface, pair, &wires);
    if (result == LX_EXIT_DONE)
        result = lx_guard_attachment(&interface, pair, choices.behind, &compiled_policy->policy,
                                     &compiled_policy->compiled, &intent);
    if (result == LX_EXIT_DONE)
        result = lx_guard_wires(&wires, choices.forward, choices.behind, &compiled_policy->policy,
                                &compiled_policy->compiled, &intent);
    if (result == LX_EXIT_DONE)
        result = lx_check_lasting(options->argc, options->argv);
    if (result != LX_EXIT_DONE)
        return result;
    choices.pair = pair ? &pair->inner : NULL;
    choices.force = options->force;
    choices.with = wires.items;
    choices.with_count = wires.count;
    if (lx_attach(&interface, &compiled_policy->policy, &compiled_policy->compiled, &choices, &attached, &failure))
        return lx_print_failure(&failure);
    lx_say_attached(&attached, &compiled_policy->policy, &choices);
    if (!asked->policy.edition && !strcmp(compiled_policy->policy.edition, LX_DEFAULT_EDITION))
        lx_print("  the tables are those of " LX_DEFAULT_EDITION ", the default; --edition names others\n");
    return LX_EXIT_DONE;
}

static int find(const char *name, const struct attach_options *options, struct lx_interface *interface)
{
    struct lx_failure failure;

    if (lx_interface_find(name, interface, &failure) || lx_interface_check(interface, &failure) ||
        (options->vlan && lx_interface_take_vlan(interface, options->vlan, &failure)))
        return lx_print_failure(&failure);
    return LX_EXIT_DONE;
}

static int run(const char *name, const struct attach_options *options)
{
    struct lx_compiled_policy compiled_policy = {0};
    struct lx_interface interface;
    int result = lx_compose(&options->asked.policy, options->asked.pair != NULL, &compiled_policy);

    if (result == LX_EXIT_DONE && !options->asked.pair)
        result = lx_refuse_bypass(&compiled_policy);
    if (result == LX_EXIT_DONE && (result = find(name, options, &interface)) == LX_EXIT_DONE)
        compiled_policy.policy.vlan = (uint16_t)interface.vlan;
    if (result == LX_EXIT_DONE)
        result = lx_compiled_policy_build(&compiled_policy);
    if (result == LX_EXIT_DONE)
        result = attach(interface, options, &compiled_policy);
    lx_compiled_policy_free(&compiled_policy);
    return result;
}

int lx_verb_attach(int argc, char **argv)
{
    struct lx_words request = {0};
    struct attach_options options = {.asked.choices.request = &request, .argc = argc, .argv = argv};
    struct lx_option_set sets[LX_ATTACHMENT_OPTION_SETS + 1] = {[LX_ATTACHMENT_OPTION_SETS] =
                                                                    LX_OPTION_SET(options_of_attach, &options)};
    struct lx_arguments arguments;
    int result;

    lx_attachment_option_sets(&options.asked, &request, sets);
    if (lx_options_read(argc, argv, sets, LX_ATTACHMENT_OPTION_SETS + 1, &arguments, &result)) {
        if (arguments.count != 1)
            result = lx_usage_error("attach takes one interface: lyncxdp attach IFACE --role ROLE");
        else if (!options.asked.policy.roles.count)
            result = lx_usage_error("name a role with --role; 'lyncxdp roles' lists them");
        else if ((result = lx_attachment_options_check(&options.asked)) == LX_EXIT_DONE)
            result = run(arguments.items[0], &options);
    }
    lx_words_free(&request);
    lx_attachment_options_free(&options.asked);
    return result;
}
