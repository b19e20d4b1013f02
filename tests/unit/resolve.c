/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request picks from an edition's tables and what its names come to: options, workloads, sides, roles that
 * include roles, groups and where their addresses come from, a site's own rows, and the limit on rows.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <lyncxdp/image.h>
#include <stdio.h>

#include "given.h"

/* Two parts with sides, a whole that includes them, a server without sides, and every kind of condition. */
static const char tables[] =
    "edition: test\n"
    "documents: {doc: A document}\n"
    "roles:\n"
    "  signal:\n"
    "    external:\n"
    "      - {source: doc 1, id: sip-in, from: any, to: self, port: 443, transport: tcp}\n"
    "      - {source: doc 2, id: fed-in, from: any, to: self, port: 5061, transport: tcp,"
    " options: [partners, public-im], workloads: [chat]}\n"
    "    internal:\n"
    "      - {source: doc 3, id: hop-out, from: self, to: next-hop, port: 5061, transport: tcp}\n"
    "      - {source: doc 4, id: hop-in, from: next-hop, to: self, port: 5061, transport: tcp}\n"
    "      - {source: doc 5, id: sync, from: pool, to: self, port: 4443, transport: tcp}\n"
    "  relay:\n"
    "    external:\n"
    "      - {source: doc 6, id: media, from: any, to: self, port: 50000-59999, transport: tcp/udp,"
    " options: [partners], workloads: [voice, video]}\n"
    "      - {source: doc 7, id: stun, from: any, to: self, port: 3478, transport: udp, workloads: [voice]}\n"
    "    internal:\n"
    "      - {source: doc 8, id: auth, from: pool, to: self, port: 5062, transport: tcp}\n"
    "  whole:\n"
    "    includes: [signal, relay]\n"
    "  server:\n"
    "    rows:\n"
    "      - {source: doc 9, id: web, from: any, to: self, port: 443, transport: tcp}\n"
    "      - {source: doc 10, id: fixed, from: [192.0.2.1, 192.0.2.0/24], to: self, port: 80, transport: tcp}\n"
    "      - {source: doc 11, id: queue, from: self, to: any, unresolved: true}\n";

static const char addresses[] = "site: test\n"
                                "self:\n"
                                "  signal: {external: 203.0.113.10, internal: 10.0.0.10}\n"
                                "  relay: {external: 203.0.113.30, internal: 10.0.0.10}\n"
                                "groups:\n"
                                "  pool: [10.1.0.91, 10.1.0.90, 10.1.0.91]\n";

static struct given given_tables(const char *site, const char *role)
{
    return given_texts(tables, site, role);
}

static void expect_set(const struct given *given, const char *id, bool source, const char *expected)
{
    const struct lx_rule *rule = given_rule(given, id);

    cr_assert_not_null(rule, "%s", id);
    cr_expect_str_eq(given_set(source ? rule->source : rule->destination), expected, "%s", id);
}

Test(resolve, a_role_alone_needs_no_site)
{
    struct given given = given_tables(NULL, "signal");

    cr_assert_eq(lx_resolve(&given.file, NULL, &given.request, &given.policy, &given.diagnostics), 0);
    cr_expect_str_eq(given.policy.edition, "test");
    cr_expect_eq(given.policy.side, LX_SIDE_EXTERNAL, "external where the role has sides");
    cr_expect_eq(given.policy.roles.count, 1);
    cr_expect_eq(given.policy.rule_count, 2);
    expect_set(&given, "signal/external/sip-in", false, "any");
    cr_expect_eq(given.policy.protected->count, 0, "what is behind the role is not known");
    cr_expect_not(given.policy.protected->any);
    cr_expect_eq(given.policy.built_ins, LX_DEFAULT_BUILT_INS);
    cr_expect_not(given.policy.vlans_listed);
    given_end(&given);
}

