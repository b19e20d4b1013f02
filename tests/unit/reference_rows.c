/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two 5-tuple tables of "Reference Architecture 1: Port Summary for Single Consolidated Edge", transcribed line by
 * line from the document and not from the policy, held against what the shipped policy and site resolve to. Then every
 * row is put to the compiled policy as a packet, and so is each of its neighbours.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "given.h"
#include "user/core/explain/simulation.h"
#include "user/core/image/compile.h"

#define POOL "192.168.10.90,192.168.10.91"

/* A line of a table: who sends from which port to whom at which port. */
struct printed {
    unsigned number; /* of the line in its table, from 1 */
    const char *role;
    const char *source, *source_port, *destination, *destination_port;
    const char *transport, *application;
    bool inbound; /* the role's own address stands at the destination */
};

/* External Ports Settings Required for Single Consolidated Edge Topology. */
static const struct printed external_table[] = {
    {1, "access-edge", "10.45.16.10", "any", "any", "80", "tcp", "HTTP", false},
    {2, "access-edge", "10.45.16.10", "any", "any", "53", "udp", "DNS", false},
    {3, "access-edge", "any", "any", "10.45.16.10", "443", "tcp", "SIP (TLS)", true},
    {4, "access-edge", "any", "any", "10.45.16.10", "5061", "tcp", "SIP (MTLS)", true},
    {5, "access-edge", "10.45.16.10", "any", "any", "5061", "tcp", "SIP (MTLS)", false},
    {6, "webconf-edge", "any", "any", "10.45.16.20", "443", "tcp", "PSOM (TLS)", true},
    {7, "av-edge", "10.45.16.30", "50000-59999", "any", "any", "tcp", "RTP", false},
    {8, "av-edge", "10.45.16.30", "50000-59999", "any", "any", "udp", "RTP", false},
    {9, "av-edge", "any", "any", "10.45.16.30", "50000-59999", "tcp", "RTP", true},
    {10, "av-edge", "any", "any", "10.45.16.30", "50000-59999", "udp", "RTP", true},
    {11, "av-edge", "10.45.16.30", "3478", "any", "3478", "udp", "STUN/MSTURN", false},
    {12, "av-edge", "any", "any", "10.45.16.30", "3478", "udp", "STUN/MSTURN", true},
    {13, "av-edge", "any", "any", "10.45.16.30", "443", "tcp", "STUN/MSTURN", true},
    {14, "reverse-proxy", "any", "any", "10.45.16.40", "80", "tcp", "HTTP", true},
    {15, "reverse-proxy", "any", "any", "10.45.16.40", "443", "tcp", "HTTPS", true},
};

/* Internal Ports Settings Required for Single Consolidated Edge Topology. */
static const struct printed internal_table[] = {
    {1, "access-edge", "172.25.33.10", "any", POOL, "5061", "tcp", "SIP (MTLS)", false},
    {2, "access-edge", POOL, "any", "172.25.33.10", "5061", "tcp", "SIP (MTLS)", true},
    {3, "access-edge", POOL, "any", "172.25.33.10", "4443", "tcp", "HTTPS", true},
    {4, "webconf-edge", "any", "any", "172.25.33.10", "8057", "tcp", "PSOM (MTLS)", true},
    {5, "av-edge", POOL, "any", "172.25.33.10", "5062", "tcp", "SIP (MTLS)", true},
    {6, "av-edge", "any", "any", "172.25.33.10", "3478", "udp", "STUN/MSTURN", true},
    {7, "av-edge", "any", "any", "172.25.33.10", "443", "tcp", "STUN/MSTURN", true},
    {8, "reverse-proxy", "172.25.33.40", "any", "192.168.10.190", "8080", "tcp", "HTTPS", false},
    {9, "reverse-proxy", "172.25.33.40", "any", "192.168.10.190", "4443", "tcp", "HTTPS", false},
};

#define LINES(table) (sizeof(table) / sizeof((table)[0]))

/* One of the document's two tables, and how rows cite it. */
struct table {
    enum lx_side side;
    const struct printed *lines;
    size_t count;
    const char *title;
};

static const struct table tables[] = {
    {LX_SIDE_EXTERNAL, external_table, LINES(external_table), "External Ports Settings"},
    {LX_SIDE_INTERNAL, internal_table, LINES(internal_table), "Internal Ports Settings"},
};

