/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lint of a site, held against every policy that it may be used with: a site serves several roles, so what one role has
 * no use for is no mistake, but what no role has is.
 */
#include "lint.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "built_ins.h"
#include "lint_override.h"
#include "lint_rows.h"
#include "site_names.h"
#include "user/core/text/spelling.h"
#include "vocabulary.h"

struct site_lint {
    const struct lx_site *site;
    const struct lx_policy_file *file; /* and all behind it */
    struct lx_diagnostics *diagnostics;
};

/* "; did you mean 'pool'?", or nothing. */
struct guess {
    char text[80];
};

static struct guess guess_among(const char *word, const char *const *words, size_t count)
{
    const char *nearest = count ? lx_nearest(word, words, count) : NULL;
    struct guess guess = {""};

    if (nearest && strcmp(nearest, word) != 0)
        snprintf(guess.text, sizeof(guess.text), "; did you mean '%s'?", nearest);
    return guess;
}

static bool row_names(const struct lx_row *row, const char *group)
{
    const char *const groups[] = {row->from.group, row->to.group, row->needs};

    for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
        if (groups[i] && !strcmp(groups[i], group))
            return true;
    return false;
}

/* Where a site does not set next-hop, rows that name it use the pool. */
static bool is_used(const struct site_lint *lint, const struct lx_vocabulary *used, const char *group)
{
    if (lx_vocabulary_has(used, group) || (!strcmp(group, "pool") && lx_vocabulary_has(used, "next-hop")))
        return true;
    for (size_t i = 0; i < lint->site->row_count; i++)
        if (row_names(&lint->site->rows[i], group))
            return true;
    for (size_t i = 0; i < lint->site->bypass.count; i++)
        if (lint->site->bypass.entries[i].group && !strcmp(lint->site->bypass.entries[i].group, group))
            return true;
    for (size_t i = 0; i < lint->site->overrides.count; i++) {
        const struct lx_endpoint *ends = lint->site->overrides.items[i].ends;

        for (size_t end = 0; end < 2; end++)
            if (ends[end].group && !strcmp(ends[end].group, group))
                return true;
    }
    return false;
}

static void lint_group(const struct site_lint *lint, const struct lx_vocabulary *used, const struct lx_group *group)
{
    if (!is_used(lint, used, group->name))
        lx_diagnose(lint->diagnostics, LX_WARNING, group->place, NULL, "no row names the group '%s'%s", group->name,
                    guess_among(group->name, used->words, used->count).text);
    for (size_t i = 0; i < group->prefix_count; i++) {
        const struct lx_prefix *prefix = &group->prefixes[i];
        bool ipv4 = lx_prefix_is_ipv4(prefix);

        if (prefix->length > (ipv4 ? 96 : 0))
            continue;
        lx_diagnose(lint->diagnostics, LX_WARNING, group->place, NULL,
                    "the group '%s' holds every %s address: what is for it alone is open to everybody", group->name,
                    ipv4 ? "IPv4" : "IPv6");
    }
}

static int lint_groups(const struct site_lint *lint)
{
    struct lx_vocabulary used = {0};

    if (lx_vocabulary_gather(lint->file, LX_GROUPS, &used))
        return -ENOMEM;
    for (size_t i = 0; i < lint->site->group_count; i++)
        lint_group(lint, &used, &lint->site->groups[i]);
    lx_vocabulary_free(&used);
    return 0;
}

/* True when the row may stand in the policy of a role's external side. */
static bool reaches_perimeter(const struct site_lint *lint, const struct lx_row *row)
{
    const struct lx_role *role = row->role ? lx_policy_file_role(lint->file, row->role) : NULL;

    if (!lx_row_opens_clients(row))
        return false;
    if (row->role)
        return role && role->external;
    for (const struct lx_policy_file *file = lint->file; file; file = file->next)
        for (size_t i = 0; i < file->role_count; i++)
            if (file->roles[i].external)
                return true;
    return false;
}

