/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a change of policy newly allows and drops, by hand: the changes that people make to real roles, and the ways in
 * which rows may look different and mean the same.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lyncxdp/image.h>

#include "given.h"
#include "user/core/diff/policy_diff.h"

static struct lx_policy_diff diff_of(const struct lx_policy *before, const struct lx_policy *after)
{
    struct lx_policy_diff diff;
    int error = lx_policy_diff(before, after, &diff);

    cr_assert_eq(error, 0, "the policies cannot be compared: %d", error);
    return diff;
}

static const char *ranges_text(const struct lx_port_ranges *ports, char *text, size_t size)
{
    size_t used = 0;

    if (lx_port_ranges_any(ports))
        return "any";
    for (size_t i = 0; i < ports->count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%u-%u", i ? "," : "", ports->items[i].first,
                                 ports->items[i].last);
    return text;
}

static const char *addresses_text(const struct lx_region_addresses *addresses, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s", given_set(addresses->in));

    if (addresses->except)
        snprintf(text + used, size - used, " but %s", given_set(addresses->except));
    return text;
}

/* "row transport FROM:PORT > TO:PORT", in a buffer that the next call overwrites. */
static const char *region_text(const struct lx_region *region)
{
    static char text[4096];
    char from[1024], to[1024], ports[2][256];

    snprintf(text, sizeof(text), "%s %s %s:%s > %s:%s", region->row->id,
             lx_transports_name(region->row, region->transports).text,
             addresses_text(&region->source, from, sizeof(from)),
             ranges_text(&region->source_ports, ports[0], sizeof(ports[0])),
             addresses_text(&region->destination, to, sizeof(to)),
             ranges_text(&region->destination_ports, ports[1], sizeof(ports[1])));
    return text;
}

