/* SPDX-License-Identifier: GPL-2.0-only */
/* The guard, the warnings and the words around a policy that comes into force. */
#include "activate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "losses.h"
#include "ssh_session.h"
#include "user/cli/print/output.h"
#include "user/core/explain/lockout.h"
#include "user/core/policy/built_ins.h"
#include "user/core/resolve/group_dates.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/hooks.h"
#include "user/kernel/link/bond.h"
#include "user/kernel/link/links.h"
#include "user/kernel/object/pins.h"

static size_t rules_of_hook(const struct lx_policy *policy, enum lx_hook hook)
{
    size_t rules = 0;

    for (size_t i = 0; i < policy->rule_count; i++)
        rules += lx_row_hook(policy->rules[i].row) == hook;
    return rules;
}

/* How to keep a session that no row lets in. */
static void suggest(const struct lx_ssh_session *session, const struct lx_policy *policy,
                    const struct lx_judgement *judgement, const struct lx_intent *intent)
{
    char row[LX_SSH_ROW_TEXT];

    const char *try = intent->no_trials ? "" : " for a while with --try, or";

    if (judgement->reason == LX_REASON_NO_ROW)
        fprintf(stderr, "Let it in with a row of your site file, or %s%s all the same with --force:\n\nrows:\n  %s\n\n",
                intent->verb, try, lx_ssh_session_row(session, policy, row));
    else
        fprintf(stderr, "Change what the site says about it, or %s%s all the same with --force.\n", intent->verb, try);
}

int lx_guard_session(const struct lx_interface *interface, const struct lx_policy *policy,
                     const struct lx_compiled *compiled, const struct lx_intent *intent)
{
    struct lx_ssh_session session;
    struct lx_judgement judgement;
    struct lx_ssh_verdict verdict;
    char client[LX_PREFIX_TEXT];

    if (policy->audit || !lx_ssh_session_find(&session) ||
        !lx_ssh_session_cut(&session, interface, LX_HOOK_TO_ROLE, compiled, &verdict))
        return LX_EXIT_DONE;
    judgement = verdict.judgement;
    lx_address_format(&session.client, client);
    if (intent->try_seconds) {
        lx_print_warning("this cuts the SSH session from %s (%s) until the trial ends in %u s", client,
                         lx_reason_name(judgement.reason), intent->try_seconds);
        return LX_EXIT_DONE;
    }
    if (intent->force) {
        lx_print_warning("this cuts the SSH session from %s (%s), as --force says", client,
                         lx_reason_name(judgement.reason));
        return LX_EXIT_DONE;
    }
    lx_print_error("this would cut your SSH session from %s to port %u of %s (its %s: %s: %s); nothing was changed",
                   client, session.server_port, interface->name, verdict.packet, lx_reason_name(judgement.reason),
                   lx_reason_meaning(judgement.reason));
    suggest(&session, policy, &judgement, intent);
    return LX_EXIT_FAILED;
}

/* Addresses, as many as a sentence can bear. */
static void list_addresses(const struct lx_prefix *prefixes, size_t count, char text[160])
{
    char one[LX_PREFIX_TEXT];

    text[0] = '\0';
    for (size_t i = 0; i < count && strlen(text) < 100; i++)
        sprintf(text + strlen(text), "%s%s", i ? i < 2 ? ", " : " ... " : "", lx_prefix_format(&prefixes[i], one));
}

/* Whether one of the addresses is among the prefixes. */
static bool any_of(const struct lx_prefix_set *set, const struct lx_prefix *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (lx_prefix_set_lists(set, &hosts[i].address))
            return true;
    return false;
}

/* Whether one of the addresses is the role's, or may be. */
static bool lives_there(const struct lx_interface *interface, const struct lx_policy *policy)
{
    struct lx_address *addresses = NULL;
    size_t count = 0;
    bool there = false;

    if (lx_interface_global_addresses(interface, &addresses, &count))
        return true;
    for (size_t i = 0; i < count; i++)
        there = there || policy->own->any || lx_prefix_set_lists(policy->protected, &addresses[i]);
    free(addresses);
    return there;
}

void lx_warn_of_place(const struct lx_interface *interface, const struct lx_policy *policy)
{
    const char *what = lx_link_leads_on(interface->index);

    if (what && !lives_there(interface, policy))
        lx_print_warning("%s is %s, and this host has no address of the role's there: if the role is behind it, attach "
                         "with --behind",
                         interface->name, what);
}

