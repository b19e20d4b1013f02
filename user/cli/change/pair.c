/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks at both sides of a pair before it is attached. */
#include "pair.h"

#include <net/if.h>
#include <stdlib.h>

#include "bystanders.h"
#include "ssh_session.h"
#include "user/cli/print/output.h"
#include "user/kernel/attachment/pair.h"
#include "user/kernel/link/translation.h"

static bool arrives_at(const struct lx_ssh_session *session, const struct lx_interface *interface)
{
    struct lx_ssh_path paths[LX_SSH_PATHS];

    return lx_ssh_session_paths(session, interface, paths);
}

static const char from_role_side[] =
    "it comes from the role's side, and --egress enforce drops what no outbound row lists";

/* Why the session would be cut, or NULL. */
static const char *why_cut(const struct lx_ssh_session *session, const struct lx_pair *pair,
                           const struct lx_compiled *compiled)
{
    struct lx_ssh_verdict verdict;

    if (pair->forward)
        return arrives_at(session, &pair->outer) || arrives_at(session, &pair->inner)
                   ? "with --forward neither interface answers any more"
                   : NULL;
    /* On a bridge it may come by either side, and is looked at as coming by the outer one, as on a host. */
    if (arrives_at(session, &pair->outer) || compiled->image->egress != LX_EGRESS_ENFORCE ||
        !lx_ssh_session_cut(session, &pair->inner, LX_HOOK_FROM_ROLE, compiled, &verdict))
        return NULL;
    return from_role_side;
}

/* `why` the session is cut, or NULL. */
static int refuse(const struct lx_ssh_session *session, const char *why, const struct lx_intent *intent)
{
    char client[LX_PREFIX_TEXT];

    if (!why)
        return LX_EXIT_DONE;
    lx_address_format(&session->client, client);
    if (intent->force) {
        lx_print_warning("this cuts the SSH session from %s, as --force says: %s", client, why);
        return LX_EXIT_DONE;
    }
    lx_print_error("this would cut your SSH session from %s: %s; nothing was changed; come by another interface, or "
                   "%s all the same with --force",
                   client, why, intent->verb);
    return LX_EXIT_FAILED;
}

int lx_guard_behind(const struct lx_interface *interface, const struct lx_compiled *compiled,
                    const struct lx_intent *intent)
{
    const unsigned egress = compiled->image->egress;
    struct lx_ssh_session session;
    struct lx_ssh_verdict verdict;
    const char *why = NULL;

    if (!lx_ssh_session_find(&session) || !arrives_at(&session, interface))
        return LX_EXIT_DONE;
    if (egress == LX_EGRESS_OFF)
        why = "it comes from the role's side, and --egress off lets no answers to it in";
    else if (egress == LX_EGRESS_ENFORCE &&
             lx_ssh_session_cut(&session, interface, LX_HOOK_FROM_ROLE, compiled, &verdict))
        why = from_role_side;
    return refuse(&session, why, intent);
}

/* fe80::/64, which every interface gives itself. */
static bool link_local(const struct lx_address *address)
{
    return address->bytes[0] == 0xfe && address->bytes[1] == 0x80;
}

/* A NIC that hands all it takes in to the other one is deaf itself. */
static void warn_of_deafness(const struct lx_interface *interface)
{
    struct lx_address *addresses = NULL;
    char master[IF_NAMESIZE], text[LX_PREFIX_TEXT];
    size_t count = 0;

    if (interface->master && if_indextoname(interface->master, master))
        lx_print_warning("%s is a port of %s, which hears nothing through it any more: --forward hands everything to "
                         "the other interface",
                         interface->name, master);
    lx_interface_addresses(interface, &addresses, &count);
    for (size_t i = 0; i < count; i++)
        if (!link_local(&addresses[i]))
            lx_print_warning("nobody can reach %s at %s any more: --forward hands everything to the other interface",
                             lx_address_format(&addresses[i], text), interface->name);
    free(addresses);
}

/* Says what is legal but probably not meant. */
static void warn_of_pair(const struct lx_pair *pair)
{
    if (pair->forward) {
        warn_of_deafness(&pair->outer);
        warn_of_deafness(&pair->inner);
        return;
    }
    if (lx_translation_found())
        lx_print_warning("there are NAT rules here: both sides of a pair must see the same addresses; translate "
                         "outside the pair");
    if (!lx_pair_carried(&pair->outer, &pair->inner))
        lx_print_warning("nothing carries packets between %s and %s: make both ports of one bridge, or let the kernel "
                         "route (net.ipv4.ip_forward), or attach with --forward",
                         pair->outer.name, pair->inner.name);
    if (lx_interface_leased(&pair->outer))
        lx_print_warning("the address of %s comes from DHCP, which does not pass an inline pair: the lease will run "
                         "out; give it an address of its own, or a row",
                         pair->outer.name);
}

int lx_pair_find(const char *inner, const struct lx_interface *outer, bool forward, struct lx_pair *pair)
{
    struct lx_failure failure;

    pair->outer = *outer;
    pair->forward = forward;
    if (outer->vlan)
        return lx_usage_error(
            "%s is one VLAN of a trunk, and --pair goes by whole interfaces: list the VLANs of a pair "
            "under vlans: and bypass: in the site",
            outer->name);
    if (lx_interface_find(inner, &pair->inner, &failure) || lx_interface_check(&pair->inner, &failure) ||
        lx_pair_check(outer, &pair->inner, forward, &failure))
        return lx_print_failure(&failure);
    if (pair->inner.vlan)
        return lx_usage_error("--pair '%s': name the whole interface, %s", inner, pair->inner.device);
    return LX_EXIT_DONE;
}

int lx_guard_pair(const struct lx_pair *pair, const struct lx_compiled *compiled, const struct lx_intent *intent)
{
    struct lx_ssh_session session;
    int result = LX_EXIT_DONE;

    if (lx_ssh_session_find(&session))
        result = refuse(&session, why_cut(&session, pair, compiled), intent);

    if (result == LX_EXIT_DONE)
        warn_of_pair(pair);
    return result;
}

int lx_guard_attachment(const struct lx_interface *interface, const struct lx_pair *pair, bool behind,
                        const struct lx_policy *policy, const struct lx_compiled *compiled,
                        const struct lx_intent *intent)
{
    int result = pair ? lx_guard_pair(pair, compiled, intent) : LX_EXIT_DONE;

    if (behind)
        result = lx_guard_behind(interface, compiled, intent);
    else if (result == LX_EXIT_DONE && !(pair && pair->forward))
        result = lx_guard_session(interface, policy, compiled, intent);
    if (!pair && !behind)
        lx_warn_of_place(interface, policy);
    if (result == LX_EXIT_DONE && !pair && !behind)
        result = lx_guard_self(interface, policy, intent);
    if (result != LX_EXIT_DONE)
        return result;
    if (pair)
        lx_warn_of_bystanders(&pair->inner, policy);
    lx_warn_of_policy(interface, policy, pair && pair->forward);
    return LX_EXIT_DONE;
}
