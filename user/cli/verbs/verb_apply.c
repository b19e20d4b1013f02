/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * apply: brings every interface of this network namespace to the state that a file declares, all of them or none, or
 * each by itself, as at boot. What is as declared is left alone, so that doing it twice is doing it once.
 */
#include <errno.h>
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
#include "user/cli/policy/keeping.h"
#include "user/cli/print/output.h"
#include "user/core/report/report_json.h"
#include "user/core/text/number.h"
#include "user/kernel/process/clock.h"
#include "verb.h"

#define LONGEST_WAIT 3600
#define PAUSE_MS 100

struct apply_options {
    const char *file;
    const char *only; /* the one interface that it is about; NULL: all */
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
    {"only", "IFACE", "with --each: just what is declared for this interface, if anything is", lx_take_text,
     offsetof(struct apply_options, only)},
    {"dry-run", NULL, "show what would be done, and do nothing", lx_take_flag, offsetof(struct apply_options, dry_run)},
    {"wait", "SECONDS", "wait for interfaces that are not there yet", take_wait,
     offsetof(struct apply_options, wait_seconds)},
    {"force", NULL, "apply even if this cuts your SSH session or would drop everything", lx_take_flag,
     offsetof(struct apply_options, force)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct apply_options, json)},
};

/* Its text is kept as it is read, to be kept for longer if all goes well. */
static int read_declaration(const struct apply_options *options, struct lx_declaration *declaration,
                            struct lx_last_good *text)
{
    struct lx_diagnostics diagnostics = {0};
    const char *path = options->file;
    FILE *stream = lx_open_input(path, text);
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

/* --- What applied well ------------------------------------------------------------------------------------------- */

static bool is_as_declared(const struct lx_plan_item *item)
{
    return !item->left_out && !item->failed && item->config.policy.compiled_policy.policy.origin == LX_ORIGIN_ASKED;
}

/* Keeps it of every interface that is as declared now: those of the declaration come first in its plan. */
static void keep(const struct lx_declaration *declaration, struct lx_plan *plan, const struct apply_options *options,
                 const struct lx_last_good *text)
{
    int error = 0;

    for (size_t i = 0; i < declaration->count; i++) {
        struct lx_plan_item *item = &plan->items[i];
        int one = is_as_declared(item)
                      ? lx_fallback_keep(options->file, text, declaration->items[i].interface, &item->texts)
                      : 0;

        error = error ?: one;
    }
    if (error)
        lx_print_warning("what is in force now cannot be kept in " LX_LAST_GOOD_DIRECTORY ": %s; if its files break, "
                         "there is nothing to fall back on at the next start",
                         strerror(-error));
}

/* What is declared no longer is not to come back. */
static void forget(const struct lx_declaration *declaration, const struct apply_options *options)
{
    char *source = lx_keeping_source(options->file);
    struct lx_words kept = {0};
    bool declared;

    if (source)
        lx_keeping_list(source, &kept);
    for (size_t i = 0; i < kept.count; i++) {
        declared = false;
        for (size_t j = 0; j < declaration->count && !declared; j++)
            declared = !strcmp(declaration->items[j].interface, kept.items[i]);
        if (!declared)
            lx_keeping_forget(source, kept.items[i]);
    }
    lx_keeping_tidy();
    lx_words_free(&kept);
    free(source);
}

/* --- All or nothing ---------------------------------------------------------------------------------------------- */

static int apply_all(const struct lx_declaration *declaration, const struct lx_intent *intent,
                     const struct apply_options *options, const struct lx_last_good *text)
{
    struct lx_plan plan = {0};
    int result = wait_for_interfaces(declaration, options->wait_seconds);

    if (result == LX_EXIT_DONE) {
        result = lx_plan_make(declaration, intent, &plan);
        if (result != LX_EXIT_DONE)
            lx_print_error("nothing was changed: what is in force goes on");
        else
            result = apply(&plan, options);
    }
    if (result == LX_EXIT_DONE && !options->dry_run)
        keep(declaration, &plan, options, text);
    lx_plan_free(&plan);
    return result;
}

/* --- Each by itself ---------------------------------------------------------------------------------------------- */

/* A mistaken one has at least a name; for one that is no name nobody waits. */
static bool is_there(const struct lx_declared *declared)
{
    if (declared->mistaken)
        return !strcmp(declared->interface, "?") || !is_missing(declared->interface, strlen(declared->interface));
    return !missing_of(declared);
}

/* Chooses those that are not settled and can be now, or all when this is the last time. Returns how many are left. */
static size_t choose(const struct lx_declaration *declaration, const bool *settled, bool last, bool *wanted)
{
    size_t left = 0;

    for (size_t i = 0; i < declaration->count; i++) {
        wanted[i] = !settled[i] && (last || is_there(&declaration->items[i]));
        left += !settled[i] && !wanted[i];
    }
    return left;
}

/* What is applied each by itself. */
struct each {
    const struct lx_declaration *declaration;
    const struct lx_intent *intent;
    const struct apply_options *options;
    const struct lx_last_good *text; /* of the declaration */
    bool *settled, *wanted;          /* by their places in it */
    bool sound;                      /* the whole of it: what it does not declare is not declared */
    json_t *reports;
};

/* Brings those that are wanted to their state, and adds what became of them to the reports. Returns an exit code. */
static int apply_some(const struct each *each, bool rest)
{
    const struct apply_options *options = each->options;
    struct lx_plan plan;
    int result = lx_plan_make_each(each->declaration, each->wanted, rest, each->intent, &plan), done = LX_EXIT_DONE;
    json_t *report;

    if (!options->json) {
        lx_plan_print(&plan);
        fflush(stdout);
    }
    if (!options->dry_run)
        done = execute(&plan, options);
    if (!options->dry_run)
        keep(each->declaration, &plan, options, each->text);
    report = lx_plan_report(&plan);
    json_array_extend(each->reports, report);
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
static int apply_in_turns(const struct each *each)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    uint64_t deadline = lx_monotonic_ms() + each->options->wait_seconds * 1000ull;
    size_t count = each->declaration->count, left = 1;
    int result = LX_EXIT_DONE;

    for (bool first = true; left; first = false) {
        bool last = each->options->dry_run || lx_monotonic_ms() >= deadline;
        int one = LX_EXIT_DONE;

        left = choose(each->declaration, each->settled, last, each->wanted);
        if ((first && each->sound && !each->options->only) || any(each->wanted, count))
            one = apply_some(each, first && each->sound && !each->options->only);
        for (size_t i = 0; i < count; i++)
            each->settled[i] = each->settled[i] || each->wanted[i];
        result = result != LX_EXIT_DONE ? result : one;
        if (left)
            nanosleep(&pause, NULL);
    }
    return result;
}

static int apply_each(struct each *each)
{
    const struct lx_declaration *declaration = each->declaration;
    const struct apply_options *options = each->options;
    bool *marks = calloc(2 * declaration->count + 1, sizeof(*marks));
    int result = LX_EXIT_FAILED, printed = LX_EXIT_DONE;

    each->reports = json_array();
    each->settled = marks;
    each->wanted = marks + declaration->count;
    for (size_t i = 0; marks && options->only && i < declaration->count; i++)
        marks[i] = !lx_plan_stands_on(&declaration->items[i], options->only);
    if (marks && each->reports)
        result = apply_in_turns(each);
    else
        lx_memory_error();
    if (options->json)
        printed = print_report(json_incref(each->reports), options, !options->dry_run && result == LX_EXIT_DONE);
    json_decref(each->reports);
    free(marks);
    return result != LX_EXIT_DONE ? result : printed;
}

/* A file that is no more declares nothing; one that cannot be read, or is broken, declares what it did. */
static int fall_back(const struct apply_options *options, struct lx_declaration *declaration)
{
    if (access(options->file, F_OK) && errno == ENOENT)
        return LX_EXIT_DONE;
    return lx_fallback_declare(options->file, declaration) ? lx_memory_error() : LX_EXIT_DONE;
}

/* --- The verb ---------------------------------------------------------------------------------------------------- */

static int run_each(const struct apply_options *options, const struct lx_intent *intent,
                    struct lx_declaration *declaration, const struct lx_last_good *text, bool sound)
{
    struct each each = {.declaration = declaration, .intent = intent, .options = options, .text = text, .sound = sound};
    int result;

