/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain: the verdict on one packet, the reason and the row. Of an interface the kernel is asked, by the program that
 * filters it; of a role the same functions are run right here, without root.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/explain/explain_capture.h"
#include "user/cli/explain/nearest.h"
#include "user/cli/options/attachments.h"
#include "user/cli/options/probe_arguments.h"
#include "user/cli/policy/compiled_policy.h"
#include "user/cli/print/output.h"
#include "user/core/explain/near_miss_text.h"
#include "user/core/explain/simulation.h"
#include "user/core/image/row_slots.h"
#include "user/core/report/report_verdict.h"
#include "user/kernel/read/ask.h"
#include "verb.h"

struct explain_options {
    struct lx_policy_options policy;
    const char *flags;
    const char *mac;     /* of the role's end of the frame; NULL: any */
    const char *capture; /* a file; NULL: one packet is described */
    bool from_role;
    bool both_ways;
    bool json;
};

static const struct lx_option options_of_explain[] = {
    {"flags", "FLAG[,FLAG...]", "TCP flags of the packet", lx_take_text, offsetof(struct explain_options, flags),
     "SYN"},
    {"mac", "MAC", "MAC address at the role's end of the frame, for a neighbour that the site binds to one",
     lx_take_text, offsetof(struct explain_options, mac)},
    {"from-role", NULL, "the packet is one that the role sends", lx_take_flag,
     offsetof(struct explain_options, from_role)},
    {"pcap", "FILE", "explain every packet of a capture, and print a summary", lx_take_text,
     offsetof(struct explain_options, capture)},
    {"both-ways", NULL, "with --pcap: judge what the role sends by from-role, and let its replies in", lx_take_flag,
     offsetof(struct explain_options, both_ways)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct explain_options, json)},
};

static enum lx_hook hook_of(const struct explain_options *options)
{
    return options->from_role ? LX_HOOK_FROM_ROLE : LX_HOOK_TO_ROLE;
}

/* Prints what a member of the report says, where it says something. */
static void print_member(const json_t *report, const char *title, const char *member)
{
    const char *text = json_string_value(json_object_get(report, member));

    if (text)
        lx_print("%-8s %s\n", title, text);
}

/* "nearest  ROW would allow it, but ...", and where that row is printed. */
static void print_nearest(const json_t *nearest)
{
    const char *row = json_string_value(json_object_get(nearest, "row"));

    if (!json_is_object(nearest))
        return;
    lx_print("%-8s %s %s\n", "nearest", row ? row : "none:", json_string_value(json_object_get(nearest, "detail")));
    print_member(nearest, "source", "source");
    print_member(nearest, "override", "override");
}

static int print_explanation(const struct lx_explanation *explanation, bool json)
{
    json_t *report = lx_report_explanation(explanation);

    if (!report || json)
        return lx_print_json(report);
    print_member(report, "verdict", "verdict");
    if (json_is_true(json_object_get(report, "would_drop")))
        lx_print("%-8s %s: it passes all the same, and is counted as would-drop\n",
                 explanation->audit ? "audit" : "egress", explanation->audit ? "on" : "track");
    lx_print("%-8s %s: %s\n", "reason", json_string_value(json_object_get(report, "reason")),
             json_string_value(json_object_get(report, "meaning")));
    print_member(report, "row", "row");
    print_member(report, "source", "source");
    print_member(report, "override", "override");
    print_nearest(json_object_get(report, "nearest"));
    json_decref(report);
    return LX_EXIT_DONE;
}

/* The row of a slot in a compiled policy; NULL when there is none. */
static const struct lx_row *row_of_slot(const struct lx_policy *policy, uint32_t slot)
{
    for (size_t i = 0; slot != LX_NO_ROW && i < policy->rule_count; i++)
        if (policy->rules[i].slot == slot)
            return policy->rules[i].row;
    return NULL;
}

/* True when a row would have let a packet in: without ports, there are other reasons for there being none. */
static bool is_missed(const struct lx_probe *probe, uint32_t reason)
{
    return reason == LX_REASON_NO_ROW ||
           (probe->transport == LX_PORTLESS && (reason == LX_REASON_TRANSPORT || reason == LX_REASON_BUILT_IN_OFF));
}

