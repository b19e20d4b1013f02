/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * status: what is attached where, by hook, and whether it really filters; exit code 1 when something does not, or when
 * something is declared and not attached.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "status_report.h"
#include "user/cli/change/activate.h"
#include "user/cli/options/attachments.h"
#include "user/cli/policy/expected.h"
#include "user/cli/print/output.h"
#include "user/cli/print/table.h"
#include "user/cli/print/title.h"
#include "user/core/report/report_json.h"
#include "user/core/resolve/group_dates.h"
#include "user/kernel/attachment/hooks.h"
#include "user/kernel/attachment/location.h"
#include "verb.h"

static const struct lx_option options_of_status[] = {
    {"json", NULL, "print JSON", lx_take_flag, 0},
};

static const struct lx_column columns[] = {
    {"INTERFACE", "interface", false, false},
    {"ROLE", "role", false, false},
    {"EDITION", "edition", false, false},
    {"SIDE", "side", false, false},
    {"PAIR", "pair", false, false},
    {"HOOK", "hook", false, false},
    {"STATE", "state", false, false},
    {"MODE", "mode", false, false},
    {"DISPATCHER", "dispatcher", false, false},
    {"EGRESS", "egress", false, false},
    {"FLOWS", "flows", true, false},
    {"PICKED UP", "picked_up", true, false},
    {"GENERATION", "generation", true, false},
    {"DIGEST", "digest", false, false},
    {"NAMESPACE", "namespace", false, false}, /* where one is elsewhere */
};

static const char *state_name(enum lx_state state)
{
    switch (state) {
    case LX_STATE_FILTERING:
        return "filtering";
    case LX_STATE_NOT_RUNNING:
        return "not-running";
    case LX_STATE_GONE:
        return "gone";
    case LX_STATE_OTHER_ABI:
        break;
    }
    return "other-abi";
}

/* Whether another interface has the name of one that is gone, so that `detach` would take it for that one. */
static bool taken(const char *name)
{
    struct lx_interface interface;
    struct lx_failure unheard;

    return !lx_interface_find(name, &interface, &unheard);
}

static int warn_of_state(const struct lx_attachment *attachment, enum lx_state state, enum lx_hook hook)
{
    const struct lx_metadata *metadata = &attachment->metadata;
    const struct lx_title title = lx_attachment_title(metadata);
    const struct lx_called called = lx_called(metadata->interface, metadata->vlan);
    const char *name = title.text, *command = called.text, *directory = attachment->directory;

    if (state == LX_STATE_FILTERING)
        return LX_EXIT_DONE;
    if (state == LX_STATE_GONE)
        lx_print_error("%s is gone, and its filter with it; 'lyncxdp detach %s' tidies up", name,
                       taken(command) ? directory : command);
    else if (state == LX_STATE_OTHER_ABI)
        lx_print_error("%s was attached by an incompatible lyncxdp (ABI %u, this is %d)", name, metadata->abi_version,
                       LX_ABI_VERSION);
    else if (hook == LX_HOOK_TO_ROLE)
        lx_print_error("%s is not filtered: its program does not run on it any more; attach it again, which tidies up, "
                       "too",
                       name);
    else if (metadata->pair_ifindex)
        lx_print_error("what the role sends through %s and %s is not filtered, and not remembered: a program does not "
                       "run there any more; 'lyncxdp update %s' puts it back",
                       metadata->pair, name, command);
    else
        lx_print_error(
            "what the role sends through %s is not filtered, and not remembered: its program does not run at "
            "%s any more; 'lyncxdp update %s' puts it back",
            name, lx_is_behind(metadata) ? "its XDP hook" : "tc egress", command);
    return LX_EXIT_FAILED;
}

