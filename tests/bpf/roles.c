/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every role of every edition, on each of its sides and for both ways of load balancing, attached to a real interface
 * with the sample site: the packets of its inbound rows pass, and the ports beside their ranges drop. The kernel is
 * asked, as `lyncxdp explain INTERFACE` asks it.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/including.h"
#include "user/core/explain/probe.h"
#include "user/core/policy/policy_reader.h"
#include "user/core/resolve/resolve.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/attachment/detach.h"
#include "user/kernel/read/ask.h"
#include "world.h"

static const char *const editions[] = {"ocs2007", "ocs2007r2", "lync2010", "lync2013",
                                       "sfb2015", "sfb2019",   "sfbse",    "teams"};
static struct lx_failure failure;

/* --- What is attached --------------------------------------------------------------------------------------------- */

/* One attachment to be tried. Fixed in size: parameters cross from one process to another. */
struct trial {
    char edition[16], role[32];
    enum lx_side side;
    enum lx_lb lb;
};

#define TRIALS 256

static FILE *open_input(const char *path)
{
    FILE *stream = fopen(path, "r");

    cr_assert_not_null(stream, "%s", path);
    return stream;
}

static struct lx_policy_file read_edition(const char *edition)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_eq(lx_read_shipped(edition, &file, &diagnostics), 0, "%s", edition);
    return file;
}

static bool has_lb(const struct lx_role *role)
{
    for (size_t i = 0; i < role->row_count; i++)
        if (role->rows[i].lb != LX_LB_ANY)
            return true;
    return false;
}

static size_t add_trials(struct trial *trials, const char *edition, const struct lx_role *role)
{
    bool sides = role->external || role->internal, balanced = has_lb(role);
    size_t count = 0;

    for (enum lx_side side = LX_SIDE_NONE; side <= LX_SIDE_INTERNAL; side++) {
        if (sides ? !(side == LX_SIDE_EXTERNAL && role->external) && !(side == LX_SIDE_INTERNAL && role->internal)
                  : side != LX_SIDE_NONE)
            continue;
        for (enum lx_lb lb = LX_LB_HARDWARE; lb <= (balanced ? LX_LB_DNS : LX_LB_HARDWARE); lb++) {
            struct trial *trial = &trials[count++];

            *trial = (struct trial){.side = side, .lb = lb};
            snprintf(trial->edition, sizeof(trial->edition), "%s", edition);
            snprintf(trial->role, sizeof(trial->role), "%s", role->name);
        }
    }
    return count;
}

/* The policy of a trial at the sample site, which leaves a few groups open. */
static struct lx_policy policy_of(const struct trial *trial)
{
    static const char *const groups[] = {
        "cms",       "branch",           "office-web-apps", "office365",      "persistent-chat",
        "sql-peers", "teams-signalling", "teams-media",     "teams-gcc-high", "teams-dod"};
    static struct lx_prefix others;
    struct lx_setting settings[sizeof(groups) / sizeof(*groups)];
    char *role = (char *)trial->role;
    struct lx_request request = {.roles = {.items = &role, .count = 1},
                                 .side = trial->side,
                                 .settings = settings,
                                 .setting_count = sizeof(groups) / sizeof(*groups),
                                 .lb = trial->lb};
    struct lx_policy_file file = read_edition(trial->edition), elsewhere = read_edition("lync2010");
    const char *path = "policies/sites/contoso.yaml";
    struct lx_diagnostics diagnostics = {0};
    FILE *stream = open_input(path);
    struct lx_policy policy;
    struct lx_site site;

    for (size_t i = 0; i < request.setting_count; i++)
        settings[i] = (struct lx_setting){.name = (char *)groups[i], .prefixes = &others, .prefix_count = 1};
    request.elsewhere = &elsewhere; /* whose roles the site speaks of */
    cr_assert_eq(lx_prefix_parse("192.168.10.92", &others, NULL), 0);
    cr_assert_eq(lx_site_file_read(stream, path, &site, &diagnostics), 0);
    cr_assert_eq(lx_resolve(&file, &site, &request, &policy, &diagnostics), 0, "%s: %s", trial->role,
                 diagnostics.count ? diagnostics.items[0].message : "?");
    fclose(stream);
    return policy; /* what it borrows lives as long as the test */
}