int lx_guard_self(const struct lx_interface *interface, const struct lx_policy *policy, const struct lx_intent *intent)
{
    struct lx_address *addresses = NULL;
    char has[160], self[160];
    struct lx_prefix *hosts;
    size_t count = 0;
    bool right, opened;

    if (policy->own->any || lx_interface_global_addresses(interface, &addresses, &count) || !count)
        return LX_EXIT_DONE;
    hosts = calloc(count, sizeof(*hosts));
    for (size_t i = 0; hosts && i < count; i++)
        hosts[i] = (struct lx_prefix){.address = addresses[i], .length = 128};
    free(addresses);
    if (!hosts)
        return lx_memory_error();
    right = any_of(policy->own, hosts, count);
    opened = any_of(policy->protected, hosts, count); /* by a row with a `self` of its own */
    list_addresses(hosts, count, has);
    free(hosts);
    if (right)
        return LX_EXIT_DONE;
    list_addresses(policy->own->items, policy->own->count, self);
    if (opened || intent->force || intent->unattended || intent->shadow || intent->try_seconds || policy->audit) {
        lx_print_warning("%s has no address that is the role's: it has %s, and the role has %s; %s", interface->name,
                         has, self,
                         opened ? "only rows with a self of their own let anything in" : "no row lets anything in");
        return LX_EXIT_DONE;
    }
    lx_print_error("%s has no address that is the role's: it has %s, and the role has %s, so that everything would be "
                   "dropped; nothing was changed. Write its address under self: of the site, or --set self=ADDR, or "
                   "%s all the same with --force",
                   interface->name, has, self, intent->verb);
    return LX_EXIT_FAILED;
}

void lx_warn_of_any_self(const struct lx_policy *policy)
{
    if (policy->own->any)
        lx_print_warning(
            "%s has no address of its own: its rows hold for any address; give it one under self: in the site, or "
            "with --set self=ADDR",
            policy->roles.items[0]);
}

void lx_warn_of_old_lists(const struct lx_policy *policy)
{
    struct lx_group_date dates[LX_GROUP_DATES];
    char text[256];

    lx_policy_group_dates(policy, dates);
    for (size_t i = 0; i < LX_GROUP_DATES && dates[i].date; i++)
        if (lx_list_is_old(dates[i].group, dates[i].date, (uint64_t)time(NULL), text))
            lx_print_warning("%s", text);
}

/* Whether the interface, or what stands on it, has global addresses of a family. */
struct families {
    bool any, ipv4, ipv6;
};

static struct families families_of(const struct lx_interface *interface)
{
    struct families families = {false};
    struct lx_address *addresses = NULL;
    size_t count = 0;

    lx_interface_global_addresses(interface, &addresses, &count);
    for (size_t i = 0; i < count; i++)
        *(lx_address_is_ipv4(&addresses[i]) ? &families.ipv4 : &families.ipv6) = families.any = true;
    free(addresses);
    return families;
}

/* What the host lives by, and the site switches off. Where it has no address yet it may get any. */
static void warn_of_losses(const struct lx_interface *interface, const struct lx_policy *policy)
{
    const struct families families = families_of(interface);

    for (size_t i = 0; i < LX_BUILT_INS; i++) {
        const struct lx_built_in_name *built_in = &lx_built_ins[i];
        const char *loss = policy->built_ins & built_in->bit ? NULL : lx_built_in_loss(built_in->bit);
        bool matters = !families.any || (built_in->bit == LX_BUILT_IN_ARP ? families.ipv4 : families.ipv6);

        if (built_in->bit == LX_BUILT_IN_ROUTER_ADVERTISEMENT)
            matters = lx_interface_advertised(interface);
        if (loss && matters)
            lx_print_warning("%s is off: %s", built_in->name, loss);
    }
}

/* What is lost while packets are dropped, once each. */
static void warn_of_missed(const struct lx_policy *policy)
{
    struct lx_words said = {0};

    for (size_t i = 0; i < policy->row_count && !policy->audit; i++) {
        const struct lx_row *row = &policy->rows[i];

        if (!row->missed || lx_words_contain(&said, row->missed) || lx_words_add(&said, row->missed))
            continue;
        if (row->unresolved)
            lx_print_warning("%s opens nothing: %s", row->id, row->missed);
        else
            lx_print_warning("%s is closed: %s; open it with --open %s", row->id, row->missed, row->options.items[0]);
    }
    lx_words_free(&said);
}

