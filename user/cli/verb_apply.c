/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * apply: brings every interface of this network namespace to the state that a file declares, all of them or none. What
 * is as declared is left alone, so that doing it twice is doing it once.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../core/report_json.h"
#include "carry_out.h"
#include "editions.h"
#include "output.h"
#include "verb.h"

#define DEFAULT_FILE "/etc/lyncxdp/lyncxdp.yaml"
#define LONGEST_WAIT 3600
#define PAUSE_MS 100

struct apply_options {
    const char *file;
    uint32_t wait_seconds;
    bool dry_run, force, json;
};

static int take_wait(void *field, const char *value)
{
    unsigned long seconds = *value && strspn(value, "0123456789") == strlen(value) && strlen(value) < 10
                                ? strtoul(value, NULL, 10)
                                : LONGEST_WAIT + 1;

    if (seconds > LONGEST_WAIT)
        return lx_usage_error("--wait '%s': write a number of seconds from 0 to %d", value, LONGEST_WAIT);
    *(uint32_t *)field = (uint32_t)seconds;
    return LX_EXIT_DONE;
}

static const struct lx_option options_of_apply[] = {
    {"file", "FILE", "what is declared (" DEFAULT_FILE ")", lx_take_text, offsetof(struct apply_options, file)},
    {"dry-run", NULL, "tell what would be done, and do nothing", lx_take_flag, offsetof(struct apply_options, dry_run)},
    {"wait", "SECONDS", "wait for interfaces that are not there yet", take_wait,
     offsetof(struct apply_options, wait_seconds)},
    {"force", NULL, "apply even if it cuts this SSH session", lx_take_flag, offsetof(struct apply_options, force)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct apply_options, json)},
};

static int read_declaration(const char *path, struct lx_declaration *declaration)
{
    struct lx_diagnostics diagnostics = {0};
    FILE *stream = lx_open_input(path);
    int error;

    if (!stream)
        return LX_EXIT_POLICY;
    error = lx_declaration_read(stream, path, declaration, &diagnostics);
    fclose(stream);
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    return lx_read_exit(error, path);
}

/* The first interface that is not there; NULL when all are. */
static const char *missing(const struct lx_declaration *declaration)
{
    struct lx_interface interface;
    struct lx_failure unheard;

    for (size_t i = 0; i < declaration->count; i++) {
        const struct lx_declared *declared = &declaration->items[i];

        if (lx_interface_find(declared->interface, &interface, &unheard))
            return declared->interface;
        if (declared->pair && lx_interface_find(declared->pair, &interface, &unheard))
            return declared->pair;
    }
    return NULL;
}

static int wait_for_interfaces(const struct lx_declaration *declaration, uint32_t seconds)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    uint64_t deadline = lx_monotonic_ms() + seconds * 1000ull;
    const char *name;

    while ((name = missing(declaration)) && lx_monotonic_ms() < deadline)
        nanosleep(&pause, NULL);
    if (!name || !seconds)
        return LX_EXIT_DONE; /* which one is missing, and where it is declared, is told with the plan */
    lx_print_error("%s has not appeared in %u s; nothing was changed", name, seconds);
    return LX_EXIT_FAILED;
}

static int print_report(const struct lx_plan *plan, const struct apply_options *options, bool applied)
{
    json_t *interfaces = lx_plan_report(plan);

    return lx_print_json(json_pack("{s:s, s:b, s:b, s:o}", "file", options->file, "dry_run", options->dry_run,
                                   "applied", applied, "interfaces", interfaces));
}

/* An interrupted plan would be half a plan: who interrupts waits until it is whole. */
static int carry_out(struct lx_plan *plan, bool quiet)
{
    sigset_t held, before;
    int result;

    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGPIPE);
    sigprocmask(SIG_BLOCK, &held, &before);
    result = lx_plan_carry_out(plan, quiet);
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
        result = carry_out(plan, options->json);
    if (options->json)
        printed = print_report(plan, options, !options->dry_run && result == LX_EXIT_DONE);
    return result != LX_EXIT_DONE ? result : printed;
}

static int run(const struct apply_options *options)
{
    const struct lx_intent intent = {.verb = "apply", .no_trials = true, .force = options->force};
    struct lx_declaration declaration = {0};
    struct lx_plan plan = {0};
    int result = read_declaration(options->file, &declaration);

    if (result == LX_EXIT_DONE)
        result = wait_for_interfaces(&declaration, options->wait_seconds);
    if (result == LX_EXIT_DONE) {
        result = lx_plan_make(&declaration, &intent, &plan);
        if (result != LX_EXIT_DONE)
            lx_print_error("nothing was changed");
        else
            result = apply(&plan, options);
    }
    lx_plan_free(&plan);
    lx_declaration_free(&declaration);
    return result;
}

int lx_verb_apply(int argc, char **argv)
{
    struct apply_options options = {.file = DEFAULT_FILE};
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