/* Prints the explanation of a packet that no row allows, with the row that comes nearest. */
static int explain_miss(const struct lx_tables *tables, const struct explain_options *options,
                        const struct lx_explanation *explanation)
{
    const struct lx_site *site = tables->has_site ? &tables->site : NULL;
    struct lx_request request = lx_policy_request(tables, &options->policy);
    struct lx_near_rows near_rows = {0};
    struct lx_explanation explained = *explanation;
    struct lx_near_miss nearest = {0};
    char *text = NULL;
    int result;

    if (!lx_near_rows_gather(tables->files, site, &request, &near_rows)) {
        nearest = lx_near_miss_find(&near_rows, explanation->probe, explanation->hook);
        text = lx_near_miss_text(&nearest, explanation->probe, &request, site);
    }
    explained.nearest = &nearest;
    explained.nearest_text = text;
    result = text ? print_explanation(&explained, options->json) : lx_memory_error();
    free(text);
    lx_near_rows_free(&near_rows);
    return result;
}

/* The frame of the packet that is asked about; returns its length. */
static size_t frame_of(const struct explain_options *options, const struct lx_probe *probe,
                       uint8_t frame[LX_PROBE_FRAME])
{
    size_t length = lx_probe_frame(probe, frame);

    if (options->mac)
        lx_card_parse(options->mac, frame + (options->from_role ? 6 : 0));
    return length;
}

static int judge(struct lx_compiled_policy *compiled_policy, const struct explain_options *options,
                 const struct lx_probe *probe)
{
    struct lx_explanation explanation = {
        .probe = probe, .hook = hook_of(options), .egress = compiled_policy->policy.egress};
    uint8_t frame[LX_PROBE_FRAME];
    struct lx_judgement judgement;
    const struct lx_row *row;
    int result = lx_compiled_policy_build(compiled_policy);

    if (result != LX_EXIT_DONE)
        return result;
    judgement = lx_judge_offline(&compiled_policy->compiled, explanation.hook, frame, frame_of(options, probe, frame));
    row = row_of_slot(&compiled_policy->policy, judgement.row);
    explanation.reason = judgement.reason;
    explanation.row = row ? row->id : NULL;
    explanation.source = row ? row->source : NULL;
    explanation.override = row ? row->override : NULL;
    if (is_missed(probe, judgement.reason))
        return explain_miss(&compiled_policy->tables, options, &explanation);
    return print_explanation(&explanation, options->json);
}

static int explain_role(const struct explain_options *options, const struct lx_probe *probe)
{
    struct lx_compiled_policy compiled_policy = {0};
    int result = lx_compose(&options->policy, false, &compiled_policy);

    if (result == LX_EXIT_DONE)
        result = judge(&compiled_policy, options, probe);
    lx_compiled_policy_free(&compiled_policy);
    return result;
}

/*
 * The rows of an attachment are in its image, which has no room for those that would come near: they are composed from
 * what it was asked for. Without them the verdict is reported all the same.
 */
static int explain_published_miss(const struct lx_attachment *attachment, const struct explain_options *options,
                                  const struct lx_explanation *explanation)
{
    struct lx_nearest *nearest = lx_nearest_open("explain", attachment);
    struct lx_explanation explained = *explanation;
    struct lx_near_miss miss;
    char *text = NULL;
    int result;

    if (nearest) {
        miss = lx_nearest_find(nearest, explanation->probe, explanation->hook, &text);
        explained.nearest = &miss;
        explained.nearest_text = text;
    }
    result = print_explanation(&explained, options->json);
    free(text);
    lx_nearest_close(nearest);
    return result;
}