/*
 * The firewall summaries of the same document, line by line; "in" and "out" as they print it, "50K" as the range. They
 * print the same traffic once more, so each of their lines must be a row that the tables above already gave.
 */
struct summary {
    enum lx_side side;
    const char *edge; /* the role that the line is about, or its one that could be */
    const char *port, *transport;
    const char *direction;
    bool source_port; /* the port is the source's */
};

static const struct summary summaries[] = {
    {LX_SIDE_EXTERNAL, "access-edge", "80", "tcp", "out", false},
    {LX_SIDE_EXTERNAL, "access-edge", "53", "udp", "out", false},
    {LX_SIDE_EXTERNAL, "access-edge", "443", "tcp", "in", false},
    {LX_SIDE_EXTERNAL, "access-edge", "5061", "tcp", "in/out", false},
    {LX_SIDE_EXTERNAL, "webconf-edge", "443", "tcp", "in", false},
    {LX_SIDE_EXTERNAL, "av-edge", "50000-59999", "tcp", "in", false},
    {LX_SIDE_EXTERNAL, "av-edge", "50000-59999", "tcp", "out", true},
    {LX_SIDE_EXTERNAL, "av-edge", "50000-59999", "udp", "in", false},
    {LX_SIDE_EXTERNAL, "av-edge", "50000-59999", "udp", "out", true},
    {LX_SIDE_EXTERNAL, "av-edge", "3478", "udp", "in/out", false},
    {LX_SIDE_EXTERNAL, "av-edge", "443", "tcp", "in", false},
    {LX_SIDE_INTERNAL, "access-edge", "5061", "tcp", "in/out", false},
    {LX_SIDE_INTERNAL, "webconf-edge", "8057", "tcp", "out", false},
    {LX_SIDE_INTERNAL, "av-edge", "5062", "tcp", "out", false},
    {LX_SIDE_INTERNAL, "av-edge", "3478", "udp", "out", false},
    {LX_SIDE_INTERNAL, "av-edge", "443", "tcp", "out", false},
    {LX_SIDE_INTERNAL, "access-edge", "4443", "tcp", "out", false},
    {LX_SIDE_EXTERNAL, "reverse-proxy", "80", "tcp", "in", false},
    {LX_SIDE_EXTERNAL, "reverse-proxy", "443", "tcp", "in", false},
    {LX_SIDE_INTERNAL, "reverse-proxy", "4443", "tcp", "in", false},
};

/* The shipped policy and site, for both the Edge and the reverse proxy on one side. */
static struct given shipped(enum lx_side side)
{
    struct given given = {.request.side = side};

    given_policy_stream(&given, fopen("policies/lync2010.yaml", "r"), "policies/lync2010.yaml");
    given_site_stream(&given, fopen("policies/sites/contoso.yaml", "r"), "policies/sites/contoso.yaml");
    given_role(&given, "consolidated-edge");
    given_role(&given, "reverse-proxy");
    if (given_resolve(&given)) {
        given_print(&given.diagnostics);
        cr_assert_fail("the shipped policy does not resolve");
    }
    return given;
}

static const struct lx_rule *find_printed(const struct given *given, const struct table *table,
                                          const struct printed *line)
{
    char place[64];

    snprintf(place, sizeof(place), "%s, row %u", table->title, line->number);
    for (size_t i = 0; i < given->policy.rule_count; i++) {
        const char *source = given->policy.rules[i].row->source, *found = source ? strstr(source, place) : NULL;

        if (found && !found[strlen(place)])
            return &given->policy.rules[i];
    }
    return NULL;
}

static void check_ports(const struct lx_ports *ports, const char *printed, const char *id)
{
    char text[LX_PORTS_TEXT];

    cr_expect_str_eq(lx_ports_format(ports, text), printed, "%s", id);
}

