/* SPDX-License-Identifier: GPL-2.0-only */
/* A line for each frame as it is read, however many there are, and the counters that they would have left behind. */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_file.h"
#include "user/cli/print/counters_text.h"
#include "user/cli/print/output.h"
#include "user/core/report/report_counters.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_sample.h"

/* The longest frame that is judged: what kernels merge is not longer (BIG TCP). */
#define LONGEST (8 * 65536)

struct replay {
    const struct lx_judge *judge;
    bool json;
    uint64_t frames, not_judged, other_way;
    struct lx_counters *counters; /* by hook */
    uint8_t frame[LONGEST];
};

/* --- The summary --- */

static void count(struct lx_counter *counter, uint32_t bytes)
{
    counter->packets++;
    counter->bytes += bytes;
}

/* As the programs count, but that reason `row` is summed up at once. */
static void count_frame(struct replay *replay, const struct lx_sample *sample)
{
    struct lx_judgement judgement = lx_judgement_unpack(sample->judgement);
    struct lx_counters *counters = &replay->counters[sample->hook];
    bool drop = lx_reason_verdict(judgement.reason) == LX_DROP;
    unsigned transport = sample->protocol == IPPROTO_UDP ? LX_UDP : LX_TCP;

    if (judgement.row < LX_ROW_SLOTS)
        count(&counters->rows[judgement.row], sample->length);
    count(drop && sample->passes ? &counters->would_drop_reasons[judgement.reason]
                                 : &counters->reasons[judgement.reason],
          sample->length);
    if (drop && sample->has_ports)
        (sample->passes ? counters->would_drop : counters->dropped)[transport][sample->destination_port]++;
}

/* What it says of one hook, and of all frames. */
static json_t *summary_of(const struct replay *replay, enum lx_hook hook)
{
    const struct lx_judge *judge = replay->judge;
    struct lx_metadata metadata = {0};
    json_t *report;

    snprintf(metadata.interface, sizeof(metadata.interface), "%s", judge->name);
    report = lx_report_counters(&metadata, hook, &replay->counters[hook], judge->labels);
    if (report && !json_object_set_new(report, "interface", json_string(judge->name)) &&
        !json_object_set_new(report, "not_judged", json_integer((json_int_t)replay->not_judged)) &&
        !json_object_set_new(report, "other_way",
                             judge->addresses_known ? json_integer((json_int_t)replay->other_way) : json_null()))
        return report;
    json_decref(report);
    return NULL;
}

static bool judges(const struct lx_judge *judge, enum lx_hook hook)
{
    return judge->hooks >> hook & 1;
}

static bool judges_both_ways(const struct lx_judge *judge)
{
    return judges(judge, LX_HOOK_TO_ROLE) && judges(judge, LX_HOOK_FROM_ROLE);
}

/* What nobody should take for the whole truth. */
static void print_doubts(const struct replay *replay)
{
    if (replay->not_judged)
        lx_print("(%" PRIu64 " frame%s not judged: longer than the kernel takes in a test run)\n", replay->not_judged,
                 replay->not_judged == 1 ? " was" : "s were");
    if (judges(replay->judge, LX_HOOK_FROM_ROLE) || !replay->frames)
        return;
    if (!replay->judge->addresses_known)
        puts("(every packet was judged as one on its way to the role, and replies to the role as if it had not "
             "asked;\n"
             " --both-ways does better, where the policy knows the role's addresses: --set self=ADDRESS)");
    else if (replay->other_way)
        lx_print("(%" PRIu64
                 " packets come from the role's own addresses and were judged as if they arrived, what answers\n"
                 " them as if the role had not asked; --both-ways judges them as what the role sends, and lets replies "
                 "in)\n",
                 replay->other_way);
}

static int print_json_summary(json_t *reports)
{
    static const char *const names[] = {"summary", "summary_from_role"};
    int failed = 0;

    fputs("\n]", stdout);
    for (size_t i = 0; i < 2 && i < json_array_size(reports) && !failed; i++) {
        lx_print(",\n\"%s\": ", names[i]);
        failed = json_dumpf(json_array_get(reports, i), stdout, JSON_INDENT(2));
    }
    puts("}");
    return failed ? LX_EXIT_FAILED : LX_EXIT_DONE;
}

static int print_summary(const struct replay *replay)
{
    json_t *reports = json_array();
    int result = LX_EXIT_DONE;

    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT && result == LX_EXIT_DONE; hook++)
        if (judges(replay->judge, hook) && lx_json_add(reports, summary_of(replay, hook)))
            result = lx_memory_error();
    if (result == LX_EXIT_DONE && replay->json) {
        result = print_json_summary(reports);
    } else if (result == LX_EXIT_DONE) {
        putchar('\n');
        result = lx_print_counters(reports, LX_BY_ALL, false);
        print_doubts(replay);
    }
    json_decref(reports);
    return result;
}

/* --- One frame --- */

