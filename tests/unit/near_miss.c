/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `explain` says of a packet that no row allows: which row comes nearest, what differs, and what to write; that
 * advice is followed, and has to open the row.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "given.h"
#include "user/core/explain/near_miss_text.h"
#include "user/core/explain/simulation.h"
#include "user/core/image/compile.h"

static const char tables[] =
    "edition: test\n"
    "documents: {doc: A document}\n"
    "options: {partners: Partners, public: Everybody}\n"
    "workloads: {voice: Voice, video: Video}\n"
    "roles:\n"
    "  edge:\n"
    "    external:\n"
    "      - {source: doc 1, id: sip, from: any, to: self, port: 443, transport: tcp}\n"
    "      - {source: doc 2, id: media, from: any, to: self, port: 50000-50099, transport: udp, options: [partners]}\n"
    "      - {source: doc 3, id: fed, from: any, to: self, port: 5061, transport: tcp, options: [partners, public]}\n"
    "      - {source: doc 4, id: dns, from: self, to: any, port: 53, transport: udp}\n"
    "      - {source: doc 5, id: web, from: self, to: any, port: 80, transport: tcp}\n"
    "      - {source: doc 6, id: stun, from: any, to: self, port: 3478, transport: udp, workloads: [voice, video]}\n"
    "      - {source: doc 7, id: relay, from: any, source-port: 3479, to: self, port: any, transport: udp}\n"
    "      - {source: doc 8, id: fixed, from: any, source-port: 4000, to: self, port: 4001, transport: udp}\n"
    "    internal:\n"
    "      - {source: doc 9, id: auth, from: pool, to: self, port: 5062, transport: tcp}\n"
    "      - {source: doc 10, id: both, from: any, to: self, port: 443, transport: tcp}\n"
    "  server:\n"
    "    rows:\n"
    "      - {source: doc 11, id: web, from: pool, to: self, port: 443, transport: tcp}\n"
    "      - {source: doc 12, id: alone, from: any, to: self, port: 444, transport: tcp, lb: dns}\n"
    "      - {source: doc 13, id: store, from: cms, to: self, port: 445, transport: tcp, needs: cms}\n"
    "      - {source: doc 14, id: queue, from: self, to: any, unresolved: true}\n";

static const char addresses[] = "site: test\n"
                                "self:\n"
                                "  edge: {external: 203.0.113.10, internal: 10.0.0.10}\n"
                                "groups:\n"
                                "  pool: [10.1.0.1, 10.1.0.2, 10.1.0.3, 10.1.0.4, 10.1.0.5, 10.1.0.6]\n";

static struct given given_tables(const char *site, const char *role)
{
    return given_texts(tables, site, role);
}

static struct lx_address address(const char *text)
{
    struct lx_address address;

    cr_assert_eq(lx_address_parse(text, &address, NULL), 0, "%s", text);
    return address;
}

static struct lx_probe packet(enum lx_transport transport, const char *source, uint16_t source_port,
                              const char *destination, uint16_t destination_port)
{
    return (struct lx_probe){
        .transport = transport,
        .source = address(source),
        .destination = address(destination),
        .source_port = source_port,
        .destination_port = destination_port,
        .tcp_flags = LX_TCP_SYN,
    };
}

static uint32_t judge(struct given *given, const struct lx_probe *probe)
{
    struct lx_compiled compiled;
    uint8_t frame[LX_PROBE_FRAME];
    struct lx_judgement judgement;

    cr_assert_eq(given_resolve(given), 0);
    cr_assert_eq(lx_compile(&given->policy, &compiled, &given->diagnostics), 0);
    judgement = lx_judge_offline(&compiled, LX_HOOK_TO_ROLE, frame, lx_probe_frame(probe, frame));
    lx_compiled_free(&compiled);
    return judgement.reason;
}

/* Expects a kind, a row (NULL: none) and words. */
static void expect_at(struct given *given, const struct lx_probe *probe, enum lx_hook hook, const char *kind,
                      const char *row, const char *words)
{
    struct lx_near_rows candidates;
    struct lx_near_miss miss;
    char *text;

    cr_assert_eq(lx_near_rows_gather(&given->file, &given->site, &given->request, &candidates), 0);
    miss = lx_near_miss_find(&candidates, probe, hook);
    text = lx_near_miss_text(&miss, probe, &given->request, &given->site);
    cr_assert_not_null(text);
    cr_expect_str_eq(lx_near_miss_kind(&miss), kind, "%s: %s", lx_near_miss_kind(&miss), text);
    if (row && miss.near_row)
        cr_expect_str_eq(miss.near_row->row->id, row);
    else
        cr_expect(!row && !miss.near_row, "%s: %s", miss.near_row ? miss.near_row->row->id : "no row", text);
    cr_expect_str_eq(text, words);
    free(text);
    lx_near_rows_free(&candidates);
}

