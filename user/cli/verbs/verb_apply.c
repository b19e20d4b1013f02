/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * apply: brings every interface of this network namespace to the state that a file declares, all of them or none, or
 * each by itself, as at boot. What is as declared is left alone, so that doing it twice is doing it once.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/cli/change/execute.h"
#include "user/cli/change/lasting.h"
#include "user/cli/policy/editions.h"
#include "user/cli/policy/expected.h"
#include "user/cli/print/output.h"
#include "user/core/report/report_json.h"
#include "user/core/text/number.h"
#include "user/kernel/process/clock.h"
#include "verb.h"

#define LONGEST_WAIT 3600
#define PAUSE_MS 100

struct apply_options {
    const char *file;
    uint32_t wait_seconds;
    bool each, dry_run, force, json;
    int argc; /* what was typed, from the verb on */
    char **argv;
};

static int take_wait(void *field, const char *value)
{
    if (lx_number_parse(value, 0, LONGEST_WAIT, field))
        return LX_EXIT_DONE;
    return lx_usage_error("--wait '%s': write a number of seconds from 0 to %d", value, LONGEST_WAIT);
}

static const struct lx_option options_of_apply[] = {
    {"file", "FILE", "declaration to apply", lx_take_text, offsetof(struct apply_options, file),
     LX_DEFAULT_DECLARATION},
    {"each", NULL, "each interface by itself: one that fails does not stop the others", lx_take_flag,
     offsetof(struct apply_options, each)},
    {"dry-run", NULL, "show what would be done, and do nothing", lx_take_flag, offsetof(struct apply_options, dry_run)},
    {"wait", "SECONDS", "wait for interfaces that are not there yet", take_wait,
     offsetof(struct apply_options, wait_seconds)},
    {"force", NULL, "apply even if this cuts your SSH session or would drop everything", lx_take_flag,
     offsetof(struct apply_options, force)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct apply_options, json)},
};

static int read_declaration(const struct apply_options *options, struct lx_declaration *declaration)
{
    struct lx_diagnostics diagnostics = {0};
    const char *path = options->file;
    FILE *stream = lx_open_input(path);
    int error;

    if (!stream)
        return LX_EXIT_POLICY;
    error = options->each ? lx_declaration_read_each(stream, path, declaration, &diagnostics)
                          : lx_declaration_read(stream, path, declaration, &diagnostics);
    fclose(stream);
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    return lx_read_exit(error, path);
}

static bool is_missing(const char *name, size_t length)
{
    struct lx_interface interface;
    struct lx_failure unheard;
    char text[128];

    snprintf(text, sizeof(text), "%.*s", (int)length, name);
    return lx_interface_find(text, &interface, &unheard);
}

/* The interface of a declared one, or of what belongs to it, that is not there; NULL when it is. */
static const char *missing_of(const struct lx_declared *declared)
{
    if (is_missing(declared->interface, strlen(declared->interface)))
        return declared->interface;
    for (size_t i = 0; i < declared->with.count; i++) {
        const char *name = declared->with.items[i], *inner = strchr(name, ':');

        if (is_missing(name, strcspn(name, ":")) || (inner && is_missing(inner + 1, strlen(inner + 1))))
            return name;
    }
    return declared->pair && is_missing(declared->pair, strlen(declared->pair)) ? declared->pair : NULL;
}

/* The first interface that is not there; NULL when all are. */
static const char *missing(const struct lx_declaration *declaration)
{
    const char *name = NULL;

    for (size_t i = 0; i < declaration->count && !name; i++)
        name = missing_of(&declaration->items[i]);
    return name;
}

static int wait_for_interfaces(const struct lx_declaration *declaration, uint32_t seconds)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    uint64_t deadline = lx_monotonic_ms() + seconds * 1000ull;
    const char *name;

    while ((name = missing(declaration)) && lx_monotonic_ms() < deadline)
        nanosleep(&pause, NULL);
    if (!name || !seconds)
        return LX_EXIT_DONE; /* which one is missing, and where it is declared, is reported with the plan */
    lx_print_error("%s has not appeared in %u s; nothing was changed", name, seconds);
    return LX_EXIT_FAILED;
}

/* Takes `interfaces`. */
static int print_report(json_t *interfaces, const struct apply_options *options, bool applied)
{
    return lx_print_json(json_pack("{s:s, s:b, s:b, s:o}", "file", options->file, "dry_run", options->dry_run,
                                   "applied", applied, "interfaces", interfaces));
}

/* An interrupted plan would be half a plan: who interrupts waits until it is whole. */
static int execute(struct lx_plan *plan, const struct apply_options *options)
{
    sigset_t held, before;
    int result;

    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGPIPE);
    sigprocmask(SIG_BLOCK, &held, &before);
    result = options->each ? lx_plan_execute_each(plan, options->json) : lx_plan_execute(plan, options->json);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

static int apply(struct lx_plan *plan, const struct apply_options *options)
{
    int result = LX_EXIT_DONE, printed = LX_EXIT_DONE;

    if (!options->json) {
        lx_plan_print(plan);
        fflush(stdout);
    }
    if (!options->dry_run)
        result = execute(plan, options);
    if (options->json)
        printed = print_report(lx_plan_report(plan), options, !options->dry_run && result == LX_EXIT_DONE);
    return result != LX_EXIT_DONE ? result : printed;
}

