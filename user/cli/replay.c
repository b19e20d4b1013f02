/* SPDX-License-Identifier: GPL-2.0-only */
/* A line for each frame as it is read, however many there are, and the counters that they would have left behind. */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/report.h"
#include "../core/report_json.h"
#include "capture_file.h"
#include "counters_text.h"
#include "output.h"

/* The longest frame that is judged. */
#define LONGEST 65600

struct replay {
    const struct lx_judge *judge;
    bool json;
    uint64_t frames, not_judged;
    struct lx_counters *counters;
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
    struct lx_counters *counters = replay->counters;
    bool drop = lx_reason_verdict(judgement.reason) == LX_DROP;
    unsigned transport = sample->protocol == IPPROTO_UDP ? LX_UDP : LX_TCP;

    if (judgement.row < LX_ROW_SLOTS)
        count(&counters->rows[judgement.row], sample->length);
    count(drop && sample->would ? &counters->would_drop_reasons[judgement.reason]
                                : &counters->reasons[judgement.reason],
          sample->length);
    if (drop && sample->has_ports)
        (sample->would ? counters->would_drop : counters->dropped)[transport][sample->destination_port]++;
}

static json_t *summary_of(const struct replay *replay)
{
    struct lx_metadata metadata = {0};
    json_t *report;

    snprintf(metadata.interface, sizeof(metadata.interface), "%s", replay->judge->name);
    report = lx_report_counters(&metadata, replay->judge->hook, replay->counters, replay->judge->labels);
    if (report && !json_object_set_new(report, "interface", json_string(replay->judge->name)) &&
        !json_object_set_new(report, "not_judged", json_integer((json_int_t)replay->not_judged)))
        return report;
    json_decref(report);
    return NULL;
}

static int print_summary(const struct replay *replay)
{
    json_t *report = summary_of(replay), *reports = report ? json_pack("[O]", report) : NULL;
    int result = reports ? LX_EXIT_DONE : lx_memory_error();

    if (reports && replay->json) {
        fputs("\n],\n\"summary\": ", stdout);
        result = json_dumpf(report, stdout, JSON_INDENT(2)) ? LX_EXIT_FAILED : LX_EXIT_DONE;
        puts("}");
    } else if (reports) {
        putchar('\n');
        result = lx_print_counters(reports, LX_BY_ALL, false);
    }
    if (replay->not_judged && !replay->json)
        printf("(%" PRIu64 " frames were not judged: longer than the kernel takes for a question)\n",
               replay->not_judged);
    json_decref(report);
    json_decref(reports);
    return result;
}

/* --- One frame --- */

/* As `explain` tells of one packet: a verdict is a verdict, whether or not anything is dropped for it. */
static int print_json(const struct replay *replay, json_t *report, const struct lx_sample *sample)
{
    struct lx_judgement judgement = lx_judgement_unpack(sample->judgement);
    bool drop = lx_reason_verdict(judgement.reason) == LX_DROP, known = judgement.row < LX_ROW_SLOTS;
    int error = json_object_set_new(report, "number", json_integer((json_int_t)replay->frames));

    error = error ?: json_object_set_new(report, "verdict", json_string(drop ? "drop" : "pass"));
    error = error ?: json_object_set_new(report, "would_drop", json_boolean(drop && sample->would));
    error = error
                ?: json_object_set_new(report, "source",
                                       lx_json_text(known ? replay->judge->labels[judgement.row].source : NULL));
    fputs(replay->frames > 1 ? ",\n" : "\n", stdout);
    return error || json_dumpf(report, stdout, JSON_COMPACT) ? LX_EXIT_FAILED : LX_EXIT_DONE;
}

/* "12  pass  row  av-edge/external/stun-udp-in  udp 203.0.113.9:4711 > 192.0.2.1:3478" */
static void print_line(const struct replay *replay, const json_t *report)
{
    const char *row = json_string_value(json_object_get(report, "row"));
    const char *from = json_string_value(json_object_get(report, "from"));

    printf("%6" PRIu64 "  %-10s  %-14s  %s", replay->frames, json_string_value(json_object_get(report, "verdict")),
           json_string_value(json_object_get(report, "reason")),
           json_string_value(json_object_get(report, "transport")));
    if (from)
        printf(" %s > %s", from, json_string_value(json_object_get(report, "to")));
    printf("%s%s\n", row ? "  " : "", row ?: "");
}

static int tell_frame(const struct replay *replay, const struct lx_sample *sample, uint64_t time)
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
    struct lx_sample sample = {.hook = (uint8_t)replay->judge->hook, .would = replay->judge->lenient};
    struct lx_judgement judgement = {.reason = LX_REASON_SHORT_FRAME, .row = LX_NO_ROW};
    int result = LX_EXIT_DONE;

    replay->frames++;
    memcpy(replay->frame, captured->bytes, there);
    memset(replay->frame + there, 0, length - there);
    if (length >= 14)
        result = replay->judge->judge(replay->judge->context, replay->frame, length, &judgement);
    if (result == LX_NOT_JUDGED) {
        replay->not_judged++;
        return LX_EXIT_DONE;
    }
    if (result != LX_EXIT_DONE)
        return result;
    lx_sample_read(replay->frame, length, &sample);
    sample.judgement = LX_JUDGEMENT(judgement.reason, judgement.row);
    count_frame(replay, &sample);
    return tell_frame(replay, &sample, captured->time);
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

    if (!replay || !(replay->counters = calloc(1, sizeof(*replay->counters)))) {
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
