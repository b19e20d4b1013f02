/* SPDX-License-Identifier: GPL-2.0-only */
/* lyncxdp: the table of verbs, and what can be said without one. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "user/cli/options/options.h"
#include "user/cli/print/output.h"
#include "user/core/text/spelling.h"
#include "user/kernel/process/failure.h"
#include "verb.h"

static const struct lx_verb verbs[] = {
    {"attach", "IFACE --role ROLE... [OPTION]...", "filter an interface as the tables of a role say", lx_verb_attach},
    {"update", "IFACE [OPTION]...", "change the policy in force; what is not named stays", lx_verb_update},
    {"diff", "IFACE [OPTION]... [--json]", "what an update would newly allow and newly drop", lx_verb_diff},
    {"confirm", "IFACE", "keep the policy that is on trial", lx_verb_confirm},
    {"promote", "IFACE", "put the candidate of update --shadow in force", lx_verb_promote},
    {"rollback", "IFACE", "end a trial, or discard a candidate, or return to what the last update replaced",
     lx_verb_rollback},
    {"apply", "[-f FILE] [--dry-run] [--wait SECONDS] [--force] [--json]",
     "bring every interface to the state that a file declares", lx_verb_apply},
    {"detach", "IFACE | --all", "stop filtering and leave nothing behind", lx_verb_detach},
    {"status", "[IFACE] [--json]", "what is attached, and whether it filters", lx_verb_status},
    {"counters", "[IFACE] [--by row|port|reason] [--watch] [--json]",
     "packets passed and dropped, by row, reason and port", lx_verb_counters},
    {"exporter", "[IFACE]... [OPTION]...", "serve metrics for Prometheus, and a page for people", lx_verb_exporter},
    {"top", "[IFACE]", "live counters: p ports, r rows, e reasons, Tab next hook, q quit", lx_verb_top},
    {"monitor", "[IFACE] [-w FILE] [OPTION]... [--json]", "show packets as they are dropped", lx_verb_monitor},
    {"flows", "[IFACE] [--json]", "conversations that the role began", lx_verb_flows},
    {"explain", "(IFACE | --role ROLE...) [OPTION]... TRANSPORT SRC[:PORT] DST:PORT",
     "the verdict on one packet, or on each of a capture (--pcap), and the row behind it", lx_verb_explain},
    {"roles", "[--edition EDITION] [--json]", "list the roles that have tables", lx_verb_roles},
    {"show", "ROLE... [OPTION]... [--json]", "list the rows of roles, and where each is printed", lx_verb_show},
    {"check", "FILE... [OPTION]... [--json]", "look for mistakes in policy, site and declaration files", lx_verb_check},
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

const struct lx_verb *lx_verb_find(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

static void print_usage(FILE *stream)
{
    fputs("usage: lyncxdp VERB [ARGUMENT]...\n\n"
          "Passes what the vendor's port tables allow a role, and drops the rest, at the network card.\n\n",
          stream);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(stream, "  %-9s %s\n", verbs[i].name, verbs[i].summary);
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
    const struct lx_verb *verb;

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
    verb = lx_verb_find(argv[1]);
    return verb ? verb->run(argc - 1, argv + 1) : unknown_verb(argv[1]);
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