Test(resolve, a_policy_outlives_the_files_it_came_from)
{
    struct given given = given_tables(addresses, "whole");

    cr_assert_eq(given_resolve(&given), 0);
    lx_policy_file_free(&given.file);
    lx_site_free(&given.site);
    memset(&given.file, 0, sizeof(given.file));
    memset(&given.site, 0, sizeof(given.site));
    expect_set(&given, "signal/external/fed-in", false, "203.0.113.10");
    cr_expect_str_eq(given_rule(&given, "relay/external/media")->row->options.items[0], "partners");
    cr_expect_null(given_rule(&given, "relay/external/media")->row->place.file);
    given_end(&given);
}

Test(resolve, each_part_of_a_whole_keeps_its_own_self)
{
    struct given given = given_tables(addresses, "whole");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.rule_count, 4);
    expect_set(&given, "signal/external/sip-in", false, "203.0.113.10");
    expect_set(&given, "relay/external/stun", false, "203.0.113.30");
    cr_expect_str_eq(given_set(given.policy.protected), "203.0.113.10,203.0.113.30");
    cr_expect_eq(given.policy.roles.count, 1, "the role that was asked for");
    for (size_t i = 0; i < given.policy.rule_count; i++)
        cr_expect_eq(given.policy.rules[i].slot, i);
    given_end(&given);
}

Test(resolve, a_row_reached_twice_counts_once)
{
    struct given given = given_tables(addresses, "relay");

    given_role(&given, "whole");
    given_role(&given, "relay");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.rule_count, 4);
    cr_expect_str_eq(given.policy.rules[0].row->id, "relay/external/media", "in the order of the roles");
    cr_expect_eq(given.policy.roles.count, 2);
    given_end(&given);
}

Test(resolve, a_part_without_addresses_takes_those_of_its_whole)
{
    struct given given = given_tables("self: {whole: 203.0.113.5, relay: {internal: 10.0.0.30}}\n", "whole");

    cr_assert_eq(given_resolve(&given), 0);
    expect_set(&given, "signal/external/sip-in", false, "203.0.113.5");
    expect_set(&given, "relay/external/stun", false, "203.0.113.5");
    given_end(&given);
}

Test(resolve, one_unknown_self_leaves_what_is_protected_unknown)
{
    struct given given = given_tables("self: {signal: 203.0.113.10}\n"
                                      "rows: [{id: ssh, from: any, to: self, port: 22, transport: tcp}]\n",
                                      "whole");

    cr_assert_eq(given_resolve(&given), 0);
    expect_set(&given, "signal/external/sip-in", false, "203.0.113.10");
    expect_set(&given, "relay/external/stun", false, "any");
    expect_set(&given, "site/ssh", false, "any");
    cr_expect_eq(given.policy.protected->count, 0);
    cr_expect_not(given.policy.protected->any);
    given_end(&given);
}

/* Management on another address of the same card: only its row opens that address, and nobody outside may use it. */
Test(resolve, a_row_that_redefines_self_speaks_of_its_own_addresses)
{
    struct given given = given_tables("self: {server: 203.0.113.10}\n"
                                      "rows:\n"
                                      "  - {id: ssh, from: any, to: self, self: 10.0.9.1, port: 22, transport: tcp}\n"
                                      "  - {id: time, from: self, self: 10.0.9.1, to: any, port: 123, transport: udp}\n"
                                      "  - {id: ping, from: any, to: self, port: 7, transport: tcp}\n"
                                      "  - {id: off, from: any, to: self, self: 10.0.9.9, port: 9, transport: tcp,"
                                      " role: relay}\n",
                                      "server");

    cr_assert_eq(given_resolve(&given), 0);
    expect_set(&given, "server/web", false, "203.0.113.10");
    expect_set(&given, "site/ssh", false, "10.0.9.1");
    expect_set(&given, "site/time", true, "10.0.9.1");
    expect_set(&given, "site/ping", false, "203.0.113.10");
    cr_expect_str_eq(given_set(given.policy.own), "203.0.113.10");
    cr_expect_str_eq(given_set(given.policy.protected), "10.0.9.1,203.0.113.10", "of the rows that are there");
    given_setting(&given, "self", "203.0.113.20");
    cr_assert_eq(given_resolve(&given), 0);
    expect_set(&given, "server/web", false, "203.0.113.20");
    expect_set(&given, "site/ssh", false, "10.0.9.1");
    given_end(&given);
}