static void check_line(const struct given *given, const struct table *table, const struct printed *line)
{
    const struct lx_rule *rule = find_printed(given, table, line);
    char prefix[64];

    cr_assert_not_null(rule, "%s, row %u is not there", table->title, line->number);
    snprintf(prefix, sizeof(prefix), "%s/%s/", line->role, lx_side_name(table->side));
    cr_expect_eq(strncmp(rule->row->id, prefix, strlen(prefix)), 0, "%s is not one of %s", rule->row->id, prefix);
    cr_expect_str_eq(rule->row->role, line->role);
    cr_expect_eq(lx_row_hook(rule->row), line->inbound ? LX_HOOK_TO_ROLE : LX_HOOK_FROM_ROLE, "%s", rule->row->id);
    cr_expect_str_eq(given_set(rule->source), line->source, "%s", rule->row->id);
    cr_expect_str_eq(given_set(rule->destination), line->destination, "%s", rule->row->id);
    check_ports(&rule->row->source_ports, line->source_port, rule->row->id);
    check_ports(&rule->row->destination_ports, line->destination_port, rule->row->id);
    cr_expect_str_eq(lx_transports_name(rule->row, rule->row->transports).text, line->transport, "%s", rule->row->id);
    cr_expect_str_eq(rule->row->application, line->application, "%s", rule->row->id);
}

Test(reference_rows, every_line_of_the_tables_is_a_rule_and_nothing_else_is)
{
    for (size_t i = 0; i < LINES(tables); i++) {
        struct given given = shipped(tables[i].side);

        cr_expect_eq(given.policy.rule_count, tables[i].count);
        cr_expect_eq(given.policy.row_count, tables[i].count);
        for (size_t j = 0; j < tables[i].count; j++)
            check_line(&given, &tables[i], &tables[i].lines[j]);
        given_end(&given);
    }
}

/* The rules of a role at a port, counted by hook. */
static void count_rules(const struct given *given, const struct summary *line, size_t hooks[LX_HOOK_COUNT])
{
    for (size_t i = 0; i < given->policy.rule_count; i++) {
        const struct lx_row *row = given->policy.rules[i].row;
        char ports[LX_PORTS_TEXT];

        lx_ports_format(line->source_port ? &row->source_ports : &row->destination_ports, ports);
        if (strcmp(row->role, line->edge) || strcmp(ports, line->port) ||
            strcmp(lx_transports_name(row, row->transports).text, line->transport))
            continue;
        cr_expect_str_eq(row->direction, line->direction, "%s", row->id);
        hooks[lx_row_hook(row)]++;
    }
}

Test(reference_rows, every_line_of_the_firewall_summaries_is_covered)
{
    for (size_t i = 0; i < LINES(summaries); i++) {
        const struct summary *line = &summaries[i];
        struct given given = shipped(line->side);
        size_t hooks[LX_HOOK_COUNT] = {0};

        count_rules(&given, line, hooks);
        cr_expect_eq(hooks[LX_HOOK_TO_ROLE] + hooks[LX_HOOK_FROM_ROLE], strcmp(line->direction, "in/out") ? 1 : 2,
                     "%s %s %s", line->edge, line->port, line->transport);
        if (!strcmp(line->direction, "in/out"))
            cr_expect_eq(hooks[LX_HOOK_TO_ROLE], 1, "%s %s", line->edge, line->port);
        given_end(&given);
    }
}

Test(reference_rows, the_conditions_that_the_notes_print_are_options)
{
    static const struct {
        const char *id, *option;
    } printed[] = {
        {"access-edge/external/sip-mtls-in", "federation"},
        {"access-edge/external/sip-mtls-in", "public-im"},
        {"access-edge/external/sip-mtls-out", "federation"},
        {"av-edge/external/media-tcp-out", "desktop-sharing"},
        {"av-edge/external/media-tcp-out", "federation-ocs2007r2"},
        {"av-edge/external/media-tcp-out", "federation-lync2010"},
        {"av-edge/external/media-tcp-out", "windows-live-messenger"},
        {"av-edge/external/media-udp-out", "federation-ocs2007"},
        {"av-edge/external/media-tcp-in", "federation-ocs2007"},
        {"av-edge/external/media-udp-in", "federation-ocs2007"},
        {"av-edge/external/stun-udp-out", "federation-lync2010"},
        {"av-edge/external/stun-udp-out", "windows-live-messenger"},
        {"av-edge/external/stun-udp-out", "federation-ocs2007r2"},
        {"av-edge/external/stun-udp-out", "multiple-edge-pools"},
        {"reverse-proxy/external/http-in", "redirect"},
    };
    struct given given = shipped(LX_SIDE_EXTERNAL);

    for (size_t i = 0; i < LINES(printed); i++) {
        const struct lx_rule *rule = given_rule(&given, printed[i].id);

        cr_assert_not_null(rule, "%s", printed[i].id);
        cr_expect(lx_words_contain(&rule->row->options, printed[i].option), "%s: %s", printed[i].id, printed[i].option);
    }
    given_end(&given);
}