void lx_warn_of_policy(const struct lx_interface *interface, const struct lx_policy *policy, bool forward)
{
    if (!rules_of_hook(policy, LX_HOOK_TO_ROLE))
        lx_print_warning("no row lets anything in: only the built-in cases will pass");
    if (policy->egress == LX_EGRESS_ENFORCE && !rules_of_hook(policy, LX_HOOK_FROM_ROLE))
        lx_print_warning("no row lets the role begin anything: with --egress enforce it can only answer, not even ask "
                         "for a name; add rows (from: self) to the site, or leave egress at track");
    warn_of_missed(policy);
    lx_warn_of_any_self(policy);
    lx_warn_of_old_lists(policy);
    if (!forward)
        warn_of_losses(interface, policy);
    if (!(policy->built_ins & LX_BUILT_IN_DHCP) && lx_interface_leased(interface))
        lx_print_warning("the address of %s comes from DHCP, which the site switches off: the lease will run out",
                         interface->name);
}

void lx_warn_of_restored(const struct lx_update *update)
{
    const struct lx_metadata *metadata = &update->metadata;

    if (update->restored && update->members.count)
        lx_print_warning("not all of what is filtered with %s was: a program was gone, and is back",
                         update->interface->name);
    else if (update->restored)
        lx_print_warning(
            "what the role sends through %s%s%s was not looked at any more: the program that does it was gone, "
            "and is back",
            metadata->pair, metadata->pair_ifindex ? " and " : "", update->interface->name);
}

/* "av-edge (lync2010, external), 7 inbound rows open" */
static void say_roles(const struct lx_policy *policy)
{
    const char *side = lx_side_name(policy->side);
    size_t rows = rules_of_hook(policy, LX_HOOK_TO_ROLE);

    for (size_t i = 0; i < policy->roles.count; i++)
        lx_print("%s%s", i ? "," : "", policy->roles.items[i]);
    lx_print(" (%s%s%s), %zu inbound row%s open", policy->edition ?: "", side ? ", " : "", side ?: "", rows,
             lx_plural(rows));
}

static void say_egress(const struct lx_policy *policy)
{
    size_t rows = rules_of_hook(policy, LX_HOOK_FROM_ROLE);

    if (policy->egress == LX_EGRESS_ENFORCE)
        lx_print("  egress enforce: %zu outbound row%s open; what else the role sends is dropped, answers aside\n",
                 rows, lx_plural(rows));
    else if (policy->egress == LX_EGRESS_TRACK)
        lx_print("  egress track: %zu outbound row%s open; what else the role sends passes, counted as would-drop\n",
                 rows, lx_plural(rows));
    else if (rows)
        puts("  replies to what the role itself begins are not let in: egress is off");
}

static void say_bypass(const struct lx_bypass *bypass)
{
    if (bypass->count)
        lx_print("  bypass: %zu neighbour%s behind the pair pass%s unjudged\n", bypass->count, lx_plural(bypass->count),
                 bypass->count == 1 ? "es" : "");
    if (bypass->has_vlans)
        puts("  bypass: VLANs pass unjudged, whoever is in them");
}

/* What becomes of what the role sends, whether anything is dropped at all, and until when. */
static void say_terms(const char *interface, const struct lx_policy *policy, uint32_t try_seconds)
{
    say_egress(policy);
    say_bypass(&policy->bypass);
    if (policy->audit)
        puts("  audit: nothing is dropped; what would have been is counted as would-drop");
    if (try_seconds)
        lx_print("  on trial for %u s: 'lyncxdp confirm %s' keeps it, else it falls back by itself\n", try_seconds,
                 interface);
}

/* Those that are filtered with an interface. */
static void find_members(const struct lx_metadata *attached, struct lx_members *members)
{
    const struct lx_pin_name name = {.netns = attached->netns, .ifindex = attached->ifindex, .vlan = attached->vlan};
    char directory[LX_PINS_PATH];

    lx_members_find(lx_pins_path(&name, directory), members);
}

/* What is filtered with an interface: their names, or how those run that run otherwise. */
static void say_members(const struct lx_metadata *attached, bool modes)
{
    struct lx_members members;

    find_members(attached, &members);
    for (size_t i = 0; i < members.count; i++) {
        const struct lx_metadata *member = &members.items[i];

        if (!modes)
            lx_print(", %s%s%s", member->interface, member->pair_ifindex ? " - " : "", member->pair);
        else if (member->mode != attached->mode)
            lx_print(" (%s: %s)", member->interface, lx_mode_name(member->mode));
    }
}

