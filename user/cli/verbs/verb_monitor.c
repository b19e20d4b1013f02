/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * monitor: packets as they are dropped, a few a second, with the row that comes nearest to each, and how many there
 * were besides.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/cli/explain/capture_file.h"
#include "user/cli/explain/nearest.h"
#include "user/cli/options/attachments.h"
#include "user/cli/options/monitor_options.h"
#include "user/cli/print/output.h"
#include "user/cli/print/title.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_sample.h"
#include "user/kernel/process/clock.h"
#include "user/kernel/read/sampling.h"
#include "verb.h"

#define SECOND 1000000000ull

/* An attachment that is listened to. */
struct heard_of {
    char interface[LX_INTERFACE_NAME];
    struct lx_title title;
    json_t *mark; /* owned: its network namespace, for reports; NULL: out of memory */
    struct lx_nearest *nearest;
    uint64_t ignored;  /* samples that came when enough were shown */
    uint64_t reported; /* of those that are not shown */
};

struct monitor {
    const struct lx_monitor_options *options;
    struct lx_sampling *sampling;
    struct lx_capture *capture; /* NULL: none is written */
    struct heard_of *heard_of;  /* owned */
    size_t count;
    const struct lx_arguments *arguments;
    struct lx_words directories; /* all there were when it began to listen */
    bool waiting;                /* for what is not there, and was said to be gone */
    uint64_t shown;
    int result;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

/* --- What is sampled --- */

static void print_line(const json_t *report)
{
    if (!report || json_dumpf(report, stdout, JSON_COMPACT))
        lx_memory_error();
    putchar('\n');
}

/* "16:03:12.123456 eth0 to-role drop no-row: tcp 203.0.113.9:4711 > 192.0.2.1:3389 SYN, 60 bytes" */
static void print_sample(const char *title, const json_t *report)
{
    const char *time = json_string_value(json_object_get(report, "time")), *separator = " ";
    const char *row = json_string_value(json_object_get(report, "row"));
    const char *nearest = json_string_value(json_object_get(report, "nearest"));
    const char *from = json_string_value(json_object_get(report, "from"));
    const json_t *flag;
    size_t i;

    lx_print("%s %s %s %s %s: %s", time ? time + 11 : "-", title, json_string_value(json_object_get(report, "hook")),
             json_string_value(json_object_get(report, "verdict")),
             json_string_value(json_object_get(report, "reason")),
             json_string_value(json_object_get(report, "transport")));
    if (from)
        lx_print(" %s > %s", from, json_string_value(json_object_get(report, "to")));
    json_array_foreach(json_object_get(report, "flags"), i, flag)
    {
        lx_print("%s%s", separator, json_string_value(flag));
        separator = ",";
    }
    lx_print(", %" JSON_INTEGER_FORMAT " bytes\n", json_integer_value(json_object_get(report, "bytes")));
    if (nearest)
        lx_print("    nearest %s%s%s\n", row ? row : "none: ", row ? " " : "", nearest);
}

static void show(const struct monitor *monitor, const struct heard_of *of, const struct lx_sampled *sampled)
{
    json_t *report = lx_report_sample(sampled);

    if (!report || json_object_update(report, of->mark))
        lx_memory_error();
    else if (monitor->options->json)
        print_line(report);
    else
        print_sample(of->title.text, report);
    json_decref(report);
    fflush(stdout);
}

static void on_sample(void *context, size_t index, const struct lx_sample *sample)
{
    struct monitor *monitor = context;
    struct heard_of *of = &monitor->heard_of[index];
    struct lx_sampled sampled = {.sample = sample, .interface = of->interface};
    struct lx_near_miss miss;
    struct lx_probe probe;
    char *text = NULL;

    if (monitor->options->count && monitor->shown >= monitor->options->count) {
        of->ignored++;
        return;
    }
    monitor->shown++;
    sampled.time = lx_realtime_ns() - (lx_monotonic_ns() - sample->time);
    if (monitor->capture && monitor->result == LX_EXIT_DONE)
        monitor->result = lx_capture_write(
            monitor->capture, &(struct lx_captured){sampled.time, sample->length, sample->captured, sample->bytes});
    if (monitor->options->write && !strcmp(monitor->options->write, "-"))
        return;
    if (of->nearest && lx_judgement_reason(sample->judgement) == LX_REASON_NO_ROW && lx_sample_probe(sample, &probe)) {
        miss = lx_nearest_find(of->nearest, &probe, sample->hook, &text);
        sampled.row = miss.near_row ? miss.near_row->row->id : NULL;
    }
    sampled.nearest = text;
    show(monitor, of, &sampled);
    free(text);
}

static void print_rest(const struct heard_of *of, uint64_t not_shown, uint64_t lost)
{
    json_t *report = json_pack("{s:o, s:I, s:I}", "interface", lx_json_text(of->interface), "not_shown",
                               (json_int_t)not_shown, "lost", (json_int_t)lost);

    if (report)
        json_object_update(report, of->mark);
    print_line(report);
    json_decref(report);
}

/* What there was besides, since it was said last. Returns false when it cannot be determined. */
static bool show_rest(struct monitor *monitor, size_t index)
{
    struct heard_of *of = &monitor->heard_of[index];
    struct lx_sample_counts sample_counts;
    uint64_t rest;

    if (lx_sampling_counts(monitor->sampling, index, &sample_counts))
        return false;
    /* Counted one after the other, and read while that goes on. */
    rest = sample_counts.wanted > sample_counts.samples ? sample_counts.wanted - sample_counts.samples + of->ignored
                                                        : of->ignored;
    if (rest <= of->reported)
        return true;
    if (monitor->options->json)
        print_rest(of, rest - of->reported, sample_counts.lost);
    else
        lx_print_to(stderr, "%s: %llu more, not shown\n", of->title.text, (unsigned long long)(rest - of->reported));
    fflush(stdout);
    of->reported = rest;
    return true;
}

/* --- The verb --- */

static int listen_to(const struct lx_attachment *attachment, struct monitor *monitor, struct lx_failure *failure)
{
    struct heard_of *grown = reallocarray(monitor->heard_of, monitor->count + 1, sizeof(*grown));
    struct heard_of *of;
    int error;

    if (!grown)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    monitor->heard_of = grown;
    error = lx_sampling_add(monitor->sampling, attachment, &monitor->options->filter, failure);
    if (error)
        return error;
    of = &grown[monitor->count++];
    *of = (struct heard_of){.nearest = lx_nearest_open("monitor", attachment),
                            .title = lx_attachment_title(&attachment->metadata),
                            .mark = json_object()};
    snprintf(of->interface, sizeof(of->interface), "%s", attachment->metadata.interface);
    lx_mark_place(of->mark, &attachment->metadata);
    return 0;
}

static int visit(const struct lx_attachment *attachment, void *context)
{
    struct lx_failure failure;

    return listen_to(attachment, context, &failure) ? lx_print_failure(&failure) : LX_EXIT_DONE;
}

static void forget(struct monitor *monitor)
{
    for (size_t i = 0; i < monitor->count; i++) {
        lx_nearest_close(monitor->heard_of[i].nearest);
        json_decref(monitor->heard_of[i].mark);
    }
    free(monitor->heard_of);
    monitor->heard_of = NULL;
    monitor->count = 0;
}

/* --- What comes and goes meanwhile --- */

static bool same_words(const struct lx_words *one, const struct lx_words *other)
{
    bool same = one->count == other->count;

    for (size_t i = 0; i < one->count && same; i++)
        same = lx_words_contain(other, one->items[i]);
    return same;
}

/* Remembers which attachments there are. False when they are the same as before, or it cannot be determined. */
static bool others_are_there(struct monitor *monitor)
{
    struct lx_words now = {0};
    struct lx_failure unheard;
    bool others;

    if (lx_attachments_list(&now, &unheard))
        return false;
    others = !same_words(&now, &monitor->directories);
    lx_words_free(&monitor->directories);
    monitor->directories = now;
    return others;
}

/* Warns of what is no more listened to. Returns whether there is such, or anything new to listen to. */
static bool changed(struct monitor *monitor)
{
    bool lost = false;

    for (size_t i = 0; i < monitor->count; i++) {
        if (!lx_sampling_lost(monitor->sampling, i))
            continue;
        lost = true;
        lx_print_warning("%s is not what was listened to any more: it was detached, or its programs were replaced",
                         monitor->heard_of[i].title.text);
    }
    return others_are_there(monitor) || lost || monitor->waiting;
}

/* Listens to one that is there again. What does not go this time may go the next. */
static void try_directory(struct monitor *monitor, const char *directory)
{
    struct lx_attachment attachment;
    struct lx_failure unheard;

    if (lx_attachment_open_directory(directory, &attachment, &unheard))
        return;
    monitor->waiting = listen_to(&attachment, monitor, &unheard) != 0 || monitor->waiting;
    lx_attachment_close(&attachment);
}

static void try_interface(struct monitor *monitor, const char *name)
{
    struct lx_interface interface;
    struct lx_attachment attachment;
    struct lx_failure unheard;

    monitor->waiting = true;
    if (lx_interface_find(name, &interface, &unheard) || lx_attachment_open(&interface, &attachment, &unheard))
        return;
    monitor->waiting = listen_to(&attachment, monitor, &unheard) != 0;
    lx_attachment_close(&attachment);
}

/* Begins anew with what there is now. */
static void listen_anew(struct monitor *monitor)
{
    bool waited = monitor->waiting;
    struct lx_failure failure;

    lx_sampling_stop(monitor->sampling);
    lx_sampling_wait(monitor->sampling, 0);
    forget(monitor);
    lx_sampling_close(monitor->sampling);
    monitor->sampling = NULL;
    if (lx_sampling_open(on_sample, monitor, &monitor->sampling, &failure)) {
        monitor->result = lx_print_failure(&failure);
        return;
    }
    monitor->waiting = false;
    if (monitor->arguments->count)
        try_interface(monitor, monitor->arguments->items[0]);
    for (size_t i = 0; !monitor->arguments->count && i < monitor->directories.count; i++)
        try_directory(monitor, monitor->directories.items[i]);
    for (size_t i = 0; i < monitor->count; i++)
        lx_print_warning("listening to %s", monitor->heard_of[i].title.text);
    if (!monitor->count && !waited)
        lx_print_warning("nothing is attached to be listened to; this waits until something is");
    monitor->waiting = monitor->waiting || !monitor->count;
}

static bool goes_on(const struct monitor *monitor)
{
    return !ended && monitor->result == LX_EXIT_DONE &&
           !(monitor->options->count && monitor->shown >= monitor->options->count);
}

static void listen(struct monitor *monitor)
{
    uint64_t said = lx_elapsed_ns();
    int samples = 0;

    while (goes_on(monitor)) {
        samples = lx_sampling_wait(monitor->sampling, 500);
        if (samples < 0 && samples != -EINTR) {
            lx_print_error("cannot listen any more: %s", strerror(-samples));
            monitor->result = LX_EXIT_FAILED;
        }
        if (lx_elapsed_ns() - said < SECOND)
            continue;
        said = lx_elapsed_ns();
        for (size_t i = 0; i < monitor->count; i++)
            show_rest(monitor, i);
        if (changed(monitor))
            listen_anew(monitor);
    }
    if (!monitor->sampling)
        return;
    lx_sampling_stop(monitor->sampling);
    lx_sampling_wait(monitor->sampling, 0);
    for (size_t i = 0; i < monitor->count; i++)
        show_rest(monitor, i);
}

static int run(struct monitor *monitor, const struct lx_arguments *arguments)
{
    struct sigaction action = {.sa_handler = end};
    struct lx_failure failure;
    int result = LX_EXIT_DONE;

    if (monitor->options->write)
        result = lx_capture_create(monitor->options->write, LX_SAMPLE_BYTES, &monitor->capture);
    if (result == LX_EXIT_DONE && lx_sampling_open(on_sample, monitor, &monitor->sampling, &failure))
        result = lx_print_failure(&failure);
    if (result != LX_EXIT_DONE)
        return result;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    monitor->arguments = arguments;
    others_are_there(monitor);
    result = lx_visit_attachments(arguments, visit, monitor);
    if (result == LX_EXIT_DONE && !monitor->count)
        lx_print_warning("nothing is attached");
    else if (result == LX_EXIT_DONE)
        listen(monitor);
    if (monitor->sampling)
        lx_sampling_close(monitor->sampling);
    return result != LX_EXIT_DONE ? result : monitor->result;
}

int lx_verb_monitor(int argc, char **argv)
{
    struct lx_monitor_options options = {.filter.service = LX_SAMPLE_ANY, .rate = LX_MONITOR_RATE};
    const struct lx_option_set sets[] = {lx_monitor_option_set(&options)};
    struct monitor monitor = {.options = &options};
    struct lx_arguments arguments;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    if (options.json && options.write && !strcmp(options.write, "-"))
        return lx_usage_error("--write - sends the capture where --json would go; leave one of them out");
    options.filter.interval = SECOND / options.rate;
    options.filter.burst = SECOND / 10;
    result = run(&monitor, &arguments);
    forget(&monitor);
    lx_words_free(&monitor.directories);
    lx_capture_close(monitor.capture);
    return result;
}
