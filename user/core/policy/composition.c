/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row of a set becomes a row of every role that includes the set: it takes the role's name into its id, because
 * counters are named after ids and `self` is the role. Rows of an included role stay that role's.
 */
#include "composition.h"

#include <stdlib.h>
#include <string.h>

#include "role_includes.h"
#include "row_copy.h"

/* Works on one role after the other. */
struct composer {
    struct lx_policy_draft *policy;
    struct lx_reader *reader;       /* that remembers when memory runs out */
    size_t *roles_seen, *sets_seen; /* by role and set: the last role that included it, plus 1 */
    const struct lx_edge **origins; /* by row of the role: where a set brought it from, or NULL */
    size_t row_count;               /* of all roles and sets */
    bool full;                      /* there is no room for more rows, which has been said */
};

/* Gives a copied row its role, and an id that says so. */
static void place_in_role(struct composer *composer, const struct lx_edge *edge, const char *role, struct lx_row *row)
{
    char id[sizeof(((struct lx_row_label *)0)->id)], *name = row->id;

    row->role = lx_reader_copy(composer->reader, role);
    if (!name)
        return;
    if (snprintf(id, sizeof(id), "%s/%s", role, name) >= (int)sizeof(id))
        lx_mistake(&edge->unit->reader, edge->node,
                   "the id %s, which this makes, is longer than %zu letters; write shorter names", lx_show(id).text,
                   sizeof(id) - 1);
    row->id = lx_reader_copy(composer->reader, id);
    free(name);
}

/* Copies the rows of a set to the end of the role's. */
static void take_set(struct composer *composer, const struct lx_edge *edge, const struct lx_row_set *set,
                     struct lx_role *role)
{
    struct lx_row *rows;

    if (!set->row_count || composer->full)
        return;
    if (set->row_count > LX_FILE_ROWS - composer->row_count) {
        lx_mistake(&edge->unit->reader, edge->node, "more than %d rows, with those that sets bring; use fewer sets",
                   LX_FILE_ROWS);
        composer->full = true;
        return;
    }
    rows = reallocarray(role->rows, role->row_count + set->row_count, sizeof(*rows));
    if (!rows) {
        composer->reader->out_of_memory = true;
        return;
    }
    role->rows = rows;
    for (size_t i = 0; i < set->row_count; i++) {
        struct lx_row *row = &rows[role->row_count];

        if (lx_row_copy(&set->rows[i], row)) {
            composer->reader->out_of_memory = true;
            return;
        }
        row->place = set->rows[i].place;
        place_in_role(composer, edge, role->name ? role->name : "?", row);
        composer->origins[role->row_count++] = edge;
        composer->row_count++;
    }
}

/* Follows the edges of a role; what is named twice comes along once. */
static void take_includes(struct composer *composer, size_t index)
{
    struct lx_policy_draft *policy = composer->policy;
    struct lx_role *role = &policy->file.roles[index];
    size_t first = policy->drafts[index].first_edge, count = 0;

    for (size_t i = first; i != LX_NO_EDGE; i = policy->edges[i].next)
        count++;
    role->includes = lx_reader_room(composer->reader, count, sizeof(struct lx_role *));
    for (size_t i = first; role->includes && i != LX_NO_EDGE; i = policy->edges[i].next) {
        const struct lx_named *target = lx_edge_target(policy, &policy->edges[i]);
        bool set = target && (target->index & LX_NAME_OF_SET);
        size_t which = target ? target->index & ~LX_NAME_OF_SET : 0;
        size_t *seen = set ? &composer->sets_seen[which] : &composer->roles_seen[which];

        if (!target || *seen == index + 1)
            continue;
        *seen = index + 1;
        if (set)
            take_set(composer, &policy->edges[i], &policy->sets[which], role);
        else
            role->includes[role->include_count++] = &policy->file.roles[which];
    }
}