Test(resolve, a_row_that_redefines_self_does_not_tell_where_the_role_is)
{
    struct given given =
        given_tables("rows: [{id: ssh, from: any, to: self, self: 10.0.9.1, port: 22, transport: tcp}]\n", "server");

    cr_assert_eq(given_resolve(&given), 0);
    expect_set(&given, "server/web", false, "any");
    expect_set(&given, "site/ssh", false, "10.0.9.1");
    cr_expect(given.policy.own->any);
    cr_expect_eq(given.policy.protected->count, 0, "what is behind the role is not known");
    given_end(&given);
}

Test(resolve, settings_win_over_the_site_and_unused_ones_are_harmless)
{
    struct given given = given_tables(addresses, "whole");

    given.request.side = LX_SIDE_INTERNAL;
    given_setting(&given, "pool", "10.9.0.2,10.9.0.1,2001:db8::1");
    given_setting(&given, "self", "10.0.0.77");
    given_setting(&given, "no-such-group", "10.9.9.9");
    cr_assert_eq(given_resolve(&given), 0);
    expect_set(&given, "relay/internal/auth", true, "10.9.0.1,10.9.0.2,2001:db8::1");
    expect_set(&given, "signal/internal/hop-in", true, "10.9.0.1,10.9.0.2,2001:db8::1");
    expect_set(&given, "signal/internal/hop-in", false, "10.0.0.77");
    expect_set(&given, "relay/internal/auth", false, "10.0.0.77");
    cr_expect_str_eq(given_set(given.policy.protected), "10.0.0.77");
    given_end(&given);
}

Test(resolve, the_next_hop_is_the_pool_unless_somebody_says_otherwise)
{
    struct given given = given_tables(addresses, "signal");
    const struct lx_rule *hop, *sync;

    given.request.side = LX_SIDE_INTERNAL;
    cr_assert_eq(given_resolve(&given), 0);
    hop = given_rule(&given, "signal/internal/hop-out");
    sync = given_rule(&given, "signal/internal/sync");
    cr_expect_str_eq(given_set(hop->destination), "10.1.0.90,10.1.0.91", "sorted, and each address once");
    cr_expect_eq(hop->destination, sync->source, "one set for both");
    cr_expect_str_eq(hop->destination->name, "pool");
    given_setting(&given, "next-hop", "10.1.0.50");
    cr_assert_eq(given_resolve(&given), 0);
    expect_set(&given, "signal/internal/hop-out", false, "10.1.0.50");
    expect_set(&given, "signal/internal/sync", true, "10.1.0.90,10.1.0.91");
    given_end(&given);
}

Test(resolve, a_group_without_addresses_names_the_row_and_the_remedy)
{
    struct given given = given_tables(NULL, "whole");

    given.request.side = LX_SIDE_INTERNAL;
    cr_assert_eq(given_resolve(&given), -EINVAL);
    cr_expect_eq(given.diagnostics.errors, 2, "one for each group");
    cr_expect(given_told(&given, "signal/internal/hop-out (and 1 more) needs the group 'next-hop'"));
    cr_expect(given_told(&given, "signal/internal/sync (and 1 more) needs the group 'pool'"));
    cr_expect(given_told(&given, "--set pool=ADDR[,ADDR…]"));
    cr_expect(given_told(&given, "'groups:'"));
    cr_expect_null(given.policy.rules, "the output is untouched");
    given_end(&given);
}

Test(resolve, only_the_groups_of_open_rows_are_needed)
{
    struct given given = given_tables(NULL, "whole");

    cr_expect_eq(given_resolve(&given), 0, "the external side names no group");
    given_end(&given);
}

Test(resolve, options_are_alternatives)
{
    struct given given = given_tables(addresses, "whole");

    given_words(&given.request.without, "partners");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_not_null(given_rule(&given, "signal/external/fed-in"), "the other option keeps it open");
    cr_expect_null(given_rule(&given, "relay/external/media"));
    cr_expect_eq(given.policy.row_count, 4, "a closed row is still listed");
    given_words(&given.request.without, "public-im");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_null(given_rule(&given, "signal/external/fed-in"));
    cr_expect_eq(given.policy.rule_count, 2);
    given_end(&given);
}