static struct lx_attachment attach(const struct lx_policy *policy)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_attachment attachment;
    struct lx_interface interface;
    struct lx_metadata metadata;
    struct lx_compiled compiled;

    cr_assert_eq(lx_compile(policy, &compiled, &diagnostics), 0);
    cr_assert_eq(lx_interface_find("outer0", &interface, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_attach(&interface, policy, &compiled, &(struct lx_attach_choices){0}, &metadata, &failure), 0, "%s",
                 failure.text);
    cr_assert_eq(lx_attachment_open(&interface, &attachment, &failure), 0, "%s", failure.text);
    cr_assert_eq(lx_attachment_state(&attachment), LX_STATE_FILTERING);
    lx_compiled_free(&compiled);
    return attachment;
}

/* --- What is asked ------------------------------------------------------------------------------------------------ */

static bool has_address(const struct lx_prefix_set *set, const struct lx_address *address)
{
    bool has = set->any;

    for (size_t i = 0; i < set->count; i++)
        has |= lx_prefix_contains(&set->items[i], address);
    return has;
}

/* The first rule, in the policy's order, that lets the packet in: found by looking at one after the other. */
static const struct lx_rule *rule_for(const struct lx_policy *policy, const struct lx_probe *probe)
{
    if (has_address(policy->protected, &probe->source) && !policy->protected->any)
        return NULL;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct lx_row *row = policy->rules[i].row;

        if (lx_row_hook(row) == LX_HOOK_TO_ROLE && row->transports & LX_TRANSPORT_BIT(probe->transport) &&
            lx_ports_contain(&row->source_ports, probe->source_port) &&
            lx_ports_contain(&row->destination_ports, probe->destination_port) &&
            has_address(policy->rules[i].source, &probe->source) &&
            has_address(policy->rules[i].destination, &probe->destination))
            return &policy->rules[i];
    }
    return NULL;
}

/* Asks the kernel, and holds its verdict and its row against the rules. Returns whether the packet passed. */
static bool ask(struct lx_attachment *attachment, const struct lx_policy *policy, const struct lx_probe *probe,
                const struct trial *trial)
{
    const struct lx_rule *rule = rule_for(policy, probe);
    uint8_t frame[LX_PROBE_FRAME];
    size_t length = lx_probe_frame(probe, frame);
    struct lx_judgement answer = {0};

    cr_assert_eq(lx_attachment_ask(attachment, LX_HOOK_TO_ROLE, frame, length, &answer, &failure), 0, "%s",
                 failure.text);
    cr_expect_eq(answer.reason == LX_REASON_ROW, rule != NULL, "%s: %s %u: %s", trial->role,
                 probe->transport == LX_TCP ? "tcp" : "udp", probe->destination_port, lx_reason_name(answer.reason));
    if (rule)
        cr_expect_eq(answer.row, rule->slot, "%s: %s %u is credited to %s", trial->role,
                     probe->transport == LX_TCP ? "tcp" : "udp", probe->destination_port,
                     answer.row < policy->rule_count ? policy->rules[answer.row].row->id : "?");
    return answer.reason == LX_REASON_ROW;
}

static struct lx_address member(const struct lx_prefix_set *set, const char *otherwise)
{
    struct lx_address address;

    cr_assert_eq(lx_address_parse(otherwise, &address, NULL), 0);
    return set->any || !set->count ? address : set->items[0].address;
}

/* A packet of a row, from its first host to its first host. */
static struct lx_probe packet_of(const struct lx_rule *rule, enum lx_transport transport, uint16_t port)
{
    const struct lx_ports *sources = &rule->row->source_ports;