/* What an IPsec gateway has wrapped up is often longer than the way takes, and then arrives in pieces. */
static void lint_esp(const struct site_lint *lint, const struct lx_row *row)
{
    if (lx_row_is_portless(row) && lx_row_protocol(row) == IPPROTO_ESP &&
        !(lint->site->built_ins_on & LX_BUILT_IN_FRAGMENTS))
        lx_diagnose(lint->diagnostics, LX_WARNING, row->place, NULL,
                    "the row %s passes ESP, whose fragments drop: write built-in: {fragments: track}, or keep the "
                    "tunnel's MTU below the way's",
                    row->id);
}

static int lint_rows(const struct site_lint *lint)
{
    const struct lx_site *site = lint->site;
    const struct lx_row **rows = calloc(site->row_count + 1, sizeof(*rows));

    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < site->row_count; i++) {
        rows[i] = &site->rows[i];
        lint_esp(lint, rows[i]);
        if (reaches_perimeter(lint, rows[i]))
            lx_diagnose(lint->diagnostics, LX_WARNING, rows[i]->place, NULL,
                        "the row %s opens ports 1024-65535 on the external side of %s; list the ports that are needed, "
                        "or keep it away with side: internal",
                        rows[i]->id, rows[i]->role ? rows[i]->role : "every role that has one");
    }
    lx_lint_covered(rows, site->row_count, site->row_count, lint->diagnostics);
    lx_lint_adjacent(rows, site->row_count, lint->diagnostics);
    free(rows);
    return 0;
}

/* On a host these cut everything off, and later than anybody would look for the reason. */
static void lint_built_ins(const struct site_lint *lint)
{
    for (size_t i = 0; i < LX_BUILT_INS; i++) {
        const char *loss = lx_built_in_loss(lx_built_ins[i].bit);

        if (loss && lint->site->built_ins_off & lx_built_ins[i].bit)
            lx_diagnose(lint->diagnostics, LX_WARNING, lint->site->built_in_places[i], NULL, "%s is off: %s",
                        lx_built_ins[i].name, loss);
    }
}

/* Who is behind the same pair as a neighbour can send under its address. */
static void lint_bypass(const struct site_lint *lint)
{
    const struct lx_site_bypass *bypass = &lint->site->bypass;
    size_t unbound = 0;

    for (size_t i = 0; i < bypass->count; i++) {
        const struct lx_bypass_entry *entry = &bypass->entries[i];

        unbound += !entry->bound.count;
        if (entry->group && !lx_site_group(lint->site, entry->group))
            lx_diagnose(lint->diagnostics, LX_WARNING, entry->place, NULL,
                        "there is no group '%s' to bypass; without one, or --set %s=ADDR[,ADDR…], nothing is attached",
                        entry->group, entry->group);
    }
    if (unbound || bypass->has_vlans)
        lx_diagnose(lint->diagnostics, LX_WARNING, bypass->place, NULL,
                    "%s can be borrowed by a role that was broken into, which then passes unjudged%s (bypass is for "
                    "pairs alone: on a host it is refused)",
                    unbound ? "the addresses of neighbours without mac:" : "the VLANs that are bypassed",
                    unbound ? ": bind them, {address: ADDR, mac: MAC}" : "");
}

/* What several sites include has overrides and no addresses at all. */
static void lint_self(const struct site_lint *lint)
{
    bool shared = lint->site->overrides.count && !lint->site->group_count;

    if (!lint->site->self_count && !shared)
        lx_diagnose(lint->diagnostics, LX_WARNING, (struct lx_place){.file = lint->site->name}, NULL,
                    "no role has an address here, so that rows hold for any: give the roles theirs under self:");
}

int lx_lint_site(const struct lx_site *site, const struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    struct site_lint lint = {.site = site, .file = file, .diagnostics = diagnostics};
    size_t first = diagnostics->count;
    int error = lx_site_names_check(site, file, NULL, diagnostics);

    if (error != -ENOMEM)
        error = lint_groups(&lint);
    else
        return error;
    lint_self(&lint);
    lint_built_ins(&lint);
    lint_bypass(&lint);
    error = error ?: lint_rows(&lint);
    error = error ?: lx_lint_overrides(site, file, diagnostics);
    lx_diagnostics_sort(diagnostics, first);
    return error || diagnostics->out_of_memory ? -ENOMEM : 0;
}
