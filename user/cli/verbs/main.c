/* SPDX-License-Identifier: GPL-2.0-only */
/* lyncxdp: the table of verbs, and what can be said without one. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "user/cli/options/options.h"
#include "user/cli/options/usage.h"
#include "user/cli/print/output.h"
#include "user/core/text/spelling.h"
#include "user/kernel/process/failure.h"
#include "verb.h"

static const struct {
    const char *name;
    /* argv[0] is the verb. Returns the exit code (enum lx_exit). */
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"attach", lx_verb_attach},     {"update", lx_verb_update},       {"diff", lx_verb_diff},
    {"confirm", lx_verb_confirm},   {"promote", lx_verb_promote},     {"rollback", lx_verb_rollback},
    {"apply", lx_verb_apply},       {"detach", lx_verb_detach},       {"status", lx_verb_status},
    {"counters", lx_verb_counters}, {"exporter", lx_verb_exporter},   {"top", lx_verb_top},
    {"monitor", lx_verb_monitor},   {"flows", lx_verb_flows},         {"explain", lx_verb_explain},
    {"roles", lx_verb_roles},       {"show", lx_verb_show},           {"check", lx_verb_check},
    {"setup", lx_verb_setup},       {"endpoints", lx_verb_endpoints},
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void print_usage(FILE *stream)
{
    fputs("usage: lyncxdp VERB [ARGUMENT]...\n\n"
          "Passes what the vendor's port tables allow a role, and drops the rest, at the network card.\n\n",
          stream);
    for (const struct lx_usage *usage = lx_usages; usage->name; usage++)
        fprintf(stream, "  %-9s %s\n", usage->name, usage->summary);
    fputs("\n'lyncxdp VERB --help' lists the options of a verb; the manual is lyncxdp(8).\n", stream);
}

static int unknown_verb(const char *word)
{
    const char *names[VERBS], *nearest;

    for (size_t i = 0; i < VERBS; i++)
        names[i] = verbs[i].name;
    nearest = lx_nearest(word, names, VERBS);
    if (nearest)
        return lx_usage_error("there is no verb '%s'; did you mean '%s'?", word, nearest);
    return lx_usage_error("there is no verb '%s'; 'lyncxdp --help' lists them", word);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return LX_EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        print_usage(stdout);
        return LX_EXIT_DONE;
    }
    if (!strcmp(argv[1], "--version")) {
        lx_print_version();
        return LX_EXIT_DONE;
    }
    if (argv[1][0] == '-')
        return lx_usage_error("'%s' stands where the verb should; options follow the verb", argv[1]);
    for (size_t i = 0; i < VERBS; i++)
        if (!strcmp(verbs[i].name, argv[1]))
            return verbs[i].run(argc - 1, argv + 1);
    return unknown_verb(argv[1]);
}

int main(int argc, char **argv)
{
    int result;

    setlocale(LC_ALL, ""); /* table widths depend on it */
    result = run(argc, argv);
    if ((fflush(stdout) || ferror(stdout)) && result == LX_EXIT_DONE) {
        lx_print_error("the output could not be written: %s", strerror(errno));
        return LX_EXIT_FAILED;
    }
    return result;
}