/* By id, and equal ids in the order of the rows. */
static int compare_rows(const void *left, const void *right)
{
    const struct lx_row *a = *(const struct lx_row *const *)left, *b = *(const struct lx_row *const *)right;
    int order = strcmp(a->id, b->id);

    return order ? order : a < b ? -1 : a > b;
}

static const struct lx_reader *reader_of(const struct lx_policy_draft *policy, const char *file)
{
    for (size_t i = 0; i < policy->unit_count; i++)
        if (policy->units[i]->name == file)
            return &policy->units[i]->reader;
    return NULL;
}

/* Two rows of a role have one id. Those of one list, or of one set, have been distinguished when it was read. */
static void refuse_id(struct composer *composer, const struct lx_role *role, const struct lx_row *first,
                      const struct lx_row *row)
{
    const struct lx_edge *edge = composer->origins[row - role->rows];
    const struct lx_reader *reader = reader_of(composer->policy, row->place.file);

    if (edge && edge == composer->origins[first - role->rows])
        return;
    if (edge)
        lx_mistake(&edge->unit->reader, edge->node,
                   "the id %s, which this brings, is there already, from %s, line %u; give one of them another one",
                   lx_show(row->id).text, first->place.file, first->place.line);
    else if (reader && first->place.file != row->place.file)
        lx_text_mistake(&reader->text, composer->policy->diagnostics, row->place.line, row->place.column,
                        "the id %s is there already, in %s, line %u; give this row another one", lx_show(row->id).text,
                        first->place.file, first->place.line);
}

static void check_ids(struct composer *composer, const struct lx_role *role)
{
    const struct lx_row **rows = lx_reader_room(composer->reader, role->row_count, sizeof(*rows));
    size_t count = 0;

    for (size_t i = 0; rows && i < role->row_count; i++)
        if (role->rows[i].id)
            rows[count++] = &role->rows[i];
    if (count)
        qsort(rows, count, sizeof(*rows), compare_rows);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(rows[first]->id, rows[i]->id))
            first = i;
        else
            refuse_id(composer, role, rows[first], rows[i]);
    }
    free(rows);
}

/* Brings the rows of each side together, in the order in which the sides come first, so that lists can say the same. */
static void group_by_side(struct composer *composer, struct lx_role *role)
{
    struct lx_row *rows = lx_reader_room(composer->reader, role->row_count, sizeof(*rows));
    bool done[LX_SIDE_INTERNAL + 1] = {false};
    size_t count = 0;

    if (!rows)
        return;
    for (size_t i = 0; i < role->row_count; i++) {
        enum lx_side side = role->rows[i].side;

        for (size_t j = i; !done[side] && j < role->row_count; j++)
            if (role->rows[j].side == side)
                rows[count++] = role->rows[j];
        done[side] = true;
    }
    free(role->rows);
    role->rows = rows;
}

void lx_compose_roles(struct lx_policy_draft *policy)
{
    struct composer composer = {.policy = policy, .reader = &policy->units[0]->reader, .row_count = policy->rows_read};
    size_t roles = policy->file.role_count;

    composer.roles_seen = lx_reader_room(composer.reader, roles, sizeof(*composer.roles_seen));
    composer.sets_seen = lx_reader_room(composer.reader, policy->set_count + 1, sizeof(*composer.sets_seen));
    composer.origins = lx_reader_room(composer.reader, LX_FILE_ROWS, sizeof(*composer.origins));
    if (composer.roles_seen && composer.sets_seen && composer.origins) {
        for (size_t i = 0; i < roles; i++) {
            struct lx_role *role = &policy->file.roles[i];

            take_includes(&composer, i);
            check_ids(&composer, role);
            memset(composer.origins, 0, role->row_count * sizeof(*composer.origins));
            group_by_side(&composer, role);
        }
    }
    free(composer.roles_seen);
    free(composer.sets_seen);
    free(composer.origins);
}
