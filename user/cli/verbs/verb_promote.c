/* SPDX-License-Identifier: GPL-2.0-only */
/* promote: puts the candidate of `update --shadow` in force, unless it would cut the session that this was typed in. */
#include <stdio.h>

#include "user/cli/change/activate.h"
#include "user/cli/change/ssh_session.h"
#include "user/cli/options/options.h"
#include "user/cli/print/output.h"
#include "user/kernel/attachment/update.h"
#include "verb.h"

static const struct lx_option options_of_promote[] = {
    {"force", NULL, "promote even if it cuts this SSH session", lx_take_flag, 0},
};

/* What the candidate says to the session is asked of its image, as it is loaded. */
static int guard(const struct lx_update *update)
{
    const struct lx_publication *candidate = lx_update_candidate(update);
    struct lx_ssh_session session;
    struct lx_compiled compiled;
    struct lx_ssh_verdict verdict;
    struct lx_failure failure;
    bool cut;

    if (!candidate || candidate->audit || !lx_ssh_session_find(&session))
        return LX_EXIT_DONE;
    if (lx_update_candidate_image(update, &compiled, &failure))
        return lx_print_failure(&failure);
    cut = lx_ssh_session_cut(&session, update->interface, LX_HOOK_TO_ROLE, &compiled, &verdict);
    lx_compiled_free(&compiled);
    if (!cut)
        return LX_EXIT_DONE;
    lx_print_error("the candidate would cut your SSH session to port %u of %s (its %s: %s: %s); load one that lets it "
                   "in, or promote it all the same with --force",
                   session.server_port, update->interface->name, verdict.packet,
                   lx_reason_name(verdict.judgement.reason), lx_reason_meaning(verdict.judgement.reason));
    return LX_EXIT_FAILED;
}

static int promote(struct lx_update *update, bool force)
{
    const struct lx_publication *publication;
    struct lx_failure failure;
    int result = force ? LX_EXIT_DONE : guard(update);

    if (result != LX_EXIT_DONE)
        return result;
    if (lx_update_promote(update, &failure))
        return lx_print_failure(&failure);
    publication = lx_update_in_force(update);
    lx_print("%s: generation %llu (%s) is in force now; 'lyncxdp rollback %s' returns to what it replaces\n",
             update->interface->name, (unsigned long long)publication->generation, publication->roles,
             update->interface->name);
    return LX_EXIT_DONE;
}

int lx_verb_promote(int argc, char **argv)
{
    bool force = false;
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_promote, &force)};
    struct lx_arguments arguments;
    struct lx_interface interface;
    struct lx_failure failure;
    struct lx_update update;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    if (arguments.count != 1)
        return lx_usage_error("promote takes one interface: lyncxdp promote IFACE");
    if (lx_interface_find(arguments.items[0], &interface, &failure) || lx_update_begin(&interface, &update, &failure))
        return lx_print_failure(&failure);
    lx_warn_of_restored(&update);
    result = promote(&update, force);
    lx_update_end(&update);
    return result;
}
