/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shipped policies against what the documents print, both ways: nothing printed is missing, and nothing is opened
 * that is not printed. Where they differ on purpose, tests/documents/exceptions.tsv has it with the reason.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/documents/coverage.h"
#include "tests/unit/including.h"
#include "user/core/policy/prefix_text.h"

static const char *const editions[] = {"ocs2007", "ocs2007r2", "lync2010", "lync2013", "sfb2015", "sfb2019", "teams"};

#define EDITIONS (sizeof(editions) / sizeof(*editions))

/* --- The tests ---------------------------------------------------------------------------------------------------- */

typedef void check_function(const struct lx_policy_file *, const struct printed *, struct findings *);

static struct lx_policy_file read_policy(const char *edition)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;

    cr_assert_eq(lx_read_shipped(edition, &file, &diagnostics), 0, "%s: %s", edition,
                 diagnostics.count ? diagnostics.items[0].message : "");
    return file;
}

static void expect_none(const char *edition, check_function *check)
{
    struct lx_policy_file file = read_policy(edition);
    struct printed *printed = read_printed(edition);
    struct findings findings;

    open_findings(&findings);
    check(&file, printed, &findings);
    fflush(findings.out);
    cr_expect_eq(findings.count, 0, "%zu:%s", findings.count, findings.text);
    close_findings(&findings);
    lx_policy_file_free(&file);
    free_printed(printed);
}

