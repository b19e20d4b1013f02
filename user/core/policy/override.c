/* SPDX-License-Identifier: GPL-2.0-only */
/* Which overrides are about a row, and what becomes of it. Every key is a line of a table. */
#include "override.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "row_copy.h"

const char *const lx_override_key_names[LX_OVERRIDE_KEYS] = {
    [LX_OVERRIDE_FROM] = "from",
    [LX_OVERRIDE_TO] = "to",
    [LX_OVERRIDE_PORT] = "port",
    [LX_OVERRIDE_EXCEPT_PORT] = "except-port",
    [LX_OVERRIDE_SOURCE_PORT] = "source-port",
    [LX_OVERRIDE_EXCEPT_SOURCE_PORT] = "except-source-port",
    [LX_OVERRIDE_CLOSED] = "closed",
};

/* --- Which rows are meant ------------------------------------------------------------------------------------------
 */

/* Goes back to the last star alone, so that no pattern takes long. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

/* A row that only needs a port to open something: a site knows what the table leaves to it. */
static bool lacks_port(const struct lx_row *row)
{
    return row->unresolved && row->transports && !lx_row_is_portless(row) && lx_ports_any(&row->destination_ports);
}

/* A star is in the last part alone, and so must be what it stands for. */
bool lx_override_matches(const struct lx_override *override, const struct lx_row *row)
{
    const char *last = strrchr(override->pattern, '/') + 1, *of_row = strrchr(row->id, '/');
    size_t length = (size_t)(last - override->pattern);

    if (row->unresolved && !lacks_port(row) && strchr(last, '*'))
        return false;
    return of_row && (size_t)(of_row + 1 - row->id) == length && !strncmp(override->pattern, row->id, length) &&
           matches(last, of_row + 1);
}

bool lx_override_find(const struct lx_overrides *overrides, const struct lx_row *row, struct lx_overriding *overriding,
                      lx_override_twice *twice, void *context)
{
    bool any = false;

    *overriding = (struct lx_overriding){{NULL}};
    for (size_t i = 0; i < overrides->count; i++) {
        const struct lx_override *override = &overrides->items[i];

        if (!lx_override_matches(override, row))
            continue;
        for (int key = 0; key < LX_OVERRIDE_KEYS; key++) {
            const struct lx_override *first = overriding->by[key];

            if (!override->places[key].line)
                continue;
            any = true;
            if (!first || (first->included && !override->included))
                overriding->by[key] = override;
            else if (twice && first->included == override->included)
                twice(context, (enum lx_override_key)key, first, override);
        }
    }
    return any;
}

/* --- What becomes of a row -----------------------------------------------------------------------------------------
 */

/* The end of a row that a key is about, of a row that may be changed. */
static struct lx_endpoint *end_of(struct lx_row *row, enum lx_override_key key)
{
    return key == LX_OVERRIDE_FROM ? &row->from : &row->to;
}

static const char *end_problem(const struct lx_overriding *overriding, enum lx_override_key key,
                               const struct lx_row *row)
{
    (void)overriding;
    if (end_of((struct lx_row *)row, key)->kind != LX_ENDPOINT_SELF)
        return NULL;
    return key == LX_OVERRIDE_FROM ? "is sent by the role itself; write to: for the far end, or give the role's own "
                                     "addresses under self:"
                                   : "is received by the role itself; write from: for the far end, or give the role's "
                                     "own addresses under self:";
}

static const char *port_problem(const struct lx_overriding *overriding, enum lx_override_key key,
                                const struct lx_row *row)
{
    (void)overriding;
    (void)key;
    if (lx_row_is_portless(row))
        return "is about a protocol without ports";
    return row->unresolved && !lacks_port(row) ? "opens nothing as it is printed; write a row of your own under rows:"
                                               : NULL;
}

/* What is carved out of the ports that the key before this one gives, or else those that are printed. */
static int carve(const struct lx_overriding *overriding, enum lx_override_key key, const struct lx_row *row,
                 struct lx_ports *left)
{
    const struct lx_override *moved = overriding->by[key - 1];
    const struct lx_ports *printed = key == LX_OVERRIDE_EXCEPT_PORT ? &row->destination_ports : &row->source_ports;

    return lx_ports_subtract(moved ? &moved->ports[key - 1] : printed, &overriding->by[key]->ports[key], left);
}

_Static_assert(LX_OVERRIDE_PORT + 1 == LX_OVERRIDE_EXCEPT_PORT &&
                   LX_OVERRIDE_SOURCE_PORT + 1 == LX_OVERRIDE_EXCEPT_SOURCE_PORT,
               "carve looks at the key before");

