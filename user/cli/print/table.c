/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables through libsmartcols, which knows the width of terminals and of characters. */
#include "table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

/* Whether the words of a column's cells stand below each other. */
static bool in_lines(const struct lx_column *column)
{
    return column->list && isatty(STDOUT_FILENO);
}

/* The words of an array, joined. Caller frees; NULL when out of memory. */
static char *join(const json_t *words, const char *separator)
{
    char *text = NULL;
    size_t length = 0, count = json_array_size(words);
    FILE *stream = open_memstream(&text, &length);

    if (!stream)
        return NULL;
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%s", i ? separator : "", json_string_value(json_array_get(words, i)) ?: "");
    if (!count)
        putc('-', stream);
    if (fclose(stream)) {
        free(text);
        return NULL;
    }
    return text;
}

/* What a cell shows. Caller frees; NULL when out of memory. */
static char *cell(const json_t *value, bool lines)
{
    char *text = NULL;

    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return strdup(json_string_value(value));
    case JSON_INTEGER:
        return asprintf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) < 0 ? NULL : text;
    case JSON_TRUE:
        return strdup("yes");
    case JSON_FALSE:
        return strdup("no");
    case JSON_ARRAY:
        return join(value, lines ? "\n" : ",");
    default:
        return strdup("-");
    }
}

static int add_column(struct libscols_table *table, const struct lx_column *column)
{
    bool lines = in_lines(column);
    int flags = (column->number ? SCOLS_FL_RIGHT : 0) | (lines ? SCOLS_FL_WRAP : 0);
    struct libscols_column *added = scols_table_new_column(table, column->title, 0, flags);

    if (!added)
        return -1;
    if (!lines)
        return 0;
    return scols_column_set_safechars(added, "\n") ||
           scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
}

static int add_columns(struct libscols_table *table, const struct lx_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (add_column(table, &columns[i]))
            return -1;
    return 0;
}

static int add_line(struct libscols_table *table, const json_t *row, const struct lx_column *columns, size_t count)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    if (!line)
        return -1;
    for (size_t i = 0; i < count; i++) {
        char *text = cell(json_object_get(row, columns[i].member), in_lines(&columns[i]));
        int error = text ? scols_line_set_data(line, i, text) : -1;

        free(text);
        if (error)
            return -1;
    }
    return 0;
}

int lx_print_table(const json_t *rows, const struct lx_column *columns, size_t count)
{
    struct libscols_table *table = scols_new_table();
    int error = -1;

    if (!table || add_columns(table, columns, count))
        goto out;
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (add_line(table, json_array_get(rows, i), columns, count))
            goto out;
    error = scols_print_table(table);
out:
    scols_unref_table(table);
    return error ? lx_memory_error() : LX_EXIT_DONE;
}