static int apply_all(const struct lx_declaration *declaration, const struct lx_intent *intent,
                     const struct apply_options *options)
{
    struct lx_plan plan = {0};
    int result = wait_for_interfaces(declaration, options->wait_seconds);

    if (result == LX_EXIT_DONE) {
        result = lx_plan_make(declaration, intent, &plan);
        if (result != LX_EXIT_DONE)
            lx_print_error("nothing was changed");
        else
            result = apply(&plan, options);
    }
    lx_plan_free(&plan);
    return result;
}

/* --- Each by itself ---------------------------------------------------------------------------------------------- */

/* Chooses those that are not settled and can be now, or all when this is the last time. Returns how many are left. */
static size_t choose(const struct lx_declaration *declaration, const bool *settled, bool last, bool *wanted)
{
    size_t left = 0;

    for (size_t i = 0; i < declaration->count; i++) {
        const struct lx_declared *declared = &declaration->items[i];

        wanted[i] = !settled[i] && (last || declared->mistaken || !missing_of(declared));
        left += !settled[i] && !wanted[i];
    }
    return left;
}

/* Brings those that are wanted to their state, and adds what became of them to the reports. Returns an exit code. */
static int apply_some(const struct lx_declaration *declaration, const bool *wanted, bool rest,
                      const struct lx_intent *intent, const struct apply_options *options, json_t *reports)
{
    struct lx_plan plan;
    int result = lx_plan_make_each(declaration, wanted, rest, intent, &plan), done = LX_EXIT_DONE;
    json_t *report;

    if (!options->json) {
        lx_plan_print(&plan);
        fflush(stdout);
    }
    if (!options->dry_run)
        done = execute(&plan, options);
    report = lx_plan_report(&plan);
    json_array_extend(reports, report);
    json_decref(report);
    lx_plan_free(&plan);
    return result != LX_EXIT_DONE ? result : done;
}

static bool any(const bool *wanted, size_t count)
{
    bool found = false;

    for (size_t i = 0; !found && i < count; i++)
        found = wanted[i];
    return found;
}

/* Those that are there at once, and each of the others when it comes. */
static int apply_in_turns(const struct lx_declaration *declaration, bool *settled, bool *wanted,
                          const struct lx_intent *intent, const struct apply_options *options, json_t *reports)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    uint64_t deadline = lx_monotonic_ms() + options->wait_seconds * 1000ull;
    int result = LX_EXIT_DONE;
    size_t left = 1;

    for (bool first = true; left; first = false) {
        bool last = options->dry_run || lx_monotonic_ms() >= deadline;
        int one = LX_EXIT_DONE;

        left = choose(declaration, settled, last, wanted);
        if (first || any(wanted, declaration->count))
            one = apply_some(declaration, wanted, first, intent, options, reports);
        for (size_t i = 0; i < declaration->count; i++)
            settled[i] = settled[i] || wanted[i];
        result = result != LX_EXIT_DONE ? result : one;
        if (left)
            nanosleep(&pause, NULL);
    }
    return result;
}

static int apply_each(const struct lx_declaration *declaration, const struct lx_intent *intent,
                      const struct apply_options *options)
{
    bool *settled = calloc(2 * declaration->count + 1, sizeof(*settled));
    json_t *reports = json_array();
    int result = LX_EXIT_FAILED, printed = LX_EXIT_DONE;

    if (settled && reports)
        result = apply_in_turns(declaration, settled, settled + declaration->count, intent, options, reports);
    else
        lx_memory_error();
    if (options->json)
        printed = print_report(json_incref(reports), options, !options->dry_run && result == LX_EXIT_DONE);
    json_decref(reports);
    free(settled);
    return result != LX_EXIT_DONE ? result : printed;
}

/* --- The verb ---------------------------------------------------------------------------------------------------- */

static int run(const struct apply_options *options)
{
    const struct lx_intent intent = {.verb = "apply", .no_trials = true, .force = options->force, .unattended = true};
    struct lx_declaration declaration = {0};
    int result = read_declaration(options, &declaration), applied = LX_EXIT_DONE;

    /* Also when it has mistakes: what it declares and is not so must not be forgotten. */
    if (options->each && !options->dry_run)
        lx_expected_remember(options->file, result == LX_EXIT_DONE && !declaration.count);
    if (result == LX_EXIT_DONE && !options->dry_run)
        result = lx_check_lasting(options->argc, options->argv);
    if (options->each && declaration.name)
        applied = apply_each(&declaration, &intent, options);
    else if (result == LX_EXIT_DONE)
        result = apply_all(&declaration, &intent, options);
    if (!options->each && !options->dry_run && result == LX_EXIT_DONE)
        lx_expected_remember(options->file, !declaration.count);
    lx_declaration_free(&declaration);
    return result != LX_EXIT_DONE ? result : applied;
}

int lx_verb_apply(int argc, char **argv)
{
    struct apply_options options = {.file = LX_DEFAULT_DECLARATION, .argc = argc, .argv = argv};
    struct lx_option_set sets[] = {LX_OPTION_SET(options_of_apply, &options)};
    struct lx_arguments arguments;
    int result;

    sets[0].letters = "f";
    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    if (arguments.count)
        return lx_usage_error("apply takes no argument but options; '%s' would be: lyncxdp apply -f %s",
                              arguments.items[0], arguments.items[0]);
    return run(&options);
}