static void expect(struct given *given, struct lx_probe probe, const char *kind, const char *row, const char *words)
{
    cr_expect_eq(judge(given, &probe), LX_REASON_NO_ROW, "%s", words);
    expect_at(given, &probe, LX_HOOK_TO_ROLE, kind, row, words);
}

Test(near_miss, a_port_that_no_row_has_is_in_no_table)
{
    struct given given = given_tables(addresses, "edge");

    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.10", 3389), "port", NULL,
           "no row of edge has the port 3389");
    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 49999), "port", NULL,
           "no row of edge has the port 49999");
    given_role(&given, "server");
    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 50100), "port", NULL,
           "no row of edge or server has the port 50100");
    given_end(&given);
}

Test(near_miss, a_row_of_another_address_names_its_addresses)
{
    struct given given = given_tables(addresses, "edge");

    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.11", 3478), "address", "edge/external/stun",
           "would allow it, but it is about packets to 203.0.113.10");
    given.request.side = LX_SIDE_INTERNAL;
    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "10.0.0.10", 5062), "address", "edge/internal/auth",
           "would allow it, but it is about packets from pool (10.1.0.1, 10.1.0.2, 10.1.0.3, 10.1.0.4 and 2 more)");
    given_end(&given);
}

Test(near_miss, a_row_of_the_other_transport_names_its_transport)
{
    struct given given = given_tables(addresses, "edge");

    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.10", 3478), "transport", "edge/external/stun",
           "would allow it, but it is for udp");
    given_end(&given);
}

Test(near_miss, a_row_of_the_other_side_names_its_side)
{
    struct given given = given_tables(addresses, "edge");

    expect(&given, packet(LX_TCP, "10.1.0.3", 49152, "10.0.0.10", 5062), "side", "edge/internal/auth",
           "would allow it, but that is on the internal side (write --side internal)");
    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.10", 5062), "side", "edge/internal/auth",
           "would allow it, but that is on the internal side (write --side internal), and it is about packets from "
           "pool (10.1.0.1, 10.1.0.2, 10.1.0.3, 10.1.0.4 and 2 more) to 10.0.0.10");
    given.request.side = LX_SIDE_INTERNAL;
    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 3478), "side", "edge/external/stun",
           "would allow it, but that is on the external side (write --side external)");
    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.11", 443), "address", "edge/internal/both",
           "would allow it, but it is about packets to 10.0.0.10");
    given_end(&given);
}

Test(near_miss, a_row_of_the_other_direction_says_who_sends)
{
    struct given given = given_tables(addresses, "edge");
    struct lx_probe probe = packet(LX_TCP, "203.0.113.10", 49152, "192.0.2.1", 443);

    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 53), "direction", "edge/external/dns",
           "would allow it, but it is about what the role sends");
    expect(&given, packet(LX_UDP, "203.0.113.10", 49152, "192.0.2.1", 53), "direction", "edge/external/dns",
           "would allow it, but it is about what the role sends");
    expect_at(&given, &probe, LX_HOOK_FROM_ROLE, "direction", "edge/external/sip",
              "would allow it, but it is about what the role receives");
    given_end(&given);
}

Test(near_miss, a_reply_is_told_from_a_beginning)
{
    struct given given = given_tables(addresses, "edge");
    struct lx_probe probe = packet(LX_TCP, "192.0.2.1", 80, "203.0.113.10", 40000);

    expect(&given, packet(LX_UDP, "192.0.2.1", 53, "203.0.113.10", 40000), "direction", "edge/external/dns",
           "would allow it, but only as a reply to what the role was seen to begin");
    expect(&given, probe, "port", NULL, "no row of edge has the port 40000");
    probe.tcp_flags = LX_TCP_SYN | LX_TCP_ACK;
    expect(&given, probe, "direction", "edge/external/web",
           "would allow it, but only as a reply to what the role was seen to begin");
    given_end(&given);
}

Test(near_miss, a_row_of_another_source_port_names_it)
{
    struct given given = given_tables(addresses, "edge");

    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 4001), "source-port", "edge/external/fixed",
           "would allow it, but its source port is 4000");
    expect(&given, packet(LX_TCP, "192.0.2.1", 3479, "203.0.113.10", 9), "transport", "edge/external/relay",
           "would allow it, but it is for udp");
    given_end(&given);
}

Test(near_miss, a_closed_option_is_named_with_what_closed_it)
{
    struct given given = given_tables(addresses, "edge");

    given_words(&given.request.without, "partners");
    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 50000), "option", "edge/external/media",
           "would allow it, but its option partners is closed (leave out --without partners)");
    given_end(&given);
    given = given_tables("options: {partners: off}\n", "edge");
    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 50000), "option", "edge/external/media",
           "would allow it, but its option partners is closed (take 'partners: off' out of the site file)");
    given_words(&given.request.without, "partners");
    given_words(&given.request.without, "public");
    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.10", 5061), "option", "edge/external/fed",
           "would allow it, but its options partners and public are closed (leave out --without partners and take "
           "'partners: off' out of the site file or leave out --without public)");
    lx_words_free(&given.request.without);
    given_end(&given);
}