static const char *except_problem(const struct lx_overriding *overriding, enum lx_override_key key,
                                  const struct lx_row *row)
{
    struct lx_ports left;

    if (lx_row_is_portless(row) || (row->unresolved && !overriding->by[key - 1]))
        return port_problem(overriding, key, row) ?: "is printed without a port; give it one with port:";
    switch (carve(overriding, key, row, &left)) {
    case -ENOENT:
        return "has no port left then; write closed: true";
    case -E2BIG:
        return "has too many ranges of ports left then; take fewer out";
    default:
        return NULL;
    }
}

const char *lx_override_problem(const struct lx_overriding *overriding, enum lx_override_key key,
                                const struct lx_row *row)
{
    static const char *(*const problems[LX_OVERRIDE_KEYS])(const struct lx_overriding *, enum lx_override_key,
                                                           const struct lx_row *) = {
        [LX_OVERRIDE_FROM] = end_problem,         [LX_OVERRIDE_TO] = end_problem,
        [LX_OVERRIDE_PORT] = port_problem,        [LX_OVERRIDE_EXCEPT_PORT] = except_problem,
        [LX_OVERRIDE_SOURCE_PORT] = port_problem, [LX_OVERRIDE_EXCEPT_SOURCE_PORT] = except_problem,
    };

    return overriding->by[key] && problems[key] ? problems[key](overriding, key, row) : NULL;
}

/* A group without addresses is then reported at the line that names it. */
static int change_end(const struct lx_override *override, enum lx_override_key key, struct lx_row *row)
{
    struct lx_endpoint *end = end_of(row, key), copy = {0};

    if (lx_endpoint_copy(&override->ends[key], &copy)) {
        lx_endpoint_free(&copy);
        return -ENOMEM;
    }
    lx_endpoint_free(end);
    *end = copy;
    row->place = override->places[key];
    return 0;
}

static int change(const struct lx_overriding *overriding, enum lx_override_key key, const struct lx_row *row,
                  struct lx_row *changed)
{
    const struct lx_override *override = overriding->by[key];

    switch (key) {
    case LX_OVERRIDE_FROM:
    case LX_OVERRIDE_TO:
        return change_end(override, key, changed);
    case LX_OVERRIDE_PORT:
        changed->destination_ports = override->ports[key];
        changed->unresolved = false; /* the port was what was missing */
        return 0;
    case LX_OVERRIDE_SOURCE_PORT:
        changed->source_ports = override->ports[key];
        return 0;
    case LX_OVERRIDE_EXCEPT_PORT:
        return carve(overriding, key, row, &changed->destination_ports);
    case LX_OVERRIDE_EXCEPT_SOURCE_PORT:
        return carve(overriding, key, row, &changed->source_ports);
    case LX_OVERRIDE_CLOSED:
    default:
        changed->closed = override->closed;
        return 0;
    }
}

/* The next override behind one in its list, the site's own first, that gives a key; NULL at the end. */
static const struct lx_override *next_of(const struct lx_overriding *overriding, const struct lx_override *last)
{
    const struct lx_override *next = NULL;

    for (int key = 0; key < LX_OVERRIDE_KEYS; key++) {
        const struct lx_override *by = overriding->by[key];

        if (by && (!last || by > last) && (!next || by < next))
            next = by;
    }
    return next;
}

/* "site.yaml:12", of several lines "site.yaml:12, shared.yaml:5": the entries whose keys hold. NULL: out of memory. */
static char *name_lines(const struct lx_overriding *overriding)
{
    const struct lx_override *override = next_of(overriding, NULL);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool sound;

    if (!out)
        return NULL;
    for (const char *between = ""; override; between = ", ", override = next_of(overriding, override))
        fprintf(out, "%s%s:%u", between, override->place.file, override->place.line);
    sound = !ferror(out);
    if (!fclose(out) && sound)
        return text;
    free(text);
    return NULL;
}

int lx_override_apply(const struct lx_overriding *overriding, const struct lx_row *row, struct lx_row *changed)
{
    struct lx_row copy;
    int error = lx_row_copy(row, &copy);

    if (error)
        return error;
    copy.place = row->place;
    for (int key = 0; key < LX_OVERRIDE_KEYS && !error; key++)
        if (overriding->by[key] && !lx_override_problem(overriding, (enum lx_override_key)key, row))
            error = change(overriding, (enum lx_override_key)key, row, &copy);
    copy.override = error ? NULL : name_lines(overriding);
    if (!copy.override) {
        lx_row_free(&copy);
        return -ENOMEM;
    }
    *changed = copy;
    return 0;
}

void lx_overrides_free(struct lx_overrides *overrides)
{
    for (size_t i = 0; i < overrides->count; i++) {
        free(overrides->items[i].pattern);
        lx_endpoint_free(&overrides->items[i].ends[0]);
        lx_endpoint_free(&overrides->items[i].ends[1]);
    }
    free(overrides->items);
    *overrides = (struct lx_overrides){0};
}
