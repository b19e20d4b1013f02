/* SPDX-License-Identifier: GPL-2.0-only */
/* attach: puts the policy of a role in force on an interface, unless that would cut the hand that does it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/declaration.h"
#include "../core/lockout.h"
#include "../core/report.h"
#include "../kernel/attachment.h"
#include "output.h"
#include "ssh_session.h"
#include "tables.h"
#include "verb.h"

struct attach_options {
    struct lx_policy_options policy;
    struct lx_attach_choices choices;
    enum lx_egress egress;
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

static int take_egress(void *field, const char *value)
{
    for (enum lx_egress egress = LX_EGRESS_OFF; egress <= LX_EGRESS_ENFORCE; egress++) {
        if (!strcmp(value, lx_egress_name(egress))) {
            *(enum lx_egress *)field = egress;
            return LX_EXIT_DONE;
        }
    }
    return lx_usage_error("--egress '%s': write track, enforce or off", value);
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
    {"egress", "track|enforce|off", "what the role sends that no row lists: pass and count, drop, do not look (track)",
     take_egress, offsetof(struct attach_options, egress)},
    {"flows", "N", "how many conversations are remembered (65536)", take_flows,
     offsetof(struct attach_options, choices.flows)},
    {"mode", "auto|native|generic", "how the program runs (auto: native, else generic)", take_mode,
     offsetof(struct attach_options, choices.mode)},
    {"force", NULL, "attach even if it cuts this SSH session", lx_take_flag, offsetof(struct attach_options, force)},
};

static size_t rules_of_hook(const struct lx_policy *policy, enum lx_hook hook)
{
    size_t rules = 0;

    for (size_t i = 0; i < policy->rule_count; i++)
        rules += lx_row_hook(policy->rules[i].row) == hook;
    return rules;
}

/* How to keep a session that no row lets in. */
static void suggest_row(const struct lx_ssh_session *session, const struct lx_policy *policy)
{
    char row[LX_SSH_ROW_TEXT];

    fprintf(stderr, "Let it in with a row of your site file, or attach all the same with --force:\n\nrows:\n  %s\n\n",
            lx_ssh_session_row(session, policy, row));
}

/* Refuses a policy that would cut the SSH session this command was typed in. */
static int guard_session(const struct lx_interface *interface, const struct lx_policy *policy,
                         const struct lx_compiled *compiled, bool force)
{
    struct lx_ssh_session session;
    struct lx_judgement judgement;
    char client[LX_PREFIX_TEXT];

    if (!lx_ssh_session_find(&session) || !lx_ssh_session_arrives_at(&session, interface))
        return LX_EXIT_DONE;
    judgement = lx_ssh_session_judge(&session, compiled);
    if (lx_reason_verdict(judgement.reason) == LX_PASS)
        return LX_EXIT_DONE;
    lx_address_format(&session.client, client);
    if (force) {
        lx_print_warning("this cuts the SSH session from %s (%s), as --force says", client,
                         lx_reason_name(judgement.reason));
        return LX_EXIT_DONE;
    }
    lx_print_error("this would cut your SSH session from %s to port %u of %s (%s: %s); nothing was changed", client,
                   session.server_port, interface->name, lx_reason_name(judgement.reason),
                   lx_reason_meaning(judgement.reason));
    if (judgement.reason == LX_REASON_NO_ROW)
        suggest_row(&session, policy);
    else
        fputs("Change what the site says about it, or attach all the same with --force.\n", stderr);
    return LX_EXIT_FAILED;
}

/* What is legal but probably not meant. */
static void warn(const struct lx_interface *interface, const struct lx_policy *policy)
{
    if (!rules_of_hook(policy, LX_HOOK_TO_ROLE))
        lx_print_warning("no row lets anything in: only the built-in cases will pass");
    if (policy->egress == LX_EGRESS_ENFORCE && !rules_of_hook(policy, LX_HOOK_FROM_ROLE))
        lx_print_warning("no row lets the role begin anything: with --egress enforce it can only answer, not even ask "
                         "for a name; add rows (from: self) to the site, or leave egress at track");
    if (!(policy->built_ins & LX_BUILT_IN_DHCP) && lx_interface_leased(interface))
        lx_print_warning("the address of %s comes from DHCP, which the site switches off: the lease will run out",
                         interface->name);
}

