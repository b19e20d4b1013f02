/* SPDX-License-Identifier: GPL-2.0-only */
/* One VLAN of a trunk: what an attachment to it is called, what makes its policy another, and whose SSH session it may
 * cut. */
#include "given.h"
#include "user/core/explain/lockout.h"
#include "user/core/image/compile.h"
#include "user/core/text/called.h"

#define SITE                                                                                                           \
    "self: {signal: 192.0.2.10}\n"                                                                                     \
    "vlans: [0, 20, 30]\n"

#define TABLES                                                                                                         \
    "edition: test\n"                                                                                                  \
    "documents: {doc: A document}\n"                                                                                   \
    "roles:\n"                                                                                                         \
    "  signal:\n"                                                                                                      \
    "    rows:\n"                                                                                                      \
    "      - {source: doc 1, id: in, from: any, to: self, port: 5061, transport: tcp}\n"

Test(trunk, an_attachment_is_called_by_its_interface_and_its_vlan)
{
    const char longest[16] = "fifteen-letters",
               full[16] = {'s', 'i', 'x', 't', 'e', 'e', 'n', '-', 'l', 'e', 't', 't', 'e', 'r', 's', '!'};

    cr_expect_str_eq(lx_called("eth0", 0).text, "eth0");
    cr_expect_str_eq(lx_called("eth0", 10).text, "eth0@10");
    cr_expect_str_eq(lx_called(longest, LX_LAST_VLAN).text, "fifteen-letters@4094");
    cr_expect_str_eq(lx_called(full, 0).text, "sixteen-letters", "no zero byte ends it");
}

Test(trunk, a_policy_is_another_for_another_vlan_and_reads_tags)
{
    struct given given = given_texts(TABLES, "self: {signal: 192.0.2.10}\n", "signal");
    uint64_t whole, one;

    cr_assert_eq(given_resolve(&given), 0);
    whole = lx_policy_digest(&given.policy);
    cr_expect_not(lx_policy_reads_tags(&given.policy));
    given.policy.vlan = 10;
    one = lx_policy_digest(&given.policy);
    cr_expect(lx_policy_reads_tags(&given.policy));
    given.policy.vlan = 11;
    cr_expect(one != whole && lx_policy_digest(&given.policy) != one && lx_policy_digest(&given.policy) != whole);
    given_end(&given);
}

/* A session that no row lets in, by a way with those tags. */
static uint32_t verdict_in(const struct lx_compiled *compiled, uint16_t outermost, uint16_t inner)
{
    const struct lx_ssh_path path = {.vlans = {outermost, inner}, .resolves = true};
    struct lx_ssh_session session;

    cr_assert_eq(lx_ssh_session_parse("203.0.113.7 51022 192.0.2.10 22", &session), 0);
    return lx_ssh_session_judge(&session, &path, LX_HOOK_TO_ROLE, compiled).judgement.reason;
}

Test(trunk, a_session_in_another_vlan_is_not_cut_and_one_in_this_is)
{
    struct given given = given_texts(TABLES, SITE, "signal");
    struct lx_compiled compiled = {0};

    cr_assert_eq(given_resolve(&given), 0);
    given.policy.vlan = 10;
    cr_assert_eq(lx_compile(&given.policy, &compiled, &given.diagnostics), 0);
    cr_expect_eq(verdict_in(&compiled, 10, 0), LX_REASON_NO_ROW);
    cr_expect_eq(verdict_in(&compiled, 10, 20), LX_REASON_NO_ROW, "inside it, a VLAN of the list");
    cr_expect_eq(verdict_in(&compiled, 10, 40), LX_REASON_VLAN, "one that is not");
    cr_expect_eq(verdict_in(&compiled, 0, 0), LX_REASON_OTHER_VLAN);
    cr_expect_eq(verdict_in(&compiled, 20, 0), LX_REASON_OTHER_VLAN);
    cr_expect_eq(verdict_in(&compiled, 20, 10), LX_REASON_OTHER_VLAN);
    lx_compiled_free(&compiled);
    given_end(&given);
}