    /* Also when it has mistakes: what it declares and is not so must not be forgotten. */
    if (!options->dry_run)
        lx_expected_remember(options->file, sound && !declaration->count);
    if (!sound && fall_back(options, declaration) != LX_EXIT_DONE)
        return LX_EXIT_FAILED;
    if (!declaration->name)
        return LX_EXIT_POLICY;
    result = apply_each(&each);
    if (sound && !options->dry_run && !options->only)
        forget(declaration, options);
    return sound ? result : LX_EXIT_POLICY;
}

static int run_all(const struct apply_options *options, const struct lx_intent *intent,
                   const struct lx_declaration *declaration, const struct lx_last_good *text)
{
    int result = apply_all(declaration, intent, options, text);

    if (result != LX_EXIT_DONE || options->dry_run)
        return result;
    lx_expected_remember(options->file, !declaration->count);
    forget(declaration, options);
    return result;
}

static int run(const struct apply_options *options)
{
    const struct lx_intent intent = {.verb = "apply", .no_trials = true, .force = options->force, .unattended = true};
    struct lx_declaration declaration = {0};
    struct lx_last_good text = {0};
    int read = read_declaration(options, &declaration, &text), result = read;

    if ((read == LX_EXIT_DONE || options->each) && !options->dry_run &&
        lx_check_lasting(options->argc, options->argv) != LX_EXIT_DONE)
        result = LX_EXIT_FAILED;
    else if (options->each)
        result = run_each(options, &intent, &declaration, &text, read == LX_EXIT_DONE);
    else if (read == LX_EXIT_DONE)
        result = run_all(options, &intent, &declaration, &text);
    else
        lx_print_error("nothing was changed: what is in force goes on");
    lx_declaration_free(&declaration);
    lx_last_good_free(&text);
    return result;
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
    if (options.only && !options.each)
        return lx_usage_error("--only goes with --each: by hand, apply is all or nothing");
    if (arguments.count)
        return lx_usage_error("apply takes no argument but options; '%s' would be: lyncxdp apply -f %s",
                              arguments.items[0], arguments.items[0]);
    return run(&options);
}