#define COVERAGE(edition)                                                                                              \
    Test(coverage, every_printed_role_is_in_##edition)                                                                 \
    {                                                                                                                  \
        expect_none(#edition, find_missing_roles);                                                                     \
    }                                                                                                                  \
    Test(coverage, nothing_printed_is_missing_from_##edition)                                                          \
    {                                                                                                                  \
        expect_none(#edition, find_missing);                                                                           \
    }                                                                                                                  \
    Test(coverage, nothing_opens_in_##edition##_that_is_not_printed)                                                   \
    {                                                                                                                  \
        expect_none(#edition, find_unprinted);                                                                         \
    }                                                                                                                  \
    Test(coverage, every_numbered_line_is_cited_in_##edition)                                                          \
    {                                                                                                                  \
        expect_none(#edition, find_uncited);                                                                           \
    }

COVERAGE(ocs2007)
COVERAGE(ocs2007r2)
COVERAGE(lync2010)
COVERAGE(lync2013)
COVERAGE(sfb2015)
COVERAGE(sfb2019)
COVERAGE(teams)

Test(coverage, every_exception_is_needed)
{
    struct findings findings;

    open_findings(&findings);
    for (size_t i = 0; i < EDITIONS; i++) {
        struct lx_policy_file file = read_policy(editions[i]);
        struct printed *printed = read_printed(editions[i]);

        find_missing_roles(&file, printed, &findings);
        find_missing(&file, printed, &findings);
        find_unprinted(&file, printed, &findings);
        find_uncited(&file, printed, &findings);
        lx_policy_file_free(&file);
        free_printed(printed);
    }
    cr_expect_gt(findings.exceptions->count, 0);
    for (size_t i = 0; i < findings.exceptions->count; i++)
        cr_expect(findings.exceptions->items[i].used, "%s: %s", findings.exceptions->items[i].kind,
                  findings.exceptions->items[i].where);
    close_findings(&findings);
}

/* --- Addresses ---------------------------------------------------------------------------------------------------- */

/* Whether a list is just what the line prints, "52.112.0.0/14,52.122.0.0/15". */
static bool prints(const char *prefixes, const struct lx_prefix_list *list)
{
    size_t count = 1;

    for (const char *comma = prefixes; (comma = strchr(comma, ',')); comma++)
        count++;
    for (size_t i = 0; i < list->count; i++) {
        char text[LX_PREFIX_TEXT];

        if (!listed(prefixes, lx_prefix_format(&list->prefixes[i], text)))
            return false;
    }
    return count == list->count;
}

static void expect_printed(const char *cloud)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_prefix_list list;
    struct addresses *addresses = read_addresses();
    bool printed = false;
    char path[64];
    FILE *stream;

    snprintf(path, sizeof(path), "policies/sites/teams-%s.txt", cloud);
    cr_assert_not_null(stream = fopen(path, "r"), "%s", path);
    cr_assert_eq(lx_prefix_list_read(stream, path, lx_unusable_peer, &list, &diagnostics), 0);
    fclose(stream);
    for (size_t i = 0; i < addresses->count; i++)
        printed |= !strcmp(addresses->items[i].document, "teams") && !strcmp(addresses->items[i].cloud, cloud) &&
                   prints(addresses->items[i].prefixes, &list);
    cr_expect(printed, "no page prints just what is in %s", path);
    cr_expect_gt(list.date, 0, "%s does not say of when it is", path);
    free(list.prefixes);
    free_addresses(addresses);
}

Test(coverage, the_shipped_lists_of_teams_are_printed)
{
    expect_printed("worldwide");
    expect_printed("gcc-high");
    expect_printed("dod");
}

/* --- The comparison would notice ---------------------------------------------------------------------------------- */

static bool noticed_by(check_function *check, const struct lx_policy_file *file, const struct printed *printed)
{
    struct findings findings;
    size_t count;

    open_findings(&findings);
    check(file, printed, &findings);
    count = findings.count;
    close_findings(&findings);
    return count;
}

/* Changes each row in turn; a check must notice it, at the role that the row belongs to. */
static void expect_noticed(bool (*change)(const struct lx_role *role, struct lx_row *row,
                                          const struct printed *printed),
                           check_function *first, check_function *second)
{
    struct exceptions *exceptions = read_exceptions();

    for (size_t edition = 0; edition < EDITIONS; edition++) {
        struct lx_policy_file file = read_policy(editions[edition]);
        struct printed *printed = read_printed(editions[edition]);
        size_t changed = 0;

        for (size_t i = 0; i < file.role_count; i++) {
            struct lx_policy_file alone = file;

            alone.roles = &file.roles[i];
            alone.role_count = 1;
            for (size_t j = 0; j < file.roles[i].row_count; j++) {
                struct lx_row *row = &file.roles[i].rows[j], before = *row;
                char where[128];

                snprintf(where, sizeof(where), "%s %s", editions[edition], row->id);
                if (!excepted(exceptions, "unprinted", where) && change(&file.roles[i], row, printed)) {
                    cr_expect(noticed_by(first, &alone, printed) || noticed_by(second, &file, printed), "%s", where);
                    changed++;
                }
                *row = before;
            }
        }
        cr_expect_gt(changed, 0, "no row of %s could be changed", editions[edition]);
        lx_policy_file_free(&file);
        free_printed(printed);
    }
    free_exceptions(exceptions);
}

/* Another row of the role, or of one that it includes, has all of it. */
static bool has_other(const struct lx_role *role, const struct lx_row *row)
{
    for (size_t i = 0; i < role->row_count; i++) {
        const struct lx_row *other = &role->rows[i];

        if (other != row && lx_row_hook(other) == lx_row_hook(row) && other->side == row->side &&
            (other->transports & row->transports) == row->transports && other->lb == row->lb &&
            within(&row->destination_ports, &other->destination_ports) &&
            within(&row->source_ports, &other->source_ports))
            return true;
    }
    for (size_t i = 0; i < role->include_count; i++)
        if (has_other(role->includes[i], row))
            return true;
    return false;
}

/* Nothing printed would be missing without it: another row has all of it, or the line is about its partner. */
static bool is_spare(const struct lx_role *role, const struct lx_row *row, const struct printed *printed)
{
    if (has_other(role, row))
        return true;
    for (size_t i = 0; i < printed->count; i++)
        if (cites(row, &printed->lines[i]) && names_role(printed->lines[i].roles, role) &&
            line_has_hook(&printed->lines[i], lx_row_hook(row)) && row->unresolved == printed->lines[i].unresolved &&
            within(&row->destination_ports, &printed->lines[i].ports))
            return false;
    return true;
}

/* The row is as good as deleted. */
static bool take_away(const struct lx_role *role, struct lx_row *row, const struct printed *printed)
{
    if (is_spare(role, row, printed))
        return false;
    row->transports = 0;
    row->citation = NULL;
    row->unresolved = false;
    return true;
}

/* The document leaves the row's ports to the site: none could be wrong. */
static bool has_ports_of_a_site(const struct lx_row *row, const struct printed *printed)
{
    for (size_t i = 0; i < printed->count; i++)
        if (cites(row, &printed->lines[i]) && printed->lines[i].site_ports)
            return true;
    return false;
}

/* Port 7 is printed nowhere. */
static bool add_a_port(const struct lx_role *role, struct lx_row *row, const struct printed *printed)
{
    struct lx_ports *ports = &row->destination_ports;

    (void)role;
    if (row->unresolved || !ports->count || has_ports_of_a_site(row, printed))
        return false;
    ports->ranges[ports->count++] = (struct lx_port_range){7, 7};
    return true;
}

static bool add_a_transport(const struct lx_role *role, struct lx_row *row, const struct printed *printed)
{
    unsigned both = LX_TRANSPORT_BIT(LX_TCP) | LX_TRANSPORT_BIT(LX_UDP);

    (void)role;
    if (row->unresolved || row->transports == both)
        return false;
    for (size_t i = 0; i < printed->count; i++) /* it would be no mistake */
        if (cites(row, &printed->lines[i]) && line_has_transport(&printed->lines[i], LX_TCP) &&
            line_has_transport(&printed->lines[i], LX_UDP))
            return false;
    row->transports = both;
    return true;
}

Test(coverage, a_row_that_is_taken_away_is_noticed)
{
    expect_noticed(take_away, find_missing, find_uncited);
}

Test(coverage, a_port_that_is_added_is_noticed)
{
    expect_noticed(add_a_port, find_unprinted, find_unprinted);
}

Test(coverage, a_transport_that_is_added_is_noticed)
{
    expect_noticed(add_a_transport, find_unprinted, find_unprinted);
}
