/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * confirm, promote and rollback: what becomes of a trial or a candidate, and the way back from an update without
 * either.
 */
#include <stdio.h>

#include "user/cli/change/activate.h"
#include "user/cli/options/options.h"
#include "user/cli/print/output.h"
#include "user/kernel/attachment/update.h"
#include "verb.h"

/* Decides, and shows what became of what is in force. */
typedef int (*decision)(struct lx_update *update, const char **sentence, struct lx_failure *failure);

static int confirm(struct lx_update *update, const char **sentence, struct lx_failure *failure)
{
    *sentence = "is confirmed";
    return lx_update_confirm(update, failure);
}

static int roll_back(struct lx_update *update, const char **sentence, struct lx_failure *failure)
{
    const struct lx_publication *candidate = lx_update_candidate(update);
    int error = lx_update_rollback(update, failure);

    *sentence =
        candidate && !lx_update_candidate(update) ? "stays in force; the candidate is discarded" : "is in force again";
    return error;
}

static int decide(int argc, char **argv, decision decided)
{
    struct lx_arguments arguments;
    struct lx_interface interface;
    struct lx_failure failure;
    struct lx_update update;
    const char *sentence;
    int result;

    if (!lx_options_read(argc, argv, NULL, 0, &arguments, &result))
        return result;
    if (arguments.count != 1)
        return lx_usage_error("%s takes one interface: lyncxdp %s IFACE", argv[0], argv[0]);
    if (lx_interface_find(arguments.items[0], &interface, &failure) || lx_update_begin(&interface, &update, &failure))
        return lx_print_failure(&failure);
    lx_warn_of_restored(&update);
    if (decided(&update, &sentence, &failure)) {
        result = lx_print_failure(&failure);
    } else {
        const struct lx_publication *publication = lx_update_in_force(&update);

        lx_print("%s: generation %llu (%s) %s\n", interface.name, (unsigned long long)publication->generation,
                 publication->roles, sentence);
        result = LX_EXIT_DONE;
    }
    lx_update_end(&update);
    return result;
}

int lx_verb_confirm(int argc, char **argv)
{
    return decide(argc, argv, confirm);
}

int lx_verb_rollback(int argc, char **argv)
{
    return decide(argc, argv, roll_back);
}