Test(resolve, a_site_closes_options_too)
{
    struct given given = given_tables("options: {partners: off, public-im: off}\n", "whole");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.rule_count, 2);
    given_end(&given);
}

/* A policy of one role whose second row is closed by default. */
static struct given given_spare(const char *site)
{
    return given_texts(
        "edition: t\n"
        "options: {usual: \"on\", spare: {for: \"a spare\", default: off}}\n"
        "roles:\n"
        "  edge:\n"
        "    rows:\n"
        "      - {id: a, from: any, to: self, port: 1, transport: tcp, options: [usual], missed: \"a is lost\"}\n"
        "      - {id: b, from: any, to: self, port: 2, transport: tcp, options: [spare], missed: \"b is lost\"}\n"
        "      - {id: c, from: any, to: self, port: 3, transport: tcp, options: [spare, usual]}\n",
        site, "edge");
}

Test(resolve, an_option_may_be_closed_until_somebody_opens_it)
{
    struct given given = given_spare(NULL);

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_not_null(given_rule(&given, "edge/a"));
    cr_expect_null(given_rule(&given, "edge/b"));
    cr_expect_not_null(given_rule(&given, "edge/c"), "its other option is on");
    cr_expect_null(given.policy.rows[0].missed, "it is open");
    cr_expect_str_eq(given.policy.rows[1].missed, "b is lost");
    given_words(&given.request.open, "spare");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_not_null(given_rule(&given, "edge/b"));
    cr_expect_null(given.policy.rows[1].missed);
    given_words(&given.request.without, "spare");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_null(given_rule(&given, "edge/b"), "closing wins");
    cr_expect_null(given.policy.rows[1].missed, "who closes a row knows");
    given_end(&given);
}

Test(resolve, a_site_opens_what_is_closed_by_default)
{
    struct given on = given_spare("options: {spare: on}\n"), off = given_spare("options: {spare: off}\n");

    cr_assert_eq(given_resolve(&on), 0);
    cr_expect_not_null(given_rule(&on, "edge/b"));
    given_end(&on);
    cr_assert_eq(given_resolve(&off), 0);
    cr_expect_null(given_rule(&off, "edge/b"));
    cr_expect_null(off.policy.rows[1].missed, "the site closes it on purpose");
    given_words(&off.request.open, "spare");
    cr_assert_eq(given_resolve(&off), 0);
    cr_expect_not_null(given_rule(&off, "edge/b"), "the command line wins over the site");
    given_words(&off.request.open, "sparse");
    cr_assert_eq(given_resolve(&off), -EINVAL);
    cr_expect(given_told(&off, "did you mean 'spare'?"));
    given_end(&off);
}

Test(resolve, a_misspelt_option_is_an_error_in_the_site_and_in_the_request)
{
    struct given given = given_tables("options: {partner: off}\n", "whole");

    cr_assert_eq(given_resolve(&given), -EINVAL);
    cr_expect(given_told(&given, "no row has the option 'partner'; did you mean 'partners'?"));
    cr_expect_eq(given.diagnostics.items[0].column, 11);
    cr_expect_str_eq(given.diagnostics.items[0].excerpt, "options: {partner: off}");
    given_words(&given.request.without, "publicim");
    cr_assert_eq(given_resolve(&given), -EINVAL);
    cr_expect(given_told(&given, "did you mean 'public-im'?"));
    given_end(&given);
}

Test(resolve, workloads_open_their_rows_and_those_that_belong_to_all)
{
    struct given given = given_tables(addresses, "whole");

    given_words(&given.request.workloads, "chat");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.rule_count, 2);
    cr_expect_not_null(given_rule(&given, "signal/external/sip-in"), "belongs to all");
    cr_expect_not_null(given_rule(&given, "signal/external/fed-in"));
    given_words(&given.request.workloads, "video");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_not_null(given_rule(&given, "relay/external/media"));
    cr_expect_null(given_rule(&given, "relay/external/stun"));
    given_words(&given.request.workloads, "vioce");
    cr_assert_eq(given_resolve(&given), -EINVAL);
    cr_expect(given_told(&given, "no row of test has the workload 'vioce'; did you mean 'voice'?"));
    given_end(&given);
}

