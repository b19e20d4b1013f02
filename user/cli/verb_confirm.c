/* SPDX-License-Identifier: GPL-2.0-only */
/* confirm and rollback: the two ends that a trial can be brought to, and the way back from an update without one. */
#include <stdio.h>

#include "../kernel/update.h"
#include "options.h"
#include "output.h"
#include "verb.h"

typedef int (*decision)(struct lx_update *update, struct lx_failure *failure);

static int decide(int argc, char **argv, decision decided, const char *sentence)
{
    struct lx_arguments arguments;
    struct lx_interface interface;
    struct lx_failure failure;
    struct lx_update update;
    int result;

    if (!lx_options_read(argc, argv, NULL, 0, &arguments, &result))
        return result;
    if (arguments.count != 1)
        return lx_usage_error("%s takes one interface: lyncxdp %s IFACE", argv[0], argv[0]);
    if (lx_interface_find(arguments.items[0], &interface, &failure) || lx_update_begin(&interface, &update, &failure))
        return lx_print_failure(&failure);
    if (decided(&update, &failure)) {
        result = lx_print_failure(&failure);
    } else {
        const struct lx_publication *publication = lx_update_in_force(&update);

        printf("%s: generation %llu (%s) %s\n", interface.name, (unsigned long long)publication->generation,
               publication->roles, sentence);
        result = LX_EXIT_DONE;
    }
    lx_update_end(&update);
    return result;
}

int lx_verb_confirm(int argc, char **argv)
{
    return decide(argc, argv, lx_update_confirm, "is confirmed");
}

int lx_verb_rollback(int argc, char **argv)
{
    return decide(argc, argv, lx_update_rollback, "is in force again");
}
