/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guard against locking oneself out: reading SSH_CONNECTION, judging the session, and the row that keeps it, which
 * is put through the real parser: advice that does not work would be worse than none.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/explain/lockout.h"
#include "user/core/policy/policy_reader.h"
#include "user/core/policy/site_file.h"
#include "user/core/resolve/resolve.h"

static struct lx_ssh_session parse(const char *text)
{
    struct lx_ssh_session session;

    cr_assert_eq(lx_ssh_session_parse(text, &session), 0, "%s", text);
    return session;
}

Test(lockout, reads_both_families)
{
    struct lx_ssh_session session = parse("192.0.2.7 51022 198.51.100.1 22");
    char text[LX_PREFIX_TEXT];

    cr_assert_str_eq(lx_address_format(&session.client, text), "192.0.2.7");
    cr_assert_str_eq(lx_address_format(&session.server, text), "198.51.100.1");
    cr_assert_eq(session.client_port, 51022);
    cr_assert_eq(session.server_port, 22);
    session = parse("fe80::7%eth0 51022 fe80::1%eth0 2222");
    cr_assert_str_eq(lx_address_format(&session.client, text), "fe80::7");
    cr_assert_eq(session.server_port, 2222);
}

Test(lockout, refuses_what_sshd_does_not_write)
{
    static const char *const texts[] = {
        "",
        "192.0.2.7",
        "192.0.2.7 51022 198.51.100.1",
        "192.0.2.7 51022 198.51.100.1 22 23",
        "192.0.2.7 51022 2001:db8::1 22",
        "192.0.2.7 0 198.51.100.1 22",
        "192.0.2.7 51022 198.51.100.1 65536",
        "192.0.2.7 51022 198.51.100.1 -22",
        "192.0.2.7 51022 198.51.100.1 22x",
        "UNKNOWN 65535 UNKNOWN 65535",
    };
    struct lx_ssh_session session;

    memset(&session, 0xa5, sizeof(session));
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        cr_assert_lt(lx_ssh_session_parse(texts[i], &session), 0, "%s", texts[i]);
    for (size_t i = 0; i < sizeof(session); i++)
        cr_assert_eq(((unsigned char *)&session)[i], 0xa5, "a failure touched the output");
}

static const char tables[] = "edition: test\n"
                             "documents:\n"
                             "  table: \"A table\"\n"
                             "roles:\n"
                             "  web:\n"
                             "    rows:\n"
                             "      - {id: https, from: any, source-port: any, to: self, port: 443, transport: tcp, "
                             "application: HTTPS, source: table 1}\n";

static FILE *open_text(const char *text)
{
    FILE *stream = fmemopen((void *)text, strlen(text), "r");

    cr_assert_not_null(stream);
    return stream;
}

static void expect_sound(int error, const struct lx_diagnostics *diagnostics)
{
    cr_assert_eq(error, 0, "%d: %s", error, diagnostics->count ? diagnostics->items[0].message : "");
}

/*
 * The verdict on a session of the role `web` that comes on that path, with a site, which may be NULL. `row`, where not
 * NULL, receives the row that is suggested.
 */
static struct lx_ssh_verdict judge_on(const struct lx_ssh_path *path, const struct lx_ssh_session *session,
                                      const char *site_text, char *row)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file = {0};
    struct lx_site site = {0};
    struct lx_request request = {0};
    struct lx_policy policy = {0};
    struct lx_compiled compiled = {0};
    struct lx_ssh_verdict verdict;
    FILE *stream = open_text(tables);

    expect_sound(lx_policy_file_read(stream, "tables", &file, &diagnostics), &diagnostics);
    fclose(stream);
    if (site_text) {
        stream = open_text(site_text);
        expect_sound(lx_site_file_read(stream, "site", &site, &diagnostics), &diagnostics);
        fclose(stream);
    }
    cr_assert_eq(lx_words_add(&request.roles, "web"), 0);
    expect_sound(lx_resolve(&file, site_text ? &site : NULL, &request, &policy, &diagnostics), &diagnostics);
    expect_sound(lx_compile(&policy, &compiled, &diagnostics), &diagnostics);
    verdict = lx_ssh_session_judge(session, path, LX_HOOK_TO_ROLE, &compiled);
    if (row)
        lx_ssh_session_row(session, &policy, row);
    lx_compiled_free(&compiled);
    lx_policy_free(&policy);
    lx_words_free(&request.roles);
    if (site_text)
        lx_site_free(&site);
    lx_policy_file_free(&file);
    lx_diagnostics_free(&diagnostics);
    return verdict;
}

static struct lx_judgement judge(const struct lx_ssh_session *session, const char *site_text, char *row)
{
    static const struct lx_ssh_path path = {.resolves = true};

    return judge_on(&path, session, site_text, row).judgement;
}

Test(lockout, a_session_without_a_row_would_be_cut)
{
    struct lx_ssh_session session = parse("192.0.2.7 51022 198.51.100.1 22");

    cr_assert_eq(judge(&session, NULL, NULL).reason, LX_REASON_NO_ROW);
}

Test(lockout, a_session_on_a_listed_port_stays)
{
    struct lx_ssh_session session = parse("192.0.2.7 51022 198.51.100.1 443");

    cr_assert_eq(judge(&session, NULL, NULL).reason, LX_REASON_ROW);
}