/* What nobody may overlook: that nothing is dropped, and that what is in force is not what was put in force last. */
static void warn_of_terms(const struct lx_attachment *attachment)
{
    const struct lx_called called = lx_called(attachment->metadata.interface, attachment->metadata.vlan);
    const struct lx_group_date *lists = attachment->publication.groups;
    const char *name = called.text;
    uint64_t now = attachment->opened_ms, deadline = lx_control_deadline(attachment->control);
    char old[256];

    if (lx_control_in_force(attachment->control, now) != lx_control_active(attachment->control))
        lx_print_warning("the trial on %s has run out unconfirmed: it fell back to generation %llu", name,
                         (unsigned long long)attachment->publication.generation);
    else if (deadline)
        lx_print_warning("generation %llu is on trial on %s: it falls back in %llu s; 'lyncxdp confirm %s' keeps it",
                         (unsigned long long)attachment->publication.generation, name,
                         (unsigned long long)((deadline - now + 999) / 1000), name);
    if (lx_published_origin(&attachment->publication) == LX_ORIGIN_LAST_GOOD)
        lx_print_warning("%s is filtered by what applied well last: what is declared for it could not be used; "
                         "'lyncxdp apply --dry-run' shows why, 'lyncxdp apply' puts it in force when it is mended",
                         name);
    if (attachment->publication.traits & LX_TRAIT_ANY_SELF)
        lx_print_warning(
            "the role on %s has no address of its own: its rows hold for any address; give it one under self: in the "
            "site, or with --set self=ADDR",
            name);
    if (attachment->publication.traits & LX_TRAIT_UNBOUND)
        lx_print_warning("neighbours behind %s pass unjudged (bypass): a role that was broken into can send under "
                         "their addresses, or in their VLANs, unless mac: binds them",
                         name);
    else if (attachment->publication.traits & LX_TRAIT_BYPASS)
        lx_print("%s: neighbours behind it pass unjudged (bypass), each behind its own MAC address\n", name);
    for (size_t i = 0; i < LX_GROUP_DATES && lists[i].date; i++)
        if (lx_list_is_old(lists[i].group, lists[i].date, (uint64_t)time(NULL), old))
            lx_print_warning("%s: %s", name, old);
    if (attachment->publication.audit)
        lx_print_warning("%s is in audit mode: nothing is dropped, only counted; 'lyncxdp update %s --no-audit' "
                         "filters",
                         name, name);
}

/* What is wrong with a hook, or else with the next one. Returns the exit code. */
static int warn_of_states(const struct lx_attachment *attachment)
{
    int result = LX_EXIT_DONE;

    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT && result == LX_EXIT_DONE; hook++)
        if (lx_attachment_has_hook(attachment, hook))
            result = warn_of_state(attachment, lx_attachment_own_state(attachment, hook), hook);
    return result;
}

/* The same of what is filtered with it. */
static int warn_of_member(const struct lx_attachment *attachment, size_t member)
{
    const char *name = attachment->members.items[member].interface, *command = attachment->metadata.interface;
    int result = LX_EXIT_DONE;

    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT && result == LX_EXIT_DONE; hook++) {
        enum lx_state state = lx_attachment_has_hook(attachment, hook)
                                  ? lx_attachment_member_state(attachment, member, hook)
                                  : LX_STATE_FILTERING;

        if (state == LX_STATE_FILTERING)
            continue;
        result = LX_EXIT_FAILED;
        if (state == LX_STATE_GONE)
            lx_print_error("%s, which is filtered with %s, is gone; when it is there again 'lyncxdp update %s' filters "
                           "it again; if it is to stay away, 'lyncxdp detach %s' strikes it off",
                           name, command, command, name);
        else
            lx_print_error("%s is to be filtered with %s, and its %s program does not run there any more; 'lyncxdp "
                           "update %s' puts it back",
                           name, command, lx_hook_name(hook), command);
    }
    return result;
}

/* A bond takes in frames by any of its ports. */
static int warn_of_open_port(const struct lx_attachment *attachment)
{
    const char *name = attachment->metadata.interface;
    char port[LX_INTERFACE_NAME];

    if (!lx_attachment_open_port(attachment, port))
        return LX_EXIT_DONE;
    lx_print_error("%s is not filtered, and is a port of the same bond as %s: what comes by it is not looked at; "
                   "'lyncxdp update %s --with %s' filters it, too",
                   port, name, name, port);
    return LX_EXIT_FAILED;
}