Test(resolve, an_unknown_role_is_told_with_the_nearest)
{
    struct given given = given_tables(NULL, "signla");

    given_role(&given, "zebra");
    cr_assert_eq(given_resolve(&given), -ENOENT);
    cr_expect(given_told(&given, "test has no role 'signla'; did you mean 'signal'?"));
    cr_expect(given_told(&given, "test has no role 'zebra'; 'lyncxdp roles' lists them all"));
    given_forget_request(&given);
    cr_expect_eq(given_resolve(&given), -EINVAL, "no role at all");
    given_end(&given);
}

Test(resolve, a_site_that_names_an_unknown_role_is_refused)
{
    struct given given = given_tables("self: {singal: 203.0.113.10}\n", "signal");

    cr_assert_eq(given_resolve(&given), -EINVAL);
    cr_expect(given_told(&given, "there is no role 'singal'; did you mean 'signal'?"));
    cr_expect_eq(given.diagnostics.items[0].line, 1);
    cr_expect_eq(given.diagnostics.items[0].column, 8);
    given_end(&given);
}

Test(resolve, sides)
{
    struct given given = given_tables(addresses, "server");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.side, LX_SIDE_NONE);
    given.request.side = LX_SIDE_EXTERNAL;
    cr_assert_eq(given_resolve(&given), -ENOTSUP);
    cr_expect(given_told(&given, "the role 'server' has no sides; leave --side out"));
    given_role(&given, "signal");
    cr_assert_eq(given_resolve(&given), 0, "the side is that of the role that has one");
    cr_expect_eq(given.policy.side, LX_SIDE_EXTERNAL);
    cr_expect_not_null(given_rule(&given, "server/web"));
    cr_expect_not_null(given_rule(&given, "signal/external/sip-in"));
    given_end(&given);
}

Test(resolve, a_side_that_the_role_does_not_have)
{
    struct given given = {0};

    given_policy(&given, "edition: test\n"
                         "documents: {doc: A document}\n"
                         "roles:\n"
                         "  inner:\n"
                         "    internal:\n"
                         "      - {source: doc 1, id: web, from: any, to: self, port: 443, transport: tcp}\n");
    given_role(&given, "inner");
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.side, LX_SIDE_INTERNAL, "the only one it has");
    given.request.side = LX_SIDE_EXTERNAL;
    cr_assert_eq(given_resolve(&given), -ENOTSUP);
    cr_expect(given_told(&given, "the role 'inner' has no external side; write --side internal"));
    given_end(&given);
}

Test(resolve, addresses_written_in_a_row_and_rows_without_a_port)
{
    struct given given = given_tables(NULL, "server");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.row_count, 3);
    cr_expect_eq(given.policy.rule_count, 2, "an unresolved row opens nothing");
    cr_expect_null(given_rule(&given, "server/queue"));
    expect_set(&given, "server/fixed", true, "192.0.2.0/24,192.0.2.1");
    given_end(&given);
}

