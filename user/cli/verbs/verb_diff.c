/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * diff: what an update with the same options would newly allow and newly drop, before anybody makes it. Nothing is
 * changed, and no lock is taken. With --to, and no interface, what changes from one edition to another.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/options/attachments.h"
#include "user/cli/policy/policy_spec.h"
#include "user/cli/print/output.h"
#include "user/cli/print/print_diff.h"
#include "user/core/resolve/request_words.h"
#include "verb.h"

struct diff_options {
    struct lx_policy_options policy; /* as given; what counts are the words */
    const char *to;                  /* an edition, where editions are compared */
    bool json;
};

static const struct lx_option options_of_diff[] = {
    {"no-audit", NULL, "drop again what the policy does not allow", lx_take_flag,
     offsetof(struct diff_options, policy.audit)},
};

static const struct lx_option output_of_diff[] = {
    {"to", "EDITION", "compare --edition with this one, for a --role; no interface", lx_take_text,
     offsetof(struct diff_options, to)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct diff_options, json)},
};

/* What files said when the policy was put in force is not kept, only what it came to, as a digest. */
static void warn_of_changes(const struct lx_publication *now, const struct lx_policy_spec *before, const char *name)
{
    uint64_t digest = lx_policy_digest(&before->compiled_policy.policy);

    if (digest == now->digest)
        return;
    lx_print_warning(
        "the files have changed since generation %llu of %s was put in force (digest %016llx then, %016llx "
        "now): what that change itself allows and drops is not known, and not in what follows",
        (unsigned long long)now->generation, name, (unsigned long long)now->digest, (unsigned long long)digest);
}

static int compare(const char *name, const struct lx_attachment *attachment, const struct lx_words *given, bool json)
{
    const struct lx_publication *now = &attachment->publication;
    struct lx_policy_spec before = {.is_inline = attachment->metadata.pair_ifindex != 0,
                                    .vlan = attachment->metadata.vlan},
                          after = before;
    int error = lx_request_published(now, &before.words);
    int result = LX_EXIT_FAILED;

    if (error == -EINVAL)
        lx_print_error("cannot read the options that %s got its policy by: the pins are damaged", name);
    else if (error || lx_request_merge(&before.words, given, &after.words))
        result = lx_memory_error();
    else
        result = lx_policy_spec_compose("diff", name, &after);
    if (result == LX_EXIT_DONE)
        result = lx_policy_spec_compose("diff", name, &before);
    if (result == LX_EXIT_DONE) {
        warn_of_changes(now, &before, name);
        result = lx_print_diff(&before.compiled_policy.policy, &after.compiled_policy.policy, json);
    }
    lx_policy_spec_free(&before);
    lx_policy_spec_free(&after);
    return result;
}

static int run(const char *name, const struct lx_words *given, bool json)
{
    struct lx_attachment attachment;
    int result = lx_open_attachment(name, &attachment);

    if (result != LX_EXIT_DONE)
        return result;
    result = compare(name, &attachment, given, json);
    lx_attachment_close(&attachment);
    return result;
}

static bool names_role(const struct lx_words *given)
{
    for (size_t i = 0; i < given->count; i++)
        if (!strncmp(given->items[i], "--role=", strlen("--role=")))
            return true;
    return false;
}

/* The same options for two editions. */
static int compare_editions(const struct lx_words *given, const struct diff_options *options)
{
    struct lx_policy_spec before = {.is_inline = false}, after = before;
    struct lx_words none = {0}, to = {0};
    int result = LX_EXIT_DONE;
    char *word = NULL;

    if (asprintf(&word, "--edition=%s", options->to) < 0 || lx_words_add(&to, word) ||
        lx_request_merge(&none, given, &before.words) || lx_request_merge(given, &to, &after.words))
        result = lx_memory_error();
    if (result == LX_EXIT_DONE)
        result = lx_policy_spec_compose("diff", "", &before);
    if (result == LX_EXIT_DONE)
        result = lx_policy_spec_compose("diff", "", &after);
    if (result == LX_EXIT_DONE)
        result = lx_print_diff(&before.compiled_policy.policy, &after.compiled_policy.policy, options->json);
    lx_policy_spec_free(&before);
    lx_policy_spec_free(&after);
    lx_words_free(&to);
    free(word);
    return result;
}

int lx_verb_diff(int argc, char **argv)
{
    struct lx_words given = {0};
    struct diff_options options = {0};
    const struct lx_option_set back = LX_OPTION_SET(options_of_diff, &options);
    struct lx_option_set sets[] = {[LX_CHANGE_OPTION_SETS] = LX_OPTION_SET(output_of_diff, &options)};
    struct lx_arguments arguments;
    int result;

    lx_change_option_sets(&options.policy, &given, &back, sets);
    if (lx_options_read(argc, argv, sets, LX_CHANGE_OPTION_SETS + 1, &arguments, &result)) {
        if (options.to && (arguments.count || !names_role(&given)))
            result = lx_usage_error("diff --to compares editions: lyncxdp diff --role ROLE --edition EDITION --to "
                                    "EDITION, without an interface");
        else if (options.to)
            result = compare_editions(&given, &options);
        else if (arguments.count != 1)
            result = lx_usage_error("diff takes one interface: lyncxdp diff IFACE [OPTION]...");
        else
            result = run(arguments.items[0], &given, options.json);
    }
    lx_words_free(&given);
    lx_policy_options_free(&options.policy);
    return result;
}