static void warn_of_candidate(const struct lx_attachment *attachment)
{
    const struct lx_called called = lx_called(attachment->metadata.interface, attachment->metadata.vlan);
    const char *name = called.text;
    struct lx_publication candidate;

    if (!lx_attachment_candidate(attachment, &candidate))
        lx_print_warning("generation %llu is a candidate on %s: 'lyncxdp counters %s' shows what it would change, "
                         "'lyncxdp promote %s' puts it in force, 'lyncxdp rollback %s' discards it",
                         (unsigned long long)candidate.generation, name, name, name, name);
}

/* A list of VLANs that does not hold is no filter: whoever is in another VLAN comes in. */
static int warn_of_tags(const struct lx_attachment *attachment)
{
    const struct lx_called called = lx_called(attachment->metadata.interface, attachment->metadata.vlan);
    const char *name = called.text;

    if (lx_attachment_takes_tags(attachment) != 1)
        return LX_EXIT_DONE;
    lx_print_error(
        "VLAN tags are taken off frames again before %s is filtered, so that %s; 'lyncxdp update %s' switches "
        "that off",
        name,
        attachment->metadata.vlan ? "whatever comes in by that VLAN passes unjudged"
                                  : "the site's list of VLANs does not hold",
        name);
    return LX_EXIT_FAILED;
}

/* It is filtered, and nobody is served. */
static int warn_of_closed(const struct lx_attachment *attachment)
{
    if (lx_published_origin(&attachment->publication) != LX_ORIGIN_CLOSED)
        return LX_EXIT_DONE;
    lx_print_error(
        "%s IS CLOSED to all but its neighbours, DHCP and its management rows: neither what is declared for it "
        "nor anything before it could be used; 'lyncxdp apply --dry-run' shows why, 'lyncxdp apply' puts it "
        "in force when it is mended",
        attachment->metadata.interface);
    return LX_EXIT_FAILED;
}

static int add_status(const struct lx_attachment *attachment, void *context)
{
    int result = lx_status_add(attachment, state_name, context);
    struct lx_tcx tcx;

    if (result != LX_EXIT_DONE)
        return result;
    result = warn_of_states(attachment);
    for (size_t i = 0; i < attachment->members.count; i++)
        if (warn_of_member(attachment, i) != LX_EXIT_DONE)
            result = LX_EXIT_FAILED;
    if (warn_of_open_port(attachment) != LX_EXIT_DONE)
        result = LX_EXIT_FAILED;
    if (warn_of_tags(attachment) != LX_EXIT_DONE)
        result = LX_EXIT_FAILED;
    if (warn_of_closed(attachment) != LX_EXIT_DONE)
        result = LX_EXIT_FAILED;
    if (!lx_attachment_tcx(attachment, &tcx))
        lx_warn_of_tcx(&tcx);
    warn_of_terms(attachment);
    warn_of_candidate(attachment);
    return result;
}

/* --- What is declared -------------------------------------------------------------------------------------------- */

static bool is_reported(const json_t *report, const char *interface)
{
    bool reported = false;

    for (size_t i = 0; i < json_array_size(report) && !reported; i++) {
        const json_t *one = json_array_get(report, i);

        reported = json_is_null(json_object_get(one, "namespace")) && !strcmp(lx_report_called(one).text, interface);
    }
    return reported;
}

/* Says of each hook whether its interface is declared. Returns 0 or -1. */
static int mark_declared(json_t *report, const struct lx_expected *expected)
{
    int error = 0;

    for (size_t i = 0; i < json_array_size(report) && !error; i++) {
        json_t *one = json_array_get(report, i);
        bool declared = json_is_null(json_object_get(one, "namespace")) &&
                        lx_words_contain(&expected->interfaces, lx_report_called(one).text);

        error = json_object_set_new(one, "declared", json_boolean(declared));
    }
    return error;
}

/* An interface that is declared and has no hook at all: all members that a hook would have are there, and null. */
static int add_missing(json_t *report, const char *interface, const char *file)
{
    static const char *const nulls[] = {
        "role",          "edition",    "side",          "hook",      "mode",     "egress",    "dispatcher",
        "digest",        "generation", "audit",         "trial",     "fallback", "shadow",    "flows",
        "flows_evicted", "netns",      "flow_capacity", "pair",      "forward",  "published", "namespace",
        "members",       "open_port",  "tcx",           "placement", "vlan"};
    json_t *missing =
        json_pack("{s:o, s:s, s:b}", "interface", lx_json_text(interface), "state", "not-attached", "declared", true);

    lx_print_error("%s is not filtered: nothing is attached to it, and %s declares it; 'lyncxdp apply --dry-run --each "
                   "-f %s' shows why",
                   interface, file, file);
    for (size_t i = 0; missing && i < sizeof(nulls) / sizeof(*nulls); i++)
        json_object_set_new(missing, nulls[i], json_null());
    return lx_json_add(report, missing);
}

