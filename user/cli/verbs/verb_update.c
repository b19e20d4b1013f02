/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * update: changes the policy in force in one step. It starts from the words that asked for what is in force, puts the
 * given ones over them, reads the files anew, and switches; until then nothing has changed.
 */
#include "user/cli/change/change.h"
#include "user/cli/change/watch_loop.h"
#include "user/cli/options/options.h"
#include "user/cli/options/policy_options.h"
#include "user/cli/print/output.h"
#include "verb.h"

struct update_options {
    struct lx_policy_options policy; /* as given; what counts are the words */
    uint32_t try_seconds;
    bool force, watch, shadow, forget, pick_up;
    struct lx_words with; /* what is to be filtered with it from now on */
};

static int refuse_mode(void *field, const char *value)
{
    (void)field;
    return lx_usage_error("the XDP mode is set when the program is attached: detach, then attach with --mode %s, "
                          "unfiltered in between",
                          value);
}

static int refuse_flows(void *field, const char *value)
{
    (void)field;
    return lx_usage_error("the size of the flow table is set when the program is attached: detach, then attach with "
                          "--flows %s, unfiltered in between",
                          value);
}

static const struct lx_option negations[] = {
    {"no-audit", NULL, "drop again what the policy does not allow", lx_take_flag,
     offsetof(struct update_options, policy.audit)},
};

static const struct lx_option options_of_update[] = {
    {"try", "SECONDS", "fall back to the policy in force now after SECONDS unless confirmed", lx_take_seconds,
     offsetof(struct update_options, try_seconds)},
    {"shadow", NULL, "load a candidate: count what it would change, drop nothing by it", lx_take_flag,
     offsetof(struct update_options, shadow)},
    {"force", NULL, "update even if this cuts your SSH session or would drop everything", lx_take_flag,
     offsetof(struct update_options, force)},
    {"watch", NULL, "keep running, and update whenever one of the policy's files changes", lx_take_flag,
     offsetof(struct update_options, watch)},
    {"forget-picked-up", NULL, "end the flows that were running already when they were first seen", lx_take_flag,
     offsetof(struct update_options, forget)},
    {"pick-up", NULL, "pick up what is running, as when attaching: another box had it until now", lx_take_flag,
     offsetof(struct update_options, pick_up)},
    {"with", "IFACE", "filter this interface with it from now on; of a pair OUTER:INNER; repeatable", lx_take_word,
     offsetof(struct update_options, with)},
    {"mode", "MODE", NULL, refuse_mode, 0},
    {"flows", "N", NULL, refuse_flows, 0},
};

int lx_verb_update(int argc, char **argv)
{
    struct lx_words given = {0};
    struct update_options options = {0};
    const struct lx_option_set back = LX_OPTION_SET(negations, &options);
    struct lx_option_set sets[] = {[LX_CHANGE_OPTION_SETS] = LX_OPTION_SET(options_of_update, &options)};
    struct lx_arguments arguments;
    int result;

    lx_change_option_sets(&options.policy, &given, &back, sets);
    if (lx_options_read(argc, argv, sets, LX_CHANGE_OPTION_SETS + 1, &arguments, &result)) {
        struct lx_policy_change change = {
            .interface = arguments.items[0],
            .given = &given,
            .with = &options.with,
            .intent = {.verb = "update",
                       .try_seconds = options.try_seconds,
                       .force = options.force,
                       .shadow = options.shadow,
                       .forget = options.forget,
                       .pick_up = options.pick_up},
        };

        if (options.with.count && (options.shadow || options.try_seconds || options.watch))
            result = lx_usage_error("--with is for good, so that it goes with none of --shadow, --try and --watch");
        else if (options.shadow && (options.try_seconds || options.force || options.watch))
            result =
                lx_usage_error("--shadow enforces nothing, so that it goes with none of --try, --force and --watch");
        else if (options.forget && (options.shadow || options.try_seconds || options.watch))
            result = lx_usage_error("--forget-picked-up ends flows once and for good, so that it goes with none of "
                                    "--shadow, --try and --watch");
        else if (options.pick_up && (options.forget || options.shadow || options.watch))
            result = lx_usage_error("--pick-up is for what runs now, so that it goes with none of --forget-picked-up, "
                                    "--shadow and --watch");
        else if (arguments.count != 1)
            result = lx_usage_error("update takes one interface: lyncxdp update IFACE [OPTION]...");
        else if (options.watch && options.try_seconds)
            result = lx_usage_error("--watch puts in force for good what --try would only try; leave one of them out");
        else
            result = options.watch ? lx_watch_loop(&change) : lx_change_policy(&change);
    }
    lx_words_free(&given);
    lx_policy_options_free(&options.policy);
    lx_words_free(&options.with);
    return result;
}