/* What becomes of what the role sends. */
static void say_egress(const struct lx_policy *policy)
{
    size_t rows = rules_of_hook(policy, LX_HOOK_FROM_ROLE);

    if (policy->egress == LX_EGRESS_ENFORCE)
        printf("  egress enforce: %zu outbound rows open; what else the role sends is dropped, answers aside\n", rows);
    else if (policy->egress == LX_EGRESS_TRACK)
        printf("  egress track: %zu outbound rows open; what else the role sends passes, counted as would-drop\n",
               rows);
    else if (rows)
        puts("  replies to what the role itself begins are not let in: egress is off");
}

static void say_roles(const struct lx_policy *policy)
{
    const char *side = lx_side_name(policy->side);

    for (size_t i = 0; i < policy->roles.count; i++)
        printf("%s%s", i ? "," : "", policy->roles.items[i]);
    printf(" (%s%s%s)", policy->edition ?: "", side ? ", " : "", side ?: "");
}

static void say_attached(const struct lx_metadata *attached, const struct lx_policy *policy, enum lx_mode_choice mode)
{
    const char *how = attached->mode == LX_MODE_NATIVE ? "native mode" : "generic mode";

    if (attached->mode == LX_MODE_GENERIC && mode == LX_MODE_AUTO)
        how = "generic mode (slower: the driver refused the native one)";
    printf("%s: filtering as ", attached->interface);
    say_roles(policy);
    printf(", %zu inbound rows open, %s, %s\n", rules_of_hook(policy, LX_HOOK_TO_ROLE), how,
           attached->dispatcher ? "through libxdp's dispatcher" : "as the interface's single program");
    say_egress(policy);
}

static int attach(const char *name, const struct attach_options *options, const struct lx_policy *policy,
                  const struct lx_compiled *compiled)
{
    struct lx_interface interface;
    struct lx_metadata attached;
    struct lx_failure failure;
    int result;

    if (lx_interface_find(name, &interface, &failure))
        return lx_print_failure(&failure);
    result = guard_session(&interface, policy, compiled, options->force);
    if (result != LX_EXIT_DONE)
        return result;
    warn(&interface, policy);
    if (lx_attach(&interface, policy, compiled, &options->choices, &attached, &failure))
        return lx_print_failure(&failure);
    say_attached(&attached, policy, options->choices.mode);
    return LX_EXIT_DONE;
}

static int run(const char *name, const struct attach_options *options)
{
    struct lx_tables tables = {0};
    struct lx_policy policy = {0};
    struct lx_compiled compiled = {0};
    int result = lx_tables_read(&options->policy, &tables);

    if (result == LX_EXIT_DONE)
        result = lx_tables_resolve(&tables, &options->policy, &policy);
    policy.egress = options->egress;
    if (result == LX_EXIT_DONE)
        result = lx_policy_compile(&policy, &compiled);
    if (result == LX_EXIT_DONE)
        result = attach(name, options, &policy, &compiled);
    lx_compiled_free(&compiled);
    lx_policy_free(&policy);
    lx_tables_free(&tables);
    return result;
}

int lx_verb_attach(int argc, char **argv)
{
    struct attach_options options = {.egress = LX_EGRESS_TRACK};
    const struct lx_option_set sets[] = {lx_policy_option_set(&options.policy),
                                         LX_OPTION_SET(options_of_attach, &options)};
    struct lx_arguments arguments;
    int result;

    if (lx_options_read(argc, argv, sets, 2, &arguments, &result)) {
        if (arguments.count != 1)
            result = lx_usage_error("attach takes one interface: lyncxdp attach IFACE --role ROLE");
        else if (!options.policy.roles.count)
            result = lx_usage_error("name a role with --role; 'lyncxdp roles' lists them");
        else
            result = run(arguments.items[0], &options);
    }
    lx_policy_options_free(&options.policy);
    return result;
}
