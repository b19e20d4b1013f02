/* SPDX-License-Identifier: GPL-2.0-only */
/* counters: what an attachment has let through and dropped, by row, by reason and by dropped port; once, or as it
 * grows. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "counters_report.h"
#include "user/cli/print/counters_text.h"
#include "user/cli/print/output.h"
#include "user/core/report/report_rates.h"
#include "user/kernel/process/clock.h"
#include "verb.h"

/* Seconds from one look to the next. */
#define PAUSE 1

struct counters_options {
    enum lx_breakdown by;
    bool json, watch;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static int take_breakdown(void *field, const char *value)
{
    static const char *const names[] = {[LX_BY_ROW] = "row", [LX_BY_REASON] = "reason", [LX_BY_PORT] = "port"};

    for (size_t i = LX_BY_ROW; i < sizeof(names) / sizeof(*names); i++) {
        if (!strcmp(value, names[i])) {
            *(enum lx_breakdown *)field = (enum lx_breakdown)i;
            return LX_EXIT_DONE;
        }
    }
    return lx_usage_error("--by '%s': write row, port or reason", value);
}

static const struct lx_option options_of_counters[] = {
    {"by", "row|port|reason", "print only this table, in full", take_breakdown, offsetof(struct counters_options, by)},
    {"watch", NULL, "print again every second, with rates", lx_take_flag, offsetof(struct counters_options, watch)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct counters_options, json)},
};

static double now(void)
{
    return (double)lx_elapsed_ns() / 1e9;
}

/* On a terminal in the place of what was printed before, elsewhere behind it; a line of JSON. */
static int print_again(const json_t *reports, const struct counters_options *options)
{
    int result;

    if (options->json) {
        result = json_dumpf(reports, stdout, JSON_COMPACT) ? LX_EXIT_FAILED : LX_EXIT_DONE;
        putchar('\n');
    } else {
        if (isatty(STDOUT_FILENO))
            fputs("\033[H\033[J", stdout);
        result = lx_print_counters(reports, options->by, true);
    }
    return fflush(stdout) || ferror(stdout) ? LX_EXIT_FAILED : result;
}

static int watch(const struct lx_arguments *arguments, const struct counters_options *options)
{
    struct sigaction action = {.sa_handler = end};
    json_t *before = NULL, *reports;
    double then = 0, time;
    int result = LX_EXIT_DONE;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    while (result == LX_EXIT_DONE && !ended) {
        time = now();
        result = lx_counters_report(arguments, &reports);
        if (result == LX_EXIT_DONE && lx_report_rates(reports, before, time - then))
            result = lx_memory_error();
        if (result == LX_EXIT_DONE)
            result = print_again(reports, options);
        json_decref(before);
        before = reports;
        then = time;
        if (result == LX_EXIT_DONE && !ended)
            sleep(PAUSE);
    }
    json_decref(before);
    return result;
}

static int print_once(const struct lx_arguments *arguments, const struct counters_options *options)
{
    int result, printed = LX_EXIT_DONE;
    json_t *reports;

    result = lx_counters_report(arguments, &reports);
    if (reports && (result == LX_EXIT_DONE || json_array_size(reports)))
        printed = options->json ? lx_print_json(json_incref(reports)) : lx_print_counters(reports, options->by, false);
    json_decref(reports);
    return result != LX_EXIT_DONE ? result : printed;
}

int lx_verb_counters(int argc, char **argv)
{
    struct counters_options options = {0};
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_counters, &options)};
    struct lx_arguments arguments;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    return options.watch ? watch(&arguments, &options) : print_once(&arguments, &options);
}