Test(resolve, the_rows_of_a_site_come_last_and_may_be_kept_to_a_role_or_side)
{
    struct given given = given_tables("self: {signal: 203.0.113.10, relay: 203.0.113.30}\n"
                                      "groups: {admins: 198.51.100.0/24}\n"
                                      "rows:\n"
                                      "  - {id: ssh, from: admins, to: self, port: 22, transport: tcp}\n"
                                      "  - {id: ntp, from: self, to: any, port: 123, transport: udp, side: external}\n"
                                      "  - {id: snmp, from: any, to: self, port: 161, transport: udp, side: internal}\n"
                                      "  - {id: turn, from: any, to: self, port: 3479, transport: udp, role: relay}\n"
                                      "  - {id: http, from: any, to: self, port: 80, transport: tcp, role: server}\n",
                                      "whole");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.row_count, 7);
    cr_expect_str_eq(given.policy.rows[4].id, "site/ssh");
    cr_expect_str_eq(given.policy.rows[5].id, "site/ntp");
    cr_expect_str_eq(given.policy.rows[6].id, "site/turn");
    expect_set(&given, "site/ssh", true, "198.51.100.0/24");
    expect_set(&given, "site/ssh", false, "203.0.113.10,203.0.113.30");
    expect_set(&given, "site/ntp", true, "203.0.113.10,203.0.113.30");
    cr_expect_eq(given_rule(&given, "site/ssh")->destination, given.policy.protected, "equal sets are one");
    given_end(&given);
}

Test(resolve, switches_of_the_site)
{
    struct given given = given_tables("built-in: {echo: on, dhcp: off}\n"
                                      "vlans: [100]\n"
                                      "watch-ports: [22, 3389]\n",
                                      "signal");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.built_ins, (LX_DEFAULT_BUILT_INS | LX_BUILT_IN_ECHO) & ~LX_BUILT_IN_DHCP);
    cr_expect(given.policy.vlans_listed);
    cr_expect_eq(given.policy.vlans[100 / 8], 1 << 100 % 8);
    given_end(&given);
}

/* The ports that metrics name, as "22 443 3389". */
static const char *watched(const struct lx_policy *policy)
{
    static char text[1024];
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < policy->watch_port_count; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%u", i ? " " : "", policy->watch_ports[i]);
    return text;
}

Test(resolve, metrics_name_the_ports_of_the_rows_and_those_that_scanners_like)
{
    struct given given = given_tables(NULL, "signal");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_str_eq(watched(&given.policy), "21 22 23 25 53 80 111 123 135 137 138 139 161 389 443 445 "
                                             "1433 1720 1900 3306 3389 5060 5061 5353 5900 8080 11211");
    given_end(&given);
}

Test(resolve, metrics_name_the_ports_of_the_rows_and_those_of_the_site_but_no_wide_range)
{
    struct given given = given_tables("watch-ports: [22, 3389]\n", "relay");

    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_str_eq(watched(&given.policy), "22 3389 3478");
    given_end(&given);
}

/* An edition of one role with `count` rows at ports 1, 2, 3 …, all from one group. */
static void given_rows(struct given *given, unsigned count)
{
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    fprintf(stream, "edition: test\ndocuments: {doc: A document}\nroles:\n  many:\n    rows:\n");
    for (unsigned i = 1; i <= count; i++)
        fprintf(stream, "      - {source: doc %u, id: row-%u, from: group, to: self, port: %u, transport: tcp%s}\n", i,
                i, i, i == 1 ? ", options: first" : "");
    fclose(stream);
    given_policy(given, text);
    given_role(given, "many");
    free(text);
}

Test(resolve, the_limit_on_rows_is_named)
{
    struct given given = {0};

    given_rows(&given, LX_MAX_ROWS + 1);
    given_setting(&given, "group", "10.0.0.0/8");
    cr_assert_eq(given_resolve(&given), -E2BIG);
    cr_expect(given_told(&given, "1025 open rows and the limit is 1024"));
    given_words(&given.request.without, "first");
    cr_assert_eq(given_resolve(&given), 0, "a closed row does not count");
    cr_expect_eq(given.policy.rule_count, LX_MAX_ROWS);
    cr_expect_eq(given.policy.row_count, LX_MAX_ROWS + 1);
    cr_expect_neq(lx_policy_digest(&given.policy), 0);
    given_end(&given);
}

static struct lx_setting many_hosts(const char *name, size_t count)
{
    struct lx_setting setting = {.name = strdup(name), .prefix_count = count};

    setting.prefixes = calloc(count, sizeof(*setting.prefixes));
    cr_assert(setting.name && setting.prefixes);
    for (size_t i = 0; i < count; i++) {
        size_t host = i * 7919 % count; /* in no order */
        uint8_t bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, host >> 16, host >> 8, host};

