/* SPDX-License-Identifier: GPL-2.0-only */
/* top: a live view of what is let through and dropped, for as long as somebody looks. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "counters_report.h"
#include "status_report.h"
#include "user/cli/options/attachments.h"
#include "user/cli/print/output.h"
#include "user/cli/print/top_screen.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_rates.h"
#include "user/kernel/process/clock.h"
#include "verb.h"

#define PAUSE 1

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static double now(void)
{
    return (double)lx_elapsed_ns() / 1e9;
}

/* What was read at one moment. */
struct look {
    json_t *reports, *statuses;
    double time;
};

static void forget(struct look *look)
{
    json_decref(look->reports);
    json_decref(look->statuses);
    *look = (struct look){0};
}

static int take_look(const struct lx_arguments *arguments, const struct look *before, struct look *look)
{
    int result;

    look->time = now();
    result = lx_counters_report(arguments, &look->reports);
    if (result == LX_EXIT_DONE)
        result = lx_status_report(arguments, &look->statuses);
    if (result == LX_EXIT_DONE && lx_report_rates(look->reports, before->reports, look->time - before->time))
        result = lx_memory_error();
    return result;
}

/* Until it is time for the next look. Returns false when the view is to end. */
static bool stay(struct lx_top *top, const struct look *look)
{
    double left;

    while (!ended && (left = look->time + PAUSE - now()) > 0) {
        lx_top_draw(top, look->reports, look->statuses, PAUSE);
        if (!lx_top_wait(top, json_array_size(look->reports), (int)(left * 1000) + 1))
            return false;
    }
    return !ended;
}

/* What goes wrong is said when the terminal is itself again: a line on a screen that goes would be seen by nobody. */
static int view(const struct lx_arguments *arguments)
{
    struct look look = {0}, next = {0};
    struct lx_top top = {0};
    int result = take_look(arguments, &next, &look);

    if (result == LX_EXIT_DONE && !lx_top_open(&top)) {
        lx_print_error("this terminal (TERM=%s) cannot show it; lyncxdp counters --watch needs less",
                       getenv("TERM") ?: "");
        result = LX_EXIT_FAILED;
    }
    if (result != LX_EXIT_DONE) {
        forget(&look);
        return result;
    }
    while (result == LX_EXIT_DONE && stay(&top, &look)) {
        result = take_look(arguments, &look, &next);
        forget(&look);
        look = next;
        next = (struct look){0};
    }
    lx_top_close(&top);
    forget(&look);
    if (result != LX_EXIT_DONE) /* it was said on the screen that is gone */
        result = take_look(arguments, &next, &look);
    forget(&look);
    return result;
}

int lx_verb_top(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = end};
    struct lx_arguments arguments;
    int result;

    if (!lx_options_read(argc, argv, NULL, 0, &arguments, &result))
        return result;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        lx_print_error("top needs a terminal; lyncxdp counters --watch does not");
        return LX_EXIT_FAILED;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    return view(&arguments);
}