/* Someone whom no row names, for where a row lets anybody in. */
#define STRANGER "198.51.100.7"
#define STRANGER6 "2001:db8:7::7"

struct judged {
    const struct given *given;
    const struct lx_compiled *compiled;
};

static struct lx_judgement ask(const struct judged *judged, const struct lx_probe *probe)
{
    uint8_t frame[LX_PROBE_FRAME];
    size_t length = lx_probe_frame(probe, frame);

    return lx_judge_offline(judged->compiled, LX_HOOK_TO_ROLE, frame, length);
}

static bool covers(const struct lx_prefix_set *set, const struct lx_address *address)
{
    for (size_t i = 0; i < set->count; i++)
        if (lx_prefix_contains(&set->items[i], address))
            return true;
    return set->any;
}

/* What the rules say of a probe, read row by row: the slot of the first that allows it, or LX_NO_ROW. */
static uint32_t expected_row(const struct judged *judged, const struct lx_probe *probe)
{
    for (size_t i = 0; i < judged->given->policy.rule_count; i++) {
        const struct lx_rule *rule = &judged->given->policy.rules[i];

        if (lx_row_hook(rule->row) == LX_HOOK_TO_ROLE && rule->row->transports & LX_TRANSPORT_BIT(probe->transport) &&
            lx_ports_contain(&rule->row->source_ports, probe->source_port) &&
            lx_ports_contain(&rule->row->destination_ports, probe->destination_port) &&
            covers(rule->source, &probe->source) && covers(rule->destination, &probe->destination))
            return rule->slot;
    }
    return LX_NO_ROW;
}

/* A neighbour passes only where another row allows it. */
static void check_neighbour(const struct judged *judged, const struct lx_rule *rule, const struct lx_probe *probe)
{
    struct lx_judgement judgement = ask(judged, probe);
    uint32_t expected = expected_row(judged, probe);
    char from[LX_PREFIX_TEXT], to[LX_PREFIX_TEXT];

    cr_expect_neq(expected, rule->slot, "a neighbour of %s is not outside it", rule->row->id);
    cr_expect(judgement.row == expected &&
                  lx_reason_verdict(judgement.reason) == (expected == LX_NO_ROW ? LX_DROP : LX_PASS),
              "beside %s: %s %s:%u to %s:%u: %s, row %u, not %u", rule->row->id, probe->transport ? "udp" : "tcp",
              lx_address_format(&probe->source, from), probe->source_port, lx_address_format(&probe->destination, to),
              probe->destination_port, lx_reason_name(judgement.reason), judgement.row, expected);
}

static struct lx_address address(const char *text)
{
    struct lx_address address;

    cr_assert_eq(lx_address_parse(text, &address, NULL), 0, "%s", text);
    return address;
}

/* Port - 1, port + 1, the other transport, the addresses on either side of the right ones. */
static void check_neighbours(const struct judged *judged, const struct lx_rule *rule, const struct lx_probe *probe)
{
    const struct lx_port_range *range = &rule->row->destination_ports.ranges[0];
    struct lx_probe neighbour = *probe;

    neighbour.destination_port = range->first - 1;
    check_neighbour(judged, rule, &neighbour);
    neighbour.destination_port = range->last + 1;
    check_neighbour(judged, rule, &neighbour);
    neighbour = *probe;
    neighbour.transport = probe->transport == LX_TCP ? LX_UDP : LX_TCP;
    check_neighbour(judged, rule, &neighbour);
    for (int step = -1; step <= 1; step += 2) {
        neighbour = *probe;
        neighbour.destination.bytes[15] += step;
        if (!rule->destination->any)
            check_neighbour(judged, rule, &neighbour);
    }
    neighbour = *probe;
    neighbour.source = address(lx_address_is_ipv4(&probe->source) ? STRANGER : STRANGER6);
    if (!rule->source->any)
        check_neighbour(judged, rule, &neighbour);
}

