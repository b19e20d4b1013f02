/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows beside each other. A document may print a port twice, for two services or two peers, and its rows stand as they
 * are printed; a row that changes nothing and says nothing new is worth a word.
 */
#include "lint_rows.h"

#include <string.h>

#include "row_cover.h"

static bool same_text(const char *left, const char *right)
{
    return left && right ? !strcmp(left, right) : left == right;
}

/* True for a row that a document prints. The canonical form cites the line of a file where there is no document. */
static bool is_printed(const struct lx_row *row)
{
    const char *place = row->citation ? strchr(row->citation, ' ') : NULL;

    return place && strncmp(place, " line ", strlen(" line ")) != 0;
}

/* Two lines of documents, or a single one. */
static bool printed_apart(const struct lx_row *left, const struct lx_row *right)
{
    return is_printed(left) && is_printed(right) && (left == right || strcmp(left->citation, right->citation) != 0);
}

/* Two lines of documents that say different things about what they open. */
static bool stand_as_printed(const struct lx_row *left, const struct lx_row *right)
{
    return printed_apart(left, right) &&
           (!same_text(left->application, right->application) || !same_text(left->note, right->note));
}

/* A site's row without a role is in every role's policy, one with a role only there. */
static bool as_widespread(const struct lx_row *wide, const struct lx_row *narrow)
{
    return strncmp(narrow->id, "site/", strlen("site/")) != 0 || !wide->role || same_text(wide->role, narrow->role);
}

void lx_lint_covered(const struct lx_row *const *rows, size_t own, size_t count, struct lx_diagnostics *diagnostics)
{
    for (size_t i = 0; i < own && count <= LX_LINT_ROWS; i++) {
        for (size_t j = 0; j < count; j++) {
            if ((j >= i && j < own) || !lx_row_covers(rows[j], rows[i]) || !as_widespread(rows[j], rows[i]) ||
                stand_as_printed(rows[j], rows[i]))
                continue;
            lx_diagnose(diagnostics, LX_WARNING, rows[i]->place, NULL,
                        "the row %s opens nothing that %s, on line %u, does not; leave it out, or narrow the other",
                        rows[i]->id, rows[j]->id, rows[j]->place.line);
            break;
        }
    }
}

/* True when two ranges touch or overlap without one being in the other. */
static bool could_be_one(struct lx_port_range left, struct lx_port_range right)
{
    struct lx_port_range low = left.first <= right.first ? left : right,
                         high = left.first <= right.first ? right : left;

    return low.last + 1u >= high.first && high.last > low.last && low.first < high.first;
}

static void hint_at(const struct lx_row *row, const struct lx_row *other, struct lx_port_range left,
                    struct lx_port_range right, struct lx_diagnostics *diagnostics)
{
    unsigned first = left.first < right.first ? left.first : right.first;
    unsigned last = left.last > right.last ? left.last : right.last;

    if (row == other)
        lx_diagnose(diagnostics, LX_WARNING, row->place, NULL, "the ports of %s could be one range, %u-%u", row->id,
                    first, last);
    else
        lx_diagnose(diagnostics, LX_WARNING, row->place, NULL,
                    "the rows %s, on line %u, and %s differ in ports alone; they could be one row, with %u-%u",
                    other->id, other->place.line, row->id, first, last);
}

/* Says so once of a pair, whatever many ranges of it touch. */
static void hint_at_pair(const struct lx_row *row, const struct lx_row *other, struct lx_diagnostics *diagnostics)
{
    const struct lx_ports *left = &other->destination_ports, *right = &row->destination_ports;

    if (lx_row_is_portless(row))
        return;
    for (size_t i = 0; i < left->count; i++) {
        for (size_t j = row == other ? i + 1 : 0; j < right->count; j++) {
            if (could_be_one(left->ranges[i], right->ranges[j])) {
                hint_at(row, other, left->ranges[i], right->ranges[j], diagnostics);
                return;
            }
        }
    }
}

void lx_lint_adjacent(const struct lx_row *const *rows, size_t count, struct lx_diagnostics *diagnostics)
{
    for (size_t i = 0; i < count && count <= LX_LINT_ROWS; i++)
        for (size_t j = 0; j <= i; j++)
            if ((j == i || lx_rows_alike(rows[i], rows[j])) && !printed_apart(rows[i], rows[j]))
                hint_at_pair(rows[i], rows[j], diagnostics);
}

bool lx_row_opens_clients(const struct lx_row *row)
{
    static const struct lx_ports clients = {.count = 1, .ranges = {{1024, 65535}}};

    return row->to.kind == LX_ENDPOINT_SELF && row->side != LX_SIDE_INTERNAL && !row->unresolved &&
           lx_ports_cover(&row->destination_ports, &clients);
}
