/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * setup: writes a first site file from the addresses that the interfaces of this machine have. What it cannot know, the
 * pool and the like, stands in comments. Nothing is attached, and no file is touched.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/cli/policy/tables.h"
#include "user/cli/print/output.h"
#include "user/core/resolve/site_draft.h"
#include "user/kernel/link/interface.h"
#include "verb.h"

struct setup_options {
    struct lx_policy_options policy;
    const char *interface[2]; /* of the external and of the internal side */
};

static const struct lx_option options_of_setup[] = {
    {"external", "IFACE", "interface of the role's external side, or the only one of a role without sides",
     lx_take_text, offsetof(struct setup_options, interface[0])},
    {"internal", "IFACE", "interface of the role's internal side", lx_take_text,
     offsetof(struct setup_options, interface[1])},
};

/* What an interface has on one side: its addresses, and the rows that the roles have there. */
static int look(const struct lx_tables *tables, const struct setup_options *options, size_t which,
                struct lx_draft_side *side)
{
    struct lx_request request = lx_policy_request(tables, &options->policy);
    struct lx_diagnostics diagnostics = {0};
    struct lx_interface interface;
    struct lx_failure failure;
    struct lx_address *addresses = NULL;
    int error;

    if (lx_interface_find(options->interface[which], &interface, &failure))
        return lx_print_failure(&failure);
    error = lx_interface_global_addresses(&interface, &addresses, &side->count);
    side->addresses = addresses;
    if (error || !side->count) {
        lx_print_error("%s has no address that others can reach; give it one first, or write the site by hand",
                       interface.name);
        return LX_EXIT_FAILED;
    }
    side->interface = options->interface[which];
    request.side = which ? LX_SIDE_INTERNAL : LX_SIDE_NONE;
    error = lx_select(tables->files, NULL, &request, &side->selection, &diagnostics);
    return lx_resolve_exit(error, &diagnostics);
}

static int print_draft(const struct lx_tables *tables, const struct setup_options *options)
{
    struct lx_site_draft draft = {0};
    char name[256] = "site";
    int result = LX_EXIT_DONE;

    gethostname(name, sizeof(name) - 1);
    draft.name = name;
    for (size_t i = 0; i < 2 && result == LX_EXIT_DONE; i++)
        if (options->interface[i])
            result = look(tables, options, i, &draft.side[i]);
    if (result == LX_EXIT_DONE && lx_site_draft_print(&draft, stdout))
        result = lx_memory_error();
    for (size_t i = 0; i < 2; i++) {
        lx_selection_free(&draft.side[i].selection);
        free((void *)draft.side[i].addresses);
    }
    return result;
}

int lx_verb_setup(int argc, char **argv)
{
    struct setup_options options = {0};
    const struct lx_option_set sets[] = {lx_policy_option_set(&options.policy),
                                         LX_OPTION_SET(options_of_setup, &options)};
    struct lx_tables tables = {0};
    struct lx_arguments arguments;
    int result = LX_EXIT_DONE;

    if (lx_options_read(argc, argv, sets, 2, &arguments, &result)) {
        result = lx_policy_options_take_roles(&options.policy, &arguments, "setup");
        if (result == LX_EXIT_DONE && !options.interface[0] && !options.interface[1])
            result = lx_usage_error("which interface has the role's addresses? write --external IFACE, --internal "
                                    "IFACE, or both");
        if (result == LX_EXIT_DONE)
            result = lx_tables_read(&options.policy, &tables);
        if (result == LX_EXIT_DONE)
            result = print_draft(&tables, &options);
    }
    lx_tables_free(&tables);
    lx_policy_options_free(&options.policy);
    return result;
}