        memcpy(setting.prefixes[i].address.bytes, bytes, sizeof(bytes));
        setting.prefixes[i].length = 128;
    }
    return setting;
}

Test(resolve, a_thousand_rows_share_one_large_group, .timeout = 20)
{
    struct given given = {0};

    given_rows(&given, LX_MAX_ROWS);
    given.request.settings = malloc(sizeof(*given.request.settings));
    given.request.settings[0] = many_hosts("group", 100000);
    given.request.setting_count = 1;
    cr_assert_eq(given_resolve(&given), 0);
    cr_expect_eq(given.policy.rules[0].source->count, 100000);
    for (size_t i = 1; i < given.policy.rule_count; i++)
        cr_assert_eq(given.policy.rules[i].source, given.policy.rules[0].source);
    cr_expect_eq(lx_policy_digest(&given.policy), lx_policy_digest(&given.policy));
    given_end(&given);
}

static uint64_t digest_of(const char *site, const char *role, const char *without, const char *pool)
{
    struct given given = given_tables(site, role);
    uint64_t digest;

    given.request.side = LX_SIDE_INTERNAL;
    if (without)
        given_words(&given.request.without, without);
    given_setting(&given, "pool", pool);
    cr_assert_eq(given_resolve(&given), 0);
    digest = lx_policy_digest(&given.policy);
    given_end(&given);
    return digest;
}

Test(resolve, a_digest_tells_policies_apart_by_what_they_say)
{
    uint64_t digest = digest_of(addresses, "whole", NULL, "10.1.0.1,10.1.0.2");

    cr_expect_eq(digest, digest_of(addresses, "whole", NULL, "10.1.0.2,10.1.0.1,10.1.0.2"), "the order is no matter");
    cr_expect_eq(digest, digest_of(addresses, "whole", "partners", "10.1.0.1,10.1.0.2"), "nothing it closes is here");
    cr_expect_neq(digest, digest_of(addresses, "whole", NULL, "10.1.0.1,10.1.0.3"));
    cr_expect_neq(digest, digest_of(addresses, "whole", NULL, "10.1.0.1"));
    cr_expect_neq(digest, digest_of(addresses, "signal", NULL, "10.1.0.1,10.1.0.2"));
    cr_expect_neq(digest, digest_of(NULL, "whole", NULL, "10.1.0.1,10.1.0.2"));
    cr_expect_neq(digest_of("built-in: {echo: on}\n", "whole", NULL, "10.1.0.1"),
                  digest_of(NULL, "whole", NULL, "10.1.0.1"));
    cr_expect_neq(digest_of("vlans: [7]\n", "whole", NULL, "10.1.0.1"), digest_of(NULL, "whole", NULL, "10.1.0.1"));
}

Test(resolve, a_site_may_speak_of_other_editions)
{
    struct given given =
        given_tables("self: {kiosk: 10.0.0.1, kisok: 10.0.0.2}\noptions: {coins: off, conis: off}\n", "signal");
    struct given other = {0};

    given_policy(&other, "edition: other\noptions: {coins: coins are taken}\nroles: {kiosk: {rows: [{id: a, from: any, "
                         "to: self, port: 1, transport: tcp, options: coins}]}}\n");
    given_setting(&given, "pool", "10.1.0.90");
    cr_assert_eq(given_resolve(&given), -EINVAL);
    cr_expect_eq(given.diagnostics.count, 4, "nobody knows these names");
    given.request.elsewhere = &other.file;
    cr_assert_eq(given_resolve(&given), -EINVAL);
    cr_expect_eq(given.diagnostics.count, 2, "the other edition knows two of them");
    cr_expect(given_told(&given, "'kisok'; did you mean 'kiosk'?"));
    cr_expect(given_told(&given, "'conis'; did you mean 'coins'?"));
    lx_site_free(&given.site);
    given_site(&given, "self: {kiosk: 10.0.0.1}\noptions: {coins: off}\n");
    cr_assert_eq(given_resolve(&given), 0, "it knows all of these");
    given_end(&given);
    given_end(&other);
}