static int ask(struct lx_attachment *attachment, const struct explain_options *options, const struct lx_probe *probe)
{
    struct lx_explanation explanation = {.probe = probe,
                                         .hook = hook_of(options),
                                         .egress = attachment->publication.egress,
                                         .audit = attachment->publication.audit};
    const uint16_t vlans[2] = {(uint16_t)attachment->metadata.vlan};
    struct lx_row_label *labels = NULL;
    uint8_t frame[LX_PROBE_FRAME], tagged[LX_PROBE_FRAME + LX_PROBE_TAGS];
    size_t length = lx_probe_tag(frame, frame_of(options, probe, frame), vlans, tagged);
    struct lx_failure failure;
    struct lx_judgement answer;
    int result;

    if (!lx_attachment_has_hook(attachment, explanation.hook)) {
        lx_print_error("what the role sends through %s is not looked at: its egress is off",
                       lx_called(attachment->metadata.interface, attachment->metadata.vlan).text);
        return LX_EXIT_FAILED;
    }
    if (lx_attachment_ask(attachment, explanation.hook, tagged, length, &answer, &failure) ||
        lx_attachment_labels(attachment, &labels, &failure))
        return lx_print_failure(&failure);
    explanation.reason = answer.reason;
    if (answer.row < LX_ROW_SLOTS) {
        explanation.row = labels[answer.row].id;
        explanation.source = labels[answer.row].source;
        explanation.override = labels[answer.row].override;
    }
    if (is_missed(probe, answer.reason))
        result = explain_published_miss(attachment, options, &explanation);
    else
        result = print_explanation(&explanation, options->json);
    free(labels);
    return result;
}

static int explain_interface(const struct explain_options *options, const char *name, const struct lx_probe *probe)
{
    struct lx_attachment attachment;
    int result = lx_open_attachment(name, &attachment);

    if (result != LX_EXIT_DONE)
        return result;
    result = ask(&attachment, options, probe);
    lx_attachment_close(&attachment);
    return result;
}

static int run_capture(const struct explain_options *options, const struct lx_arguments *arguments, bool offline)
{
    const struct lx_capture_question question = {
        .path = options->capture, .hook = hook_of(options), .both_ways = options->both_ways, .json = options->json};

    if (options->flags)
        return lx_usage_error("the packets of a capture have their own TCP flags; leave out --flags");
    if (options->both_ways && options->from_role)
        return lx_usage_error("--both-ways finds out which packets the role sends; leave out --from-role");
    if (arguments->count != (offline ? 0 : 1))
        return lx_usage_error("with --pcap, explain takes %s",
                              offline ? "no more arguments" : "an interface or --role");
    return offline ? lx_explain_capture_by_role(&question, &options->policy)
                   : lx_explain_capture_by_interface(&question, arguments->items[0]);
}

static int run(const struct explain_options *options, const struct lx_arguments *arguments)
{
    bool offline = options->policy.roles.count != 0;
    struct lx_probe probe;
    int result;

    if (!offline && lx_policy_options_given(&options->policy))
        return lx_usage_error("these options describe a policy of a role: name it with --role, and no interface");
    if (options->capture)
        return run_capture(options, arguments, offline);
    if (options->both_ways)
        return lx_usage_error("--both-ways is about a capture: name it with --pcap");
    if (arguments->count != (offline ? 3 : 4))
        return lx_usage_error(offline ? "explain takes a packet: TRANSPORT SRC[:PORT] DST[:PORT] (and with --role no "
                                        "interface)"
                                      : "explain takes an interface or --role, and a packet: TRANSPORT SRC[:PORT] "
                                        "DST[:PORT]");
    if (options->mac && !lx_card_parse(options->mac, (uint8_t[6]){0}))
        return lx_usage_error("'%s' is not the MAC address of a card; write one like 52:54:00:12:34:56", options->mac);
    result = lx_probe_read(arguments->items + !offline, options->flags, &probe);
    if (result != LX_EXIT_DONE)
        return result;
    return offline ? explain_role(options, &probe) : explain_interface(options, arguments->items[0], &probe);
}

int lx_verb_explain(int argc, char **argv)
{
    struct explain_options options = {0};
    const struct lx_option_set sets[] = {lx_policy_option_set(&options.policy),
                                         LX_OPTION_SET(options_of_explain, &options)};
    struct lx_arguments arguments;
    int result;

    if (lx_options_read(argc, argv, sets, 2, &arguments, &result))
        result = run(&options, &arguments);
    lx_policy_options_free(&options.policy);
    return result;
}