/* The row that is suggested with a site, added to that site, lets this session in and no other. */
static void expect_row_works(const char *site, const char *connection, const char *stranger)
{
    struct lx_ssh_session session = parse(connection), other = parse(stranger);
    char row[LX_SSH_ROW_TEXT], *with_row;

    cr_assert_eq(judge(&session, site, row).reason, LX_REASON_NO_ROW);
    cr_assert_geq(asprintf(&with_row, "%srows:\n  %s\n", site, row), 0);
    cr_assert_eq(judge(&session, with_row, NULL).reason, LX_REASON_ROW, "%s", with_row);
    cr_assert_eq(judge(&other, with_row, NULL).reason, LX_REASON_NO_ROW, "%s", with_row);
    free(with_row);
}

Test(lockout, the_suggested_row_keeps_the_session)
{
    const char *site = "site: test\n";

    expect_row_works(site, "192.0.2.7 51022 198.51.100.1 22", "192.0.2.8 51022 198.51.100.1 22");
    expect_row_works(site, "2001:db8::7 51022 2001:db8::1 2222", "2001:db8::8 51022 2001:db8::1 2222");
    expect_row_works(site, "fe80::7%eth0 51022 fe80::1%eth0 22", "fe80::8 51022 fe80::1 22");
}

Test(lockout, the_suggested_row_keeps_a_session_at_another_address_than_the_roles_own)
{
    const char *site = "self: {web: 203.0.113.5}\n";

    expect_row_works(site, "192.0.2.7 51022 198.51.100.1 22", "192.0.2.7 51022 198.51.100.2 22");
    expect_row_works(site, "2001:db8::7 51022 2001:db8::1 22", "2001:db8::7 51022 2001:db8::2 22");
    expect_row_works(site, "192.0.2.7 51022 203.0.113.5 22", "192.0.2.7 51022 198.51.100.1 22");
}

/* Where another row has opened the session's address, that is still none of the role's own. */
Test(lockout, an_address_that_one_row_redefines_self_to_is_not_the_roles_own)
{
    const char *site = "self: {web: 203.0.113.5}\n"
                       "rows: [{id: ping, from: any, to: self, self: 198.51.100.1, port: 7, transport: tcp}]\n";
    struct lx_ssh_session session = parse("192.0.2.7 51022 198.51.100.1 22");
    char row[LX_SSH_ROW_TEXT];

    cr_assert_eq(judge(&session, site, row).reason, LX_REASON_NO_ROW);
    cr_assert(strstr(row, "self: \"198.51.100.1\""), "%s", row);
    site = "self: {web: 203.0.113.0/24}\n";
    session = parse("192.0.2.7 51022 203.0.113.9 22");
    cr_assert_eq(judge(&session, site, row).reason, LX_REASON_NO_ROW);
    cr_assert_not(strstr(row, "self: \""), "%s", row);
}

/* A session on a listed port, whose ends must find each other, with a site that says so. */
static void expect_packet(const char *connection, const char *site, bool resolves, uint32_t reason, const char *packet)
{
    const struct lx_ssh_path path = {.resolves = resolves};
    struct lx_ssh_session session = parse(connection);
    struct lx_ssh_verdict verdict = judge_on(&path, &session, site, NULL);

    cr_expect_eq(verdict.judgement.reason, reason, "%s: %s", site, lx_reason_name(verdict.judgement.reason));
    cr_expect_str_eq(verdict.packet, packet, "%s", site);
}

Test(lockout, a_session_whose_ends_cannot_find_each_other_would_be_cut)
{
    const char *ipv4 = "192.0.2.7 51022 198.51.100.1 443", *ipv6 = "2001:db8::7 51022 2001:db8::1 443";
    const char *arp = "built-in: {arp: off}\n", *discovery = "built-in: {neighbour-discovery: off}\n";

    expect_packet(ipv4, "site: test\n", true, LX_REASON_ROW, "TCP");
    expect_packet(ipv6, "site: test\n", true, LX_REASON_ROW, "TCP");
    expect_packet(ipv4, arp, true, LX_REASON_BUILT_IN_OFF, "ARP");
    expect_packet(ipv6, discovery, true, LX_REASON_BUILT_IN_OFF, "neighbour discovery");
    expect_packet(ipv4, discovery, true, LX_REASON_ROW, "TCP");
    expect_packet(ipv6, arp, true, LX_REASON_ROW, "TCP");
    expect_packet(ipv4, arp, false, LX_REASON_ROW, "TCP");
    expect_packet("192.0.2.7 51022 198.51.100.1 22", arp, true, LX_REASON_NO_ROW, "TCP");
}

static void expect_tagged(uint16_t outermost, uint16_t inner, const char *site, uint32_t reason)
{
    const struct lx_ssh_path path = {.vlans = {outermost, inner}, .resolves = true};
    struct lx_ssh_session session = parse("192.0.2.7 51022 198.51.100.1 443");
    struct lx_ssh_verdict verdict = judge_on(&path, &session, site, NULL);

    cr_expect_eq(verdict.judgement.reason, reason, "%u.%u, %s: %s", outermost, inner, site,
                 lx_reason_name(verdict.judgement.reason));
}

Test(lockout, a_session_in_a_vlan_is_judged_with_its_tags)
{
    expect_tagged(20, 0, "vlans: [20]\n", LX_REASON_ROW);
    expect_tagged(0, 0, "vlans: [20]\n", LX_REASON_VLAN);
    expect_tagged(20, 0, "vlans: [0]\n", LX_REASON_VLAN);
    expect_tagged(20, 30, "vlans: [20]\n", LX_REASON_VLAN);
    expect_tagged(20, 30, "vlans: [20, 30]\n", LX_REASON_ROW);
    expect_tagged(20, 30, "site: test\n", LX_REASON_ROW);
}