/* The regions are those lines, in that order; the last is NULL. */
static void expect_regions(const struct lx_regions *regions, const char *const *lines)
{
    size_t count = 0;

    while (lines[count])
        count++;
    for (size_t i = 0; i < regions->count && i < count; i++)
        cr_expect_str_eq(region_text(&regions->items[i]), lines[i]);
    for (size_t i = count; i < regions->count; i++)
        cr_expect(false, "not expected: %s", region_text(&regions->items[i]));
    cr_expect_geq(regions->count, count, "only %zu of %zu regions", regions->count, count);
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_LINES ((const char *const[]){NULL})

static void expect_diff(struct given *before, struct given *after, const char *const *allowed,
                        const char *const *dropped)
{
    struct lx_policy_diff diff;

    cr_assert_eq(given_resolve(before), 0);
    cr_assert_eq(given_resolve(after), 0);
    before->policy.egress = after->policy.egress = LX_EGRESS_TRACK;
    diff = diff_of(&before->policy, &after->policy);
    expect_regions(&diff.allowed, allowed);
    expect_regions(&diff.dropped, dropped);
    cr_expect_eq(lx_policy_diff_none(&diff), !allowed[0] && !dropped[0]);
    lx_policy_diff_free(&diff);
    given_end(before);
    given_end(after);
}

/* A role of the shipped tables at the shipped site. */
static struct given shipped(const char *role)
{
    struct given given = {0};

    given_policy_stream(&given, fopen("policies/lync2010.yaml", "r"), "lync2010.yaml");
    given_site_stream(&given, fopen("policies/sites/contoso.yaml", "r"), "contoso.yaml");
    given_role(&given, role);
    return given;
}

Test(changes, a_closed_option_drops_the_media_range)
{
    struct given before = shipped("av-edge"), after = shipped("av-edge");

    given_words(&after.request.without, "federation-ocs2007");
    expect_diff(&before, &after, NO_LINES,
                LINES("av-edge/external/media-tcp-in tcp any:any > 10.45.16.30:50000-59999",
                      "av-edge/external/media-udp-in udp any:any > 10.45.16.30:50000-59999",
                      "av-edge/external/media-udp-out udp 10.45.16.30:50000-59999 > any:any"));
}

Test(changes, another_pool_member_is_allowed_and_the_old_one_dropped)
{
    struct given before = shipped("access-edge"), after = shipped("access-edge");

    before.request.side = after.request.side = LX_SIDE_INTERNAL;
    given_setting(&after, "pool", "192.168.10.90,192.168.10.92");
    expect_diff(&before, &after,
                LINES("access-edge/internal/sip-mtls-from-next-hop tcp 192.168.10.92:any > 172.25.33.10:5061-5061",
                      "access-edge/internal/cms-replication tcp 192.168.10.92:any > 172.25.33.10:4443-4443",
                      "access-edge/internal/sip-mtls-to-next-hop tcp 172.25.33.10:any > 192.168.10.92:5061-5061"),
                LINES("access-edge/internal/sip-mtls-from-next-hop tcp 192.168.10.91:any > 172.25.33.10:5061-5061",
                      "access-edge/internal/cms-replication tcp 192.168.10.91:any > 172.25.33.10:4443-4443",
                      "access-edge/internal/sip-mtls-to-next-hop tcp 172.25.33.10:any > 192.168.10.91:5061-5061"));
}

Test(changes, the_other_side_has_other_rows_and_addresses)
{
    struct given before = shipped("webconf-edge"), after = shipped("webconf-edge");

    before.request.side = LX_SIDE_EXTERNAL;
    after.request.side = LX_SIDE_INTERNAL;
    cr_assert_eq(given_resolve(&before), 0);
    cr_assert_eq(given_resolve(&after), 0);
    for (size_t i = 0; i < after.policy.rule_count; i++)
        cr_assert_str_eq(given_set(after.policy.rules[i].destination), "172.25.33.10");
    expect_diff(&before, &after, LINES("webconf-edge/internal/psom-mtls tcp any:any > 172.25.33.10:8057-8057"),
                LINES("webconf-edge/external/psom-tls-in tcp any:any > 10.45.16.20:443-443"));
}

static struct given rows_of(const char *rows, const char *site)
{
    static const char head[] = "edition: test\nroles:\n  r:\n    rows:\n";
    char *text = malloc(sizeof(head) + strlen(rows));
    struct given given;

    cr_assert_not_null(text);
    strcpy(text, head);
    strcat(text, rows);
    given = given_texts(text, site, "r");
    free(text);
    return given;
}

#define ROW(id, rest) "    - {id: " id ", " rest "}\n"

Test(changes, rows_that_moved_were_renamed_or_parted_make_no_difference)
{
    struct given before = rows_of(ROW("a", "from: any, to: self, port: 443, transport: tcp/udp")
                                      ROW("b", "from: 10.0.0.0/8, to: self, port: 1-100, transport: tcp"),
                                  NULL);
    struct given after = rows_of(ROW("b1", "from: 10.0.0.0/8, to: self, port: 50-100, transport: tcp")
                                     ROW("b2", "from: [10.0.0.0/9, 10.128.0.0/9], to: self, port: 1-50, transport: tcp")
                                         ROW("u", "from: any, to: self, port: 443, transport: udp")
                                             ROW("t", "from: any, to: self, port: 443, transport: tcp"),
                                 NULL);

    expect_diff(&before, &after, NO_LINES, NO_LINES);
}

Test(changes, any_is_every_address_of_both_families)
{
    struct given before = rows_of(ROW("a", "from: any, to: self, port: 443, transport: tcp"), NULL);
    struct given after = rows_of(ROW("a", "from: [0.0.0.0/0, '::/0'], to: self, port: 443, transport: tcp"), NULL);

    expect_diff(&before, &after, NO_LINES, NO_LINES);
}

Test(changes, a_wider_row_allows_only_what_is_new)
{
    struct given before = rows_of(ROW("a", "from: 10.0.0.0/24, to: self, port: 50000-50999, transport: udp"), NULL);
    struct given after = rows_of(ROW("a", "from: 10.0.0.0/24, to: self, port: 50000-59999, transport: udp"), NULL);

    expect_diff(&before, &after, LINES("r/a udp 10.0.0.0/24:any > any:51000-59999"), NO_LINES);
}

Test(changes, a_row_for_all_but_a_few_is_told_that_way)
{
    struct given before =
        rows_of(ROW("a", "from: [192.0.2.1, '2001:db8::1'], to: self, port: 22, transport: tcp"), NULL);
    struct given after = rows_of(ROW("a", "from: any, to: self, port: 22, transport: tcp"), NULL);

    expect_diff(&before, &after, LINES("r/a tcp any but 192.0.2.1,2001:db8::1:any > any:22-22"), NO_LINES);
}

Test(changes, adjacent_prefixes_and_ports_become_one)
{
    struct given before = rows_of(ROW("x", "from: any, to: self, port: 9, transport: tcp"), NULL);
    struct given after =
        rows_of(ROW("x", "from: any, to: self, port: 9, transport: tcp")
                    ROW("a", "from: [10.0.1.0/24, 10.0.0.0/24, 10.0.2.0/23], to: self, port: [80, 81-90, 85-95], "
                             "source-port: [7, 5-6], transport: tcp/udp"),
                NULL);
    struct lx_policy_diff diff;

    cr_assert_eq(given_resolve(&before), 0);
    cr_assert_eq(given_resolve(&after), 0);
    diff = diff_of(&before.policy, &after.policy);
    /* All of a row's addresses are told as the row has them. */
    expect_regions(&diff.allowed, LINES("r/a tcp/udp 10.0.0.0/24,10.0.1.0/24,10.0.2.0/23:5-7 > any:80-95"));
    expect_regions(&diff.dropped, NO_LINES);
    lx_policy_diff_free(&diff);
    given_end(&before);
    before = rows_of(ROW("a", "from: 10.0.0.0/30, to: self, port: 80, transport: tcp"), NULL);
    given_end(&after);
    after =
        rows_of(ROW("a", "from: [10.0.0.0/22, 10.0.4.0/24, 10.0.5.0/24], to: self, port: 80, transport: tcp"), NULL);
    expect_diff(&before, &after, LINES("r/a tcp 10.0.0.0/22,10.0.4.0/24,10.0.5.0/24 but 10.0.0.0/30:any > any:80-80"),
                NO_LINES);
}

Test(changes, a_region_is_told_of_the_row_that_a_packet_is_credited_to)
{
    struct given before = rows_of(ROW("x", "from: any, to: self, port: 9, transport: tcp"), NULL);
    struct given after = rows_of(ROW("x", "from: any, to: self, port: 9, transport: tcp")
                                     ROW("a", "from: any, to: self, port: 100-200, transport: tcp")
                                         ROW("b", "from: any, to: self, port: 150-250, transport: tcp")
                                             ROW("c", "from: any, to: self, port: 160-240, transport: tcp"),
                                 NULL);

    expect_diff(&before, &after, LINES("r/a tcp any:any > any:100-200", "r/b tcp any:any > any:201-250"), NO_LINES);
}

Test(changes, what_lies_next_to_the_mapped_addresses_is_no_ipv4)
{
    /* ::/95 and ::fffe:0:0/96 around the place where IPv4 is kept. */
    struct given before = rows_of(ROW("a", "from: '::fffe:0:0/96', to: self, port: 1, transport: tcp"), NULL);
    struct given after = rows_of(ROW("a", "from: ['::/0'], to: self, port: 1, transport: tcp"), NULL);

    expect_diff(&before, &after, LINES("r/a tcp ::/0 but ::fffe:0:0/96:any > any:1-1"), NO_LINES);
}

Test(changes, switches_differ_by_themselves)
{
    static const char row[] = ROW("a", "from: any, to: self, port: 443, transport: tcp");
    struct given before = rows_of(row, "self: {r: 10.0.0.0/30}\nvlans: [10, 20]\nbuilt-in: {echo: on}\n");
    struct given after = rows_of(row, "self: {r: 10.0.0.0/30}\nvlans: [20, 30]\nbuilt-in: {dhcp: off}\n");
    struct lx_prefix_set moved = {.items = (struct lx_prefix[1]){{{{0}}, 0}}, .count = 1};
    struct lx_policy_diff diff;

    cr_assert_eq(given_resolve(&before), 0);
    cr_assert_eq(given_resolve(&after), 0);
    cr_assert_eq(lx_prefix_parse("10.0.0.2", moved.items, NULL), 0);
    after.policy.protected = &moved;
    after.policy.egress = LX_EGRESS_ENFORCE;
    after.policy.audit = true;
    diff = diff_of(&before.policy, &after.policy);
    cr_expect_eq(diff.allowed.count + diff.dropped.count, 0);
    cr_expect_eq(diff.switches.built_ins_off, (uint32_t)(LX_BUILT_IN_ECHO | LX_BUILT_IN_DHCP));
    cr_expect_eq(diff.switches.built_ins_on, 0);
    cr_expect_eq(diff.switches.vlans_off[1], 1 << 2);
    cr_expect_eq(diff.switches.vlans_on[3], 1 << 6);
    cr_expect_eq(diff.switches.vlans_on[2] | diff.switches.vlans_off[2], 0, "20 is in both");
    cr_expect(diff.switches.audit_after && !diff.switches.audit_before);
    cr_expect_eq(diff.switches.egress_after, LX_EGRESS_ENFORCE);
    cr_expect_null(diff.switches.protected_on);
    cr_assert_not_null(diff.switches.protected_off);
    cr_expect_str_eq(given_set(diff.switches.protected_off), "10.0.0.0/31,10.0.0.3");
    cr_expect_not(lx_policy_diff_none(&diff));
    lx_policy_diff_free(&diff);
    given_end(&before);
    given_end(&after);
}

Test(changes, what_the_role_sends_does_not_matter_where_nobody_looks)
{
    struct given before = rows_of(ROW("a", "from: self, to: any, port: 53, transport: udp"), NULL);
    struct given after = rows_of(ROW("a", "from: self, to: any, port: 123, transport: udp"), NULL);
    struct lx_policy_diff diff;

    cr_assert_eq(given_resolve(&before), 0);
    cr_assert_eq(given_resolve(&after), 0);
    before.policy.egress = after.policy.egress = LX_EGRESS_OFF;
    diff = diff_of(&before.policy, &after.policy);
    cr_expect(lx_policy_diff_none(&diff));
    lx_policy_diff_free(&diff);
    after.policy.egress = LX_EGRESS_TRACK;
    diff = diff_of(&before.policy, &after.policy);
    expect_regions(&diff.allowed, LINES("r/a udp any:any > any:123-123"));
    expect_regions(&diff.dropped, LINES("r/a udp any:any > any:53-53"));
    lx_policy_diff_free(&diff);
    given_end(&before);
    given_end(&after);
}

Test(changes, too_many_differences_are_refused_and_leave_the_output_alone)
{
    struct lx_policy policy = {.rule_count = LX_MAX_ROWS + 1}, empty = {0};
    struct lx_policy_diff diff = {.set_count = 77};

    cr_assert_eq(lx_policy_diff(&policy, &empty, &diff), -E2BIG);
    cr_assert_eq(lx_policy_diff(&empty, &policy, &diff), -E2BIG);
    cr_assert_eq(diff.set_count, 77);
}