/* Adds what is declared and is not there. Returns the exit code. */
static int warn_of_declared(const struct lx_arguments *arguments, json_t *report)
{
    struct lx_expected expected = {0};
    int result = LX_EXIT_DONE;

    if (lx_expected_read(&expected) || mark_declared(report, &expected))
        result = lx_memory_error();
    if (expected.trouble && !arguments->count) {
        lx_print_error("%s", expected.trouble);
        result = LX_EXIT_FAILED;
    }
    for (size_t i = 0; i < expected.interfaces.count; i++) {
        const char *interface = expected.interfaces.items[i];

        if (is_reported(report, interface) || (arguments->count && strcmp(arguments->items[0], interface) != 0))
            continue;
        result = add_missing(report, interface, expected.file) ? lx_memory_error() : LX_EXIT_FAILED;
    }
    lx_expected_free(&expected);
    return result;
}

/* Programs of ours without pins. Returns the exit code. */
static int warn_of_orphans(void)
{
    char name[LX_INTERFACE_NAME];
    int result = LX_EXIT_DONE;

    for (unsigned index = 0; (index = lx_orphan_after(index, name));) {
        lx_print_error("%s runs a program of lyncxdp's whose pins are lost (was /sys/fs/bpf unmounted?), so that its "
                       "state is unreadable; it filters until you run: lyncxdp detach %s",
                       name, name);
        result = LX_EXIT_FAILED;
    }
    return result;
}

/* As the table shows it: what is filtered with an interface has lines of its own. NULL when out of memory. */
static json_t *table_of(const json_t *report)
{
    json_t *lines = json_array(), *members, *line;
    int error = lines ? 0 : -1;

    for (size_t i = 0; i < json_array_size(report) && !error; i++) {
        json_t *one = json_array_get(report, i);

        line = json_copy(one);
        error = json_object_set_new(line, "interface", lx_json_text(lx_report_called(one).text));
        error = json_array_append_new(lines, line) || error;
        members = json_object_get(one, "members");
        for (size_t j = 1; j < json_array_size(members) && !error; j++) {
            line = json_deep_copy(json_array_get(members, j));
            error = json_object_set(line, "hook", json_object_get(one, "hook")) ||
                    json_object_set(line, "namespace", json_object_get(one, "namespace")) ||
                    json_object_set_new(line, "role", json_sprintf("(with %s)", lx_report_called(one).text));
            error = json_array_append_new(lines, line) || error;
        }
    }
    if (!error)
        return lines;
    json_decref(lines);
    return NULL;
}

static int print_table(const json_t *report)
{
    json_t *lines = table_of(report);
    int result = lines ? lx_print_table(lines, columns, sizeof(columns) / sizeof(*columns) - !lx_some_elsewhere(report))
                       : lx_memory_error();

    json_decref(lines);
    return result;
}

int lx_verb_status(int argc, char **argv)
{
    bool json = false;
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_status, &json)};
    struct lx_arguments arguments;
    int result, printed = LX_EXIT_DONE;
    json_t *report;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    report = json_array();
    if (!report)
        return lx_memory_error();
    result = lx_visit_attachments(&arguments, add_status, report);
    if (!arguments.count && result == LX_EXIT_DONE)
        result = warn_of_orphans();
    if (result != LX_EXIT_USAGE) {
        int declared = warn_of_declared(&arguments, report);

        result = result != LX_EXIT_DONE ? result : declared;
    }
    if (json_array_size(report) && !json)
        printed = print_table(report);
    else if (!json && result == LX_EXIT_DONE)
        puts("nothing is attached");
    if (json && result != LX_EXIT_USAGE && (json_array_size(report) || !arguments.count))
        printed = lx_print_json(json_incref(report));
    json_decref(report);
    return result != LX_EXIT_DONE ? result : printed;
}