/* A bond takes frames in by any of its ports. */
static void warn_of_open_port(const struct lx_metadata *attached)
{
    unsigned ports[LX_MEMBERS] = {attached->ifindex}, port;
    char name[LX_INTERFACE_NAME];
    struct lx_members members;

    find_members(attached, &members);
    for (size_t i = 0; i < members.count; i++)
        ports[i + 1] = members.items[i].ifindex;
    port = lx_bond_port_beside(ports, members.count + 1);
    if (port && !lx_interface_name(port, name))
        lx_print_warning("%s is not filtered, and is a port of the same bond as %s: what comes by it is not looked at; "
                         "'lyncxdp update %s --with %s' filters it, too",
                         name, attached->interface, attached->interface, name);
}

void lx_warn_of_tcx(const struct lx_tcx *tcx)
{
    lx_print_warning("the TCX program %u (%s) at the egress of %s comes before lyncxdp's filter: what it lets pass "
                     "(TCX_PASS) or redirects is neither judged nor counted, and no reply to it comes in; let it "
                     "return TCX_NEXT",
                     tcx->id, tcx->name, tcx->interface);
}

static void look_at_ends(const struct lx_metadata *attached)
{
    struct lx_members members;

    find_members(attached, &members);
    lx_warn_of_losses(attached);
    for (size_t i = 0; i < members.count; i++)
        lx_warn_of_losses(&members.items[i]);
}

static void look_for_tcx(const struct lx_metadata *attached)
{
    struct lx_members members;
    struct lx_tcx tcx;

    find_members(attached, &members);
    if (!lx_hooks_tcx(attached, &members, &tcx))
        lx_warn_of_tcx(&tcx);
}

void lx_say_attached(const struct lx_metadata *attached, const struct lx_policy *policy,
                     const struct lx_attach_choices *choices)
{
    const char *how = attached->mode == LX_MODE_NATIVE ? "native mode" : "generic mode";
    const struct lx_called called = lx_called(attached->interface, attached->vlan);

    if (attached->mode == LX_MODE_GENERIC && choices->mode == LX_MODE_AUTO)
        how = "generic mode (slower: the driver refused the native one)";
    else if (!attached->mode)
        how = "at tc egress";
    lx_print("%s%s%s", called.text, attached->pair_ifindex ? " - " : "", attached->pair);
    say_members(attached, false);
    lx_print(": filtering as ");
    say_roles(policy);
    lx_print(", %s", how);
    say_members(attached, true);
    if (attached->mode)
        lx_print(", %s", attached->dispatcher ? "through libxdp's dispatcher" : "as the interface's single program");
    putchar('\n');
    if (attached->vlan)
        lx_print("  VLAN %u of %s alone: what comes in other VLANs, or in none, is not judged\n", attached->vlan,
                 attached->interface);
    say_terms(called.text, policy, choices->try_seconds);
    warn_of_open_port(attached);
    look_for_tcx(attached);
    look_at_ends(attached);
    if (lx_is_behind(attached))
        puts(
            "  the role is behind it: judged at tc egress and at arrival; what XDP or bpf_redirect_peer redirects past "
            "tc egress is not seen");
    if (attached->forward)
        lx_print("  %s and %s forward by themselves\n", attached->interface, attached->pair);
}

void lx_say_updated(const struct lx_update *update, const struct lx_policy *policy, uint32_t try_seconds)
{
    const struct lx_publication *now = lx_update_in_force(update);

    lx_print("%s: generation %llu: filtering as ", update->interface->name, (unsigned long long)now->generation);
    say_roles(policy);
    putchar('\n');
    say_terms(update->interface->name, policy, try_seconds);
    look_for_tcx(&update->metadata);
}

void lx_say_loaded(const struct lx_update *update, const struct lx_policy *policy)
{
    const char *interface = update->interface->name;

    lx_print("%s: generation %llu is a candidate: ", interface,
             (unsigned long long)lx_update_candidate(update)->generation);
    say_roles(policy);
    putchar('\n');
    lx_print("  in force stays generation %llu; 'lyncxdp counters %s' shows what the candidate would change, "
             "'lyncxdp promote %s' puts it in force, 'lyncxdp rollback %s' discards it\n",
             (unsigned long long)lx_update_in_force(update)->generation, interface, interface, interface);
}