    return (struct lx_probe){.transport = transport,
                             .source = member(rule->source, "203.0.113.9"),
                             .destination = member(rule->destination, "198.51.100.1"),
                             .source_port = lx_ports_any(sources) ? 49152 : sources->ranges[0].first,
                             .destination_port = port,
                             .tcp_flags = LX_TCP_SYN};
}

/* The ports of an inbound row pass, at both ends and in the middle; those beside them do as the other rows say. */
static void try_inbound(struct lx_attachment *attachment, const struct lx_policy *policy, const struct lx_rule *rule,
                        enum lx_transport transport, const struct trial *trial)
{
    for (size_t i = 0; i < rule->row->destination_ports.count; i++) {
        unsigned first = rule->row->destination_ports.ranges[i].first,
                 last = rule->row->destination_ports.ranges[i].last;
        const unsigned inside[] = {first, (first + last) / 2, last}, beside[] = {first - 1, last + 1};

        for (size_t j = 0; j < 3; j++) {
            struct lx_probe probe = packet_of(rule, transport, (uint16_t)inside[j]);

            cr_expect(ask(attachment, policy, &probe, trial), "%s: port %u of %s does not pass", trial->role, inside[j],
                      rule->row->id);
            if (!rule->source->any) { /* nobody else has this row */
                cr_assert_eq(lx_address_parse("203.0.113.77", &probe.source, NULL), 0);
                ask(attachment, policy, &probe, trial);
            }
        }
        for (size_t j = 0; j < 2; j++) {
            struct lx_probe probe = packet_of(rule, transport, (uint16_t)beside[j]);

            if (beside[j] >= 1 && beside[j] <= 65535)
                ask(attachment, policy, &probe, trial);
        }
    }
}

/* What the role may send is not let in for that. */
static void try_outbound(struct lx_attachment *attachment, const struct lx_policy *policy, const struct lx_rule *rule,
                         enum lx_transport transport, const struct trial *trial)
{
    const struct lx_ports *ports = &rule->row->destination_ports;
    struct lx_probe probe = packet_of(rule, transport, lx_ports_any(ports) ? 40000 : ports->ranges[0].first);
    bool passed = ask(attachment, policy, &probe, trial);

    cr_expect(!passed || rule_for(policy, &probe), "%s: %s passes to the role", trial->role, rule->row->id);
}

/* --- The test ----------------------------------------------------------------------------------------------------- */

ParameterizedTestParameters(roles, attaches_and_passes_its_rows_and_nothing_beside_them)
{
    static struct trial trials[TRIALS];
    size_t count = 0;

    for (size_t i = 0; i < sizeof(editions) / sizeof(*editions); i++) {
        struct lx_policy_file file = read_edition(editions[i]);

        for (size_t j = 0; j < file.role_count; j++) {
            cr_assert_lt(count, TRIALS - 4);
            count += add_trials(&trials[count], editions[i], &file.roles[j]);
        }
        lx_policy_file_free(&file);
    }
    cr_assert_gt(count, sizeof(editions) / sizeof(*editions));
    return cr_make_param_array(struct trial, trials, count);
}

ParameterizedTest(struct trial *trial, roles, attaches_and_passes_its_rows_and_nothing_beside_them, .init = enter_world,
                  .timeout = 120)
{
    struct lx_policy policy = policy_of(trial);
    struct lx_attachment attachment = attach(&policy);
    struct lx_interface interface;

    for (size_t i = 0; i < policy.rule_count; i++) {
        const struct lx_rule *rule = &policy.rules[i];

        for (enum lx_transport transport = LX_TCP; transport <= LX_UDP; transport++) {
            if (!(rule->row->transports & LX_TRANSPORT_BIT(transport)))
                continue;
            if (lx_row_hook(rule->row) == LX_HOOK_TO_ROLE)
                try_inbound(&attachment, &policy, rule, transport, trial);
            else
                try_outbound(&attachment, &policy, rule, transport, trial);
        }
    }
    lx_attachment_close(&attachment);
    cr_assert_eq(lx_interface_find("outer0", &interface, &failure), 0);
    cr_expect_eq(lx_detach(&interface, &failure), 0, "%s", failure.text);
}
