/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows without ports as they are written, resolved, compared and asked about. What packets they pass: the fixtures. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "given.h"
#include "user/core/policy/lint.h"
#include "user/core/policy/protocols.h"

static int read_rows(const char *rows, struct lx_site *site, struct lx_diagnostics *diagnostics)
{
    char text[1024];
    FILE *stream;
    int error;

    snprintf(text, sizeof(text), "self: {av-edge: 192.0.2.1}\ngroups: {peer: 192.0.2.9}\nrows:\n%s", rows);
    stream = fmemopen(text, strlen(text), "r");
    cr_assert_not_null(stream);
    error = lx_site_file_read(stream, "site.yaml", site, diagnostics);
    fclose(stream);
    return error;
}

/* A row with one mistake, at a column of line 4. */
static void expect_mistake(const char *row, unsigned column, const char *message)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;

    cr_expect_neq(read_rows(row, &site, &diagnostics), 0, "%s", row);
    cr_assert_eq(diagnostics.count, 1, "%s: %zu mistakes", row, diagnostics.count);
    cr_expect_eq(diagnostics.items[0].line, 4, "%s", row);
    cr_expect_eq(diagnostics.items[0].column, column, "%s: column %u", row, diagnostics.items[0].column);
    cr_expect(strstr(diagnostics.items[0].message, message), "%s: %s", row, diagnostics.items[0].message);
    lx_diagnostics_free(&diagnostics);
}

Test(portless, a_mistake_says_at_its_place_what_to_write_instead)
{
    expect_mistake("- {id: a, from: peer, to: self, transport: vrrp, port: 112}\n", 56, "leave out 'port'");
    expect_mistake("- {id: a, from: peer, to: self, transport: 47, source-port: 1}\n", 61, "gre has no ports");
    expect_mistake("- {id: a, from: peer, to: self, transport: 200, port: 1}\n", 55, "200 has no ports");
    expect_mistake("- {id: a, from: peer, to: self, transport: esp, unresolved: true}\n", 61, "leave out 'unresolved'");
    expect_mistake("- {id: a, from: peer, to: self, transport: 6}\n", 44, "write tcp");
    expect_mistake("- {id: a, from: peer, to: self, transport: 17}\n", 44, "write udp");
    expect_mistake("- {id: a, from: peer, to: self, transport: 1}\n", 44, "write echo");
    expect_mistake("- {id: a, from: peer, to: self, transport: 58}\n", 44, "write echo");
    expect_mistake("- {id: a, from: peer, to: self, transport: 0}\n", 44, "the transport that is behind");
    expect_mistake("- {id: a, from: peer, to: self, transport: 43}\n", 44, "the transport that is behind");
    expect_mistake("- {id: a, from: peer, to: self, transport: 44}\n", 44, "fragments: track");
    expect_mistake("- {id: a, from: peer, to: self, transport: 60}\n", 44, "the transport that is behind");
    expect_mistake("- {id: a, from: peer, to: self, transport: 256}\n", 44, "or the number of a protocol");
    expect_mistake("- {id: a, from: peer, to: self, transport: vrpp}\n", 44, "did you mean 'vrrp'?");
}

Test(portless, names_and_numbers_are_one)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;

    cr_assert_eq(
        read_rows("- {id: a, from: peer, to: self, transport: gre}\n- {id: b, from: peer, to: self, transport: 47}\n"
                  "- {id: c, from: self, to: peer, transport: 41}\n- {id: d, from: self, to: any, transport: echo}\n",
                  &site, &diagnostics),
        0);
    cr_expect_eq(lx_row_protocol(&site.rows[0]), 47);
    cr_expect_eq(lx_row_protocol(&site.rows[1]), 47);
    cr_expect_str_eq(lx_transports_name(&site.rows[1], site.rows[1].transports).text, "gre");
    cr_expect_str_eq(lx_transports_name(&site.rows[2], site.rows[2].transports).text, "41");
    cr_expect_str_eq(lx_transports_name(&site.rows[3], site.rows[3].transports).text, "echo");
    cr_expect(lx_row_is_portless(&site.rows[3]));
    lx_site_free(&site);
    lx_diagnostics_free(&diagnostics);
}

Test(portless, every_name_has_a_number_that_gives_it_back)
{
    for (size_t i = 0; i < LX_PROTOCOL_NAMES; i++) {
        const char *problem;
        uint8_t protocol;

        cr_assert_eq(lx_protocol_parse(lx_protocol_names[i], &protocol, &problem), 0);
        cr_expect_str_eq(lx_protocol_name(protocol).text, lx_protocol_names[i]);
    }
}

Test(portless, the_groups_of_a_protocol_are_its_own)
{
    struct lx_prefix groups[4];
    char text[LX_PREFIX_TEXT];

    cr_expect_eq(lx_protocol_groups(112, groups, 4), 2);
    cr_expect_str_eq(lx_prefix_format(&groups[0], text), "224.0.0.18");
    cr_expect_str_eq(lx_prefix_format(&groups[1], text), "ff02::12");
    cr_expect_eq(lx_protocol_groups(89, groups, 4), 4);
    cr_expect_eq(lx_protocol_groups(2, groups, 4), 1);
    cr_expect_str_eq(lx_prefix_format(&groups[0], text), "224.0.0.0/4");
    cr_expect_eq(lx_protocol_groups(47, groups, 4), 0);
}

/* ESP and AH have numbers beside each other, and are no range; nor do two rows of one protocol help each other. */
Test(portless, lint_takes_numbers_for_no_ports_and_minds_fragments_of_esp)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;
    size_t esp = 0, other = 0;

    cr_assert_eq(
        read_rows("- {id: a, from: peer, to: self, transport: esp}\n- {id: b, from: peer, to: self, transport: ah}\n",
                  &site, &diagnostics),
        0);
    cr_assert_eq(lx_lint_site(&site, NULL, &diagnostics), 0);
    for (size_t i = 0; i < diagnostics.count; i++) {
        esp += strstr(diagnostics.items[i].message, "fragments: track") != NULL;
        other += strstr(diagnostics.items[i].message, "could be one row") != NULL;
    }
    cr_expect_eq(esp, 1);
    cr_expect_eq(other, 0);
    lx_site_free(&site);
    lx_diagnostics_free(&diagnostics);
}
