/* SPDX-License-Identifier: GPL-2.0-only */
/* A growing list of what is wrong, with an end: a hostile file makes neither the list nor the time grow without bound.
 */
#include "diagnostic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lx_diagnostics_full(const struct lx_diagnostics *diagnostics)
{
    return diagnostics->count > LX_DIAGNOSTICS_LIMIT;
}

/* Fills `diagnostic` with copies. Returns false when memory ran out, and then owns nothing. */
static bool copy_texts(struct lx_diagnostic *diagnostic, const char *file, const char *excerpt, const char *format,
                       va_list arguments)
{
    bool copied = vasprintf(&diagnostic->message, format, arguments) >= 0;

    if (!copied)
        diagnostic->message = NULL;
    if (file)
        copied = (diagnostic->file = strdup(file)) && copied;
    if (excerpt)
        copied = (diagnostic->excerpt = strdup(excerpt)) && copied;
    if (!copied) {
        free(diagnostic->message);
        free(diagnostic->file);
        free(diagnostic->excerpt);
    }
    return copied;
}

static void append(struct lx_diagnostics *diagnostics, enum lx_severity severity, struct lx_place place,
                   const char *excerpt, const char *format, va_list arguments)
{
    struct lx_diagnostic added = {.severity = severity, .line = place.line, .column = place.column};
    struct lx_diagnostic *items = reallocarray(diagnostics->items, diagnostics->count + 1, sizeof(*items));

    if (items)
        diagnostics->items = items;
    if (!items || !copy_texts(&added, place.file, excerpt, format, arguments)) {
        diagnostics->out_of_memory = true;
        return;
    }
    items[diagnostics->count++] = added;
}

static void append_last(struct lx_diagnostics *diagnostics, enum lx_severity severity, struct lx_place place,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

static void append_last(struct lx_diagnostics *diagnostics, enum lx_severity severity, struct lx_place place,
                        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    append(diagnostics, severity, place, NULL, format, arguments);
    va_end(arguments);
}

void lx_vdiagnose(struct lx_diagnostics *diagnostics, enum lx_severity severity, struct lx_place place,
                  const char *excerpt, const char *format, va_list arguments)
{
    struct lx_place nowhere = {.file = place.file};

    if (severity == LX_ERROR)
        diagnostics->errors++;
    if (diagnostics->count < LX_DIAGNOSTICS_LIMIT)
        append(diagnostics, severity, place, excerpt, format, arguments);
    else if (diagnostics->count == LX_DIAGNOSTICS_LIMIT)
        append_last(diagnostics, severity, nowhere,
                    "more than %d mistakes; correct these first, the others follow then", LX_DIAGNOSTICS_LIMIT);
}

void lx_diagnose(struct lx_diagnostics *diagnostics, enum lx_severity severity, struct lx_place place,
                 const char *excerpt, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    lx_vdiagnose(diagnostics, severity, place, excerpt, format, arguments);
    va_end(arguments);
}

/* By file and place; what has no line goes to the end. Equal places keep one order whatever the sort does. */
static int compare(const void *left, const void *right)
{
    const struct lx_diagnostic *a = left, *b = right;
    unsigned a_line = a->line - 1, b_line = b->line - 1; /* line 0 wraps to the largest */
    int files = strcmp(a->file ? a->file : "", b->file ? b->file : "");

    if (files)
        return files;
    if (a_line != b_line)
        return a_line < b_line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return strcmp(a->message, b->message);
}

void lx_diagnostics_sort(struct lx_diagnostics *diagnostics, size_t first)
{
    if (first < diagnostics->count)
        qsort(diagnostics->items + first, diagnostics->count - first, sizeof(*diagnostics->items), compare);
}

void lx_diagnostics_free(struct lx_diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        free(diagnostics->items[i].file);
        free(diagnostics->items[i].message);
        free(diagnostics->items[i].excerpt);
    }
    free(diagnostics->items);
    *diagnostics = (struct lx_diagnostics){0};
}