/* As `explain` reports one packet: a verdict is a verdict, whether or not anything is dropped for it. */
static int print_json(const struct replay *replay, json_t *report, const struct lx_sample *sample)
{
    struct lx_judgement judgement = lx_judgement_unpack(sample->judgement);
    bool drop = lx_reason_verdict(judgement.reason) == LX_DROP, known = judgement.row < LX_ROW_SLOTS;
    int error = json_object_set_new(report, "number", json_integer((json_int_t)replay->frames));

    error = error ?: json_object_set_new(report, "verdict", json_string(drop ? "drop" : "pass"));
    error = error ?: json_object_set_new(report, "would_drop", json_boolean(drop && sample->passes));
    error = error
                ?: json_object_set_new(report, "source",
                                       lx_json_text(known ? replay->judge->labels[judgement.row].source : NULL));
    error = error
                ?: json_object_set_new(report, "override",
                                       lx_json_text(known ? replay->judge->labels[judgement.row].override : NULL));
    fputs(replay->frames > 1 ? ",\n" : "\n", stdout);
    return error || json_dumpf(report, stdout, JSON_COMPACT) ? LX_EXIT_FAILED : LX_EXIT_DONE;
}

/* "12  pass  row  av-edge/external/stun-udp-in  udp 203.0.113.9:4711 > 192.0.2.1:3478" */
static void print_line(const struct replay *replay, const json_t *report)
{
    const char *row = json_string_value(json_object_get(report, "row"));
    const char *from = json_string_value(json_object_get(report, "from"));

    lx_print("%6" PRIu64 "  %-10s  %-14s  ", replay->frames, json_string_value(json_object_get(report, "verdict")),
             json_string_value(json_object_get(report, "reason")));
    if (judges_both_ways(replay->judge))
        lx_print("%-9s  ", json_string_value(json_object_get(report, "hook")));
    fputs(json_string_value(json_object_get(report, "transport")), stdout);
    if (from)
        lx_print(" %s > %s", from, json_string_value(json_object_get(report, "to")));
    lx_print("%s%s\n", row ? "  " : "", row ?: "");
}

static int show_frame(const struct replay *replay, const struct lx_sample *sample, uint64_t time)
{
    struct lx_judgement judgement = lx_judgement_unpack(sample->judgement);
    const struct lx_sampled sampled = {
        .sample = sample,
        .interface = replay->judge->name,
        .time = time,
        .row = judgement.row < LX_ROW_SLOTS ? replay->judge->labels[judgement.row].id : NULL,
    };
    json_t *report = lx_report_sample(&sampled);
    int result = LX_EXIT_DONE;

    if (!report)
        return lx_memory_error();
    if (replay->json)
        result = print_json(replay, report, sample);
    else
        print_line(replay, report);
    json_decref(report);
    return result;
}

/* Judges a frame by what is there of it and zeroes behind that: no verdict depends on what an application sends. */
static int replay_frame(struct replay *replay, const struct lx_captured *captured)
{
    size_t length = captured->length < LONGEST ? captured->length : LONGEST;
    size_t there = captured->captured < length ? captured->captured : length;
    struct lx_question question = {replay->frame, length, captured->time};
    struct lx_answer answer = {judges(replay->judge, LX_HOOK_TO_ROLE) ? LX_HOOK_TO_ROLE : LX_HOOK_FROM_ROLE,
                               {.reason = LX_REASON_SHORT_FRAME, .row = LX_NO_ROW},
                               false};
    struct lx_sample sample = {0};
    int result = LX_EXIT_DONE;

    replay->frames++;
    memcpy(replay->frame, captured->bytes, there);
    memset(replay->frame + there, 0, length - there);
    if (length >= 14)
        result = replay->judge->judge(replay->judge->context, &question, &answer);
    if (result == LX_NOT_JUDGED) {
        replay->not_judged++;
        return LX_EXIT_DONE;
    }
    if (result != LX_EXIT_DONE)
        return result;
    replay->other_way += answer.other_way;
    lx_sample_read(replay->frame, length, &sample);
    sample.hook = (uint8_t)answer.hook;
    sample.passes = replay->judge->permissive >> answer.hook & 1;
    sample.judgement = LX_JUDGEMENT(answer.judgement.reason, answer.judgement.row);
    count_frame(replay, &sample);
    return show_frame(replay, &sample, captured->time);
}

static int replay_all(struct replay *replay, struct lx_capture *capture)
{
    struct lx_captured captured;
    int result = LX_EXIT_DONE, more;

    if (replay->json)
        fputs("{\"packets\": [", stdout);
    while (result == LX_EXIT_DONE && (more = lx_capture_read(capture, &captured))) {
        if (more < 0)
            result = LX_EXIT_FAILED;
        else
            result = replay_frame(replay, &captured);
    }
    /* Of a damaged file, what could be read is summed up all the same. */
    return print_summary(replay) == LX_EXIT_DONE ? result : LX_EXIT_FAILED;
}

int lx_replay(const char *path, const struct lx_judge *judge, bool json)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    struct lx_capture *capture = NULL;
    int result;

    if (!replay || !(replay->counters = calloc(LX_HOOK_COUNT, sizeof(*replay->counters)))) {
        free(replay);
        return lx_memory_error();
    }
    replay->judge = judge;
    replay->json = json;
    result = lx_capture_open(path, &capture);
    if (result == LX_EXIT_DONE)
        result = replay_all(replay, capture);
    lx_capture_close(capture);
    free(replay->counters);
    free(replay);
    return result;
}