Test(near_miss, a_closed_workload_is_named)
{
    struct lx_probe probe = packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 3478);
    struct given given =
        given_tables("rows: [{id: mine, from: any, to: self, port: 9, transport: tcp, workloads: chat}]\n", "edge");
    given_words(&given.request.workloads, "chat");
    expect(&given, probe, "workload", "edge/external/stun",
           "would allow it, but it belongs to the workloads voice and video (add --workload voice or --workload "
           "video)");
    given_words(&given.request.workloads, "video");
    cr_expect_eq(judge(&given, &probe), LX_REASON_ROW, "the advice works");
    given_end(&given);
}

Test(near_miss, the_other_way_of_load_balancing_is_named)
{
    struct given given = given_tables(addresses, "server");
    struct lx_probe probe = packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.10", 444);

    expect(&given, probe, "lb", "server/alone", "would allow it, but it is for dns load balancing (write --lb dns)");
    given.request.lb = LX_LB_DNS;
    cr_expect_eq(judge(&given, &probe), LX_REASON_ROW, "the advice works");
    given_end(&given);
}

Test(near_miss, a_row_that_needs_a_group_names_it)
{
    struct given given = given_tables(addresses, "server");
    struct lx_probe probe = packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.10", 445);

    expect(&given, probe, "group", "server/store",
           "would allow it, but it is there only where the group cms is set (add --set cms=ADDR[,ADDR…])");
    given_setting(&given, "cms", "192.0.2.1");
    cr_expect_eq(judge(&given, &probe), LX_REASON_ROW, "the advice works");
    given_end(&given);
}

/* The rows in force have all of their groups; those of the other side need not. */
Test(near_miss, a_group_without_addresses_is_named)
{
    struct given given = given_tables(NULL, "edge");

    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.10", 5062), "side", "edge/internal/auth",
           "would allow it, but its group pool has no addresses (add --set pool=ADDR[,ADDR…]), and that is on the "
           "internal side (write --side internal)");
    given_end(&given);
}

Test(near_miss, the_fewest_differences_win_and_of_equals_the_lightest)
{
    struct given given = given_tables(addresses, "edge");

    given_words(&given.request.without, "partners");
    given_words(&given.request.without, "public");
    /* Closed and of the wrong transport, beside a row of this hook that has neither port. */
    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 5061), "transport", "edge/external/fed",
           "would allow it, but its options partners and public are closed (leave out --without partners or leave "
           "out --without public), and it is for tcp");
    /* Row `sip` differs in its address, row `both` in its side: the side is lighter. */
    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "10.0.0.10", 443), "side", "edge/internal/both",
           "would allow it, but that is on the internal side (write --side internal)");
    given_end(&given);
}

Test(near_miss, of_equally_near_rows_the_first_is_named)
{
    struct given given = given_tables("self: {edge: 203.0.113.10}\n"
                                      "rows: [{id: mine, from: any, to: self, port: 443, transport: tcp}]\n",
                                      "edge");

    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 443), "transport", "edge/external/sip",
           "would allow it, but it is for tcp");
    given_end(&given);
}

Test(near_miss, a_site_row_comes_near_as_well)
{
    struct given given = given_tables("self: {edge: 203.0.113.10}\n"
                                      "rows:\n"
                                      "  - {id: ssh, from: 192.0.2.0/24, to: self, self: [10.0.9.1, 10.0.9.2],"
                                      " port: 22, transport: tcp}\n",
                                      "edge");

    expect(&given, packet(LX_TCP, "198.51.100.1", 49152, "10.0.9.1", 22), "address", "site/ssh",
           "would allow it, but it is about packets from 192.0.2.0/24");
    expect(&given, packet(LX_TCP, "192.0.2.1", 49152, "203.0.113.10", 22), "address", "site/ssh",
           "would allow it, but it is about packets to 10.0.9.1, 10.0.9.2");
    given_end(&given);
}

Test(near_miss, a_row_that_the_site_closes_names_the_line)
{
    struct given given = given_tables("self: {edge: 203.0.113.10}\ngroups: {pool: 10.0.0.1}\n"
                                      "override:\n  edge/external/stun: {closed: true}\n",
                                      "edge");

    expect(&given, packet(LX_UDP, "192.0.2.1", 49152, "203.0.113.10", 3478), "override", "edge/external/stun",
           "would allow it, but the site closes it (take 'closed: true' out at site.yaml:4)");
    given_end(&given);
}
