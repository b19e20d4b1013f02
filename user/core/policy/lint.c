/* SPDX-License-Identifier: GPL-2.0-only */
/* Lint of a policy: role by role, each with the rows that it takes over, and then the words that it declares. */
#include "lint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lint_rows.h"
#include "vocabulary.h"

/* The rows of a role and, behind its own, those of the roles it includes. */
struct rows {
    const struct lx_row **items;
    size_t count;
};

/* Roles already gathered; a policy whose roles include more than this is not looked at that closely. */
#define ROLES 256

static size_t gather_roles(const struct lx_role *role, const struct lx_role *roles[ROLES])
{
    size_t count = 1;

    roles[0] = role;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < roles[i]->include_count && count < ROLES; j++) {
            size_t known = 0;

            while (known < count && roles[known] != roles[i]->includes[j])
                known++;
            if (known == count)
                roles[count++] = roles[i]->includes[j];
        }
    }
    return count;
}

static int gather_rows(const struct lx_role *role, struct rows *rows)
{
    const struct lx_role *roles[ROLES];
    size_t role_count = gather_roles(role, roles), count = 0;

    for (size_t i = 0; i < role_count; i++)
        count += roles[i]->row_count;
    rows->items = calloc(count + 1, sizeof(*rows->items));
    if (!rows->items)
        return -ENOMEM;
    for (size_t i = 0; i < role_count; i++)
        for (size_t j = 0; j < roles[i]->row_count; j++)
            rows->items[rows->count++] = &roles[i]->rows[j];
    return 0;
}

/* A role with an external side is a perimeter: its tables list single ports and the media range. */
static void lint_perimeter(const struct lx_role *role, struct lx_diagnostics *diagnostics)
{
    for (size_t i = 0; role->external && i < role->row_count; i++) {
        const struct lx_row *row = &role->rows[i];

        if (lx_row_opens_clients(row))
            lx_diagnose(diagnostics, LX_WARNING, row->place, NULL,
                        "the row %s opens ports 1024-65535 on the external side of %s; list the ports that it needs",
                        row->id, role->name);
    }
}

static int lint_role(const struct lx_role *role, struct lx_diagnostics *diagnostics)
{
    struct rows rows = {0};
    int error = role->row_count ? gather_rows(role, &rows) : 0;

    if (rows.count) {
        lx_lint_covered(rows.items, role->row_count, rows.count, diagnostics);
        lx_lint_adjacent(rows.items, role->row_count, diagnostics);
        lint_perimeter(role, diagnostics);
    }
    free(rows.items);
    return error;
}

static int lint_terms(const struct lx_policy_file *file, enum lx_subject subject, struct lx_diagnostics *diagnostics)
{
    const struct lx_terms *terms = subject == LX_OPTIONS ? &file->options : &file->workloads;
    struct lx_vocabulary used = {0};
    int error = terms->count ? lx_vocabulary_gather(file, subject, &used) : 0;

    for (size_t i = 0; !error && i < terms->count; i++)
        if (!lx_vocabulary_has(&used, terms->items[i].name))
            lx_diagnose(diagnostics, LX_WARNING, terms->items[i].place, NULL, "no row has the %s '%s', declared here",
                        subject == LX_OPTIONS ? "option" : "workload", terms->items[i].name);
    lx_vocabulary_free(&used);
    return error;
}

int lx_lint_policy(const struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    size_t first = diagnostics->count;
    int error = 0;

    for (size_t i = 0; i < file->role_count && !error; i++)
        error = lint_role(&file->roles[i], diagnostics);
    if (!error)
        error = lint_terms(file, LX_OPTIONS, diagnostics);
    if (!error)
        error = lint_terms(file, LX_WORKLOADS, diagnostics);
    lx_diagnostics_sort(diagnostics, first);
    return error || diagnostics->out_of_memory ? -ENOMEM : 0;
}
