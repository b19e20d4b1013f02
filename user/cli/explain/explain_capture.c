/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of a role, its policy is composed and judges right here; of an interface, its program is asked. To look both ways
 * takes a memory of what the role has sent, which the running program has of its own traffic: then its image judges
 * here, too.
 */
#include "explain_capture.h"

#include <errno.h>
#include <stdlib.h>

#include "replay.h"
#include "user/cli/options/attachments.h"
#include "user/cli/policy/compiled_policy.h"
#include "user/cli/print/output.h"
#include "user/core/explain/simulation.h"
#include "user/core/image/row_slots.h"
#include "user/kernel/read/ask.h"

struct judged_by {
    const struct lx_compiled *policy;
    struct lx_attachment *attachment; /* whose program judges; NULL: the policy does */
    enum lx_hook hook;
    struct lx_simulation simulation;
};

static bool knows_addresses(const struct lx_compiled *policy)
{
    return policy->image->protects;
}

static bool goes_other_way(const struct judged_by *by, const struct lx_question *question)
{
    return by->hook == LX_HOOK_TO_ROLE && knows_addresses(by->policy) &&
           lx_simulation_hook(by->policy, question->frame, question->length) == LX_HOOK_FROM_ROLE;
}

static int judge_one_way(void *context, const struct lx_question *question, struct lx_answer *answer)
{
    const struct judged_by *by = context;
    struct lx_failure failure;
    int error;

    answer->other_way = goes_other_way(by, question);
    if (!by->attachment) {
        answer->judgement = lx_judge_offline(by->policy, by->hook, question->frame, question->length);
        return LX_EXIT_DONE;
    }
    error =
        lx_attachment_ask(by->attachment, by->hook, question->frame, question->length, &answer->judgement, &failure);
    if (error == -EINVAL && question->length > LX_LONGEST_QUESTION)
        return LX_NOT_JUDGED;
    return error ? lx_print_failure(&failure) : LX_EXIT_DONE;
}

static int judge_both_ways(void *context, const struct lx_question *question, struct lx_answer *answer)
{
    struct judged_by *by = context;

    answer->hook = lx_simulation_hook(by->policy, question->frame, question->length);
    return lx_simulation_judge(&by->simulation, by->policy, answer->hook, question->frame, question->length,
                               question->time, &answer->judgement)
               ? lx_memory_error()
               : LX_EXIT_DONE;
}

static int check_both_ways(const struct lx_compiled *policy)
{
    if (!knows_addresses(policy))
        return lx_usage_error("--both-ways takes a policy that knows which addresses are the role's: name them with "
                              "--set self=ADDRESS or in the site");
    if (policy->image->egress == LX_EGRESS_OFF)
        return lx_usage_error("with egress off what the role sends is not filtered, and no reply to it is let in: "
                              "leave out --both-ways");
    return LX_EXIT_DONE;
}

static int replay(const struct lx_capture_question *question, struct judged_by *by, const char *name,
                  const struct lx_row_label *labels)
{
    struct lx_judge judge = {
        .judge = question->both_ways ? judge_both_ways : judge_one_way,
        .context = by,
        .name = name,
        .hooks = question->both_ways ? 1u << LX_HOOK_TO_ROLE | 1u << LX_HOOK_FROM_ROLE : 1u << question->hook,
        .permissive = by->policy->image->permissive,
        .addresses_known = knows_addresses(by->policy),
        .labels = labels,
    };
    int result = question->both_ways ? check_both_ways(by->policy) : LX_EXIT_DONE;

    if (result == LX_EXIT_DONE)
        result = lx_replay(question->path, &judge, question->json);
    lx_simulation_free(&by->simulation);
    return result;
}

int lx_explain_capture_by_role(const struct lx_capture_question *question, const struct lx_policy_options *options)
{
    struct lx_row_label *labels = calloc(LX_ROW_SLOTS, sizeof(*labels));
    struct lx_compiled_policy compiled_policy = {0};
    struct judged_by by = {.policy = &compiled_policy.compiled, .hook = question->hook};
    int result = labels ? lx_compose(options, false, &compiled_policy) : lx_memory_error();

    if (result == LX_EXIT_DONE)
        result = lx_compiled_policy_build(&compiled_policy);
    if (result == LX_EXIT_DONE) {
        for (size_t i = 0; i < compiled_policy.policy.rule_count; i++)
            lx_row_label(compiled_policy.policy.rules[i].row, &labels[compiled_policy.policy.rules[i].slot]);
        result = replay(question, &by, options->roles.items[0], labels);
    }
    lx_compiled_policy_free(&compiled_policy);
    free(labels);
    return result;
}

static int by_attachment(const struct lx_capture_question *question, struct lx_attachment *attachment)
{
    struct lx_compiled policy = {0};
    struct judged_by by = {
        .policy = &policy, .attachment = question->both_ways ? NULL : attachment, .hook = question->hook};
    struct lx_row_label *labels = NULL;
    struct lx_failure failure;
    int result;

    if (lx_attachment_labels(attachment, &labels, &failure) || lx_attachment_image(attachment, &policy, &failure))
        result = lx_print_failure(&failure);
    else
        result =
            replay(question, &by, lx_called(attachment->metadata.interface, attachment->metadata.vlan).text, labels);
    lx_compiled_free(&policy);
    free(labels);
    return result;
}

int lx_explain_capture_by_interface(const struct lx_capture_question *question, const char *name)
{
    struct lx_attachment attachment;
    int result = lx_open_attachment(name, &attachment);

    if (result != LX_EXIT_DONE)
        return result;
    result = by_attachment(question, &attachment);
    lx_attachment_close(&attachment);
    return result;
}