static void check_inbound(const struct judged *judged, const struct lx_rule *rule, const char *source,
                          const char *destination)
{
    struct lx_probe probe = {
        .transport = rule->row->transports == LX_TRANSPORT_BIT(LX_UDP) ? LX_UDP : LX_TCP,
        .source = rule->source->any ? address(source) : rule->source->items[0].address,
        .destination = rule->destination->any ? address(destination) : rule->destination->items[0].address,
        .source_port = 49152,
        .tcp_flags = LX_TCP_SYN,
    };
    const struct lx_port_range *range = &rule->row->destination_ports.ranges[0];
    uint16_t ports[] = {range->first, (range->first + range->last) / 2, range->last};
    size_t sources = rule->source->any ? 1 : rule->source->count;

    for (size_t i = 0; i < LINES(ports); i++) {
        probe.destination_port = ports[i];
        for (size_t j = 0; j < sources; j++) {
            struct lx_judgement judgement;

            if (!rule->source->any)
                probe.source = rule->source->items[j].address;
            judgement = ask(judged, &probe);
            cr_expect(judgement.reason == LX_REASON_ROW && judgement.row == rule->slot, "%s at port %u: %s, row %u",
                      rule->row->id, ports[i], lx_reason_name(judgement.reason), judgement.row);
        }
    }
    check_neighbours(judged, rule, &probe);
}

/* Compiles what is given and puts every inbound row and its neighbours to it. Returns how many rows there were. */
static size_t check_all_inbound(const struct given *given, const char *source, const char *destination)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_compiled compiled = {0};
    struct judged judged = {.given = given, .compiled = &compiled};
    size_t inbound = 0;

    cr_assert_eq(lx_compile(&given->policy, &compiled, &diagnostics), 0);
    for (size_t i = 0; i < given->policy.rule_count; i++) {
        const struct lx_rule *rule = &given->policy.rules[i];

        if (lx_row_hook(rule->row) != LX_HOOK_TO_ROLE)
            continue;
        check_inbound(&judged, rule, source, destination);
        inbound++;
    }
    lx_compiled_free(&compiled);
    lx_diagnostics_free(&diagnostics);
    return inbound;
}

Test(reference_rows, every_inbound_row_passes_by_its_own_id_and_its_neighbours_do_not)
{
    for (size_t i = 0; i < LINES(tables); i++) {
        struct given given = shipped(tables[i].side);
        size_t printed = 0;

        for (size_t j = 0; j < tables[i].count; j++)
            printed += tables[i].lines[j].inbound;
        cr_expect_eq(check_all_inbound(&given, STRANGER, NULL), printed);
        given_end(&given);
    }
}

/* The sample addresses are IPv4; the same rows hold for IPv6 where the role's own address is one. */
Test(reference_rows, the_same_holds_for_ipv6_addresses)
{
    for (size_t i = 0; i < LINES(tables); i++) {
        static const char *const roles[] = {"access-edge", "webconf-edge", "av-edge", "reverse-proxy"};

        for (size_t j = 0; j < LINES(roles); j++) {
            struct given given = shipped(tables[i].side);

            given_forget_request(&given);
            given.request.side = tables[i].side;
            given_role(&given, roles[j]);
            given_setting(&given, "self", "2001:db8:45:16::10");
            given_setting(&given, "pool", "2001:db8:10::90,2001:db8:10::91");
            cr_assert_eq(given_resolve(&given), 0);
            check_all_inbound(&given, STRANGER6, NULL);
            given_end(&given);
        }
    }
}

/* Where nothing says what the role's own address is, it is any: each role alone, in both families. */
Test(reference_rows, without_a_site_any_address_is_the_role)
{
    static const char *const roles[] = {"access-edge", "webconf-edge", "av-edge", "reverse-proxy"};

    for (size_t i = 0; i < LINES(roles); i++) {
        struct given given = {0};

        given_policy_stream(&given, fopen("policies/lync2010.yaml", "r"), "policies/lync2010.yaml");
        given_role(&given, roles[i]);
        cr_assert_eq(given_resolve(&given), 0);
        cr_expect_gt(check_all_inbound(&given, STRANGER, "203.0.113.9"), 0);
        cr_expect_gt(check_all_inbound(&given, STRANGER6, "2001:db8:9::9"), 0);
        given_end(&given);
    }
}
