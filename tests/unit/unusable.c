/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses that no row can hold for are refused where they are written, so that a site cannot open nothing, or all. */
#include <errno.h>

#include "tests/unit/given.h"
#include "user/core/policy/unusable.h"

static const char *what(lx_unusable *unusable, const char *text)
{
    struct lx_prefix prefix;

    cr_assert_eq(lx_prefix_parse(text, &prefix, NULL), 0, "%s", text);
    return unusable(&prefix);
}

Test(unusable, what_no_host_has)
{
    static const char *const texts[] = {
        "0.0.0.0", "0.0.0.0/0",   "0.1.0.0/16", "127.0.0.1", "127.0.0.0/8", "224.0.0.9", "255.255.255.255", "240.0.0.1",
        "::",      "128.0.0.0/1", "::1",        "::/0",      "ff02::1",     "ff00::/8",  "255.255.255.254", "fe00::/7",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        cr_expect_not_null(what(lx_unusable_self, texts[i]), "%s", texts[i]);
}

Test(unusable, what_a_host_may_have)
{
    static const char *const texts[] = {
        "10.45.16.30", "10.0.0.0/8", "192.0.2.0/24", "169.254.1.1", "128.0.0.1",
        "126.0.0.0/8", "fd00::/8",   "2001:db8::1",  "fe80::1",     "2000::/3",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        cr_expect_null(what(lx_unusable_self, texts[i]), "%s", texts[i]);
        cr_expect_null(what(lx_unusable_peer, texts[i]), "%s", texts[i]);
    }
}

/* A group may well be everybody; it may not be somebody who never speaks. */
Test(unusable, what_no_peer_has)
{
    static const char *const texts[] = {
        "0.0.0.0", "127.0.0.1", "127.0.0.0/8", "224.0.0.9", "224.0.0.0/4", "255.255.255.255", "::", "::1", "ff02::1",
    };
    static const char *const wide[] = {"0.0.0.0/0", "::/0", "128.0.0.0/1", "0.0.0.0/1"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        cr_expect_not_null(what(lx_unusable_peer, texts[i]), "%s", texts[i]);
    for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
        cr_expect_null(what(lx_unusable_peer, wide[i]), "%s", wide[i]);
}

static void refused(const char *text, unsigned line, unsigned column, const char *words)
{
    struct given given = {0};
    struct lx_site site;
    FILE *stream = fmemopen((void *)text, strlen(text), "r");

    cr_assert_eq(lx_site_file_read(stream, "site.yaml", &site, &given.diagnostics), -EINVAL, "%s", text);
    fclose(stream);
    cr_expect(given_told(&given, words), "%s", text);
    cr_expect_eq(given.diagnostics.items[0].line, line, "%s", text);
    cr_expect_eq(given.diagnostics.items[0].column, column, "%u %s", given.diagnostics.items[0].column, text);
    given_end(&given);
}

Test(unusable, is_refused_in_a_site_at_its_place)
{
    refused("self: {av-edge: 0.0.0.0/0}\n", 1, 17,
            "'0.0.0.0/0' cannot be the role's own: it is every address there is");
    refused("self:\n  av-edge: {external: [10.0.0.1, 127.0.0.1]}\n", 2, 34, "is a loopback address");
    refused("self: {av-edge: 224.0.0.9}\n", 1, 17, "is a multicast address");
    refused("groups: {pool: [10.0.0.1, 255.255.255.255]}\n", 1, 27, "is a broadcast or reserved address");
    refused("rows:\n- {id: a, from: 127.0.0.1, to: self, port: 9, transport: tcp}\n", 2, 17,
            "cannot be a peer: it is a loopback address");
    refused("rows:\n- {id: a, from: any, to: self, self: 0.0.0.0/0, port: 9, transport: tcp}\n", 2, 38, "every");
}
