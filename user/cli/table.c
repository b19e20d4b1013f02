/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables through libsmartcols, which knows the width of terminals and of characters. */
#include "table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

/* The words of an array, joined. Caller frees; NULL when out of memory. */
static char *join(const json_t *words)
{
    char *text = NULL;
    size_t length = 0, count = json_array_size(words);
    FILE *stream = open_memstream(&text, &length);

    if (!stream)
        return NULL;
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%s", i ? "," : "", json_string_value(json_array_get(words, i)) ?: "");
    if (!count)
        putc('-', stream);
    if (fclose(stream)) {
        free(text);
        return NULL;
    }
    return text;
}

/* What a cell shows. Caller frees; NULL when out of memory. */
static char *cell(const json_t *value)
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
        return join(value);
    default:
        return strdup("-");
    }
}

static int add_columns(struct libscols_table *table, const struct lx_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int flags = (columns[i].number ? SCOLS_FL_RIGHT : 0) | (columns[i].wrap ? SCOLS_FL_WRAP : 0);

        if (!scols_table_new_column(table, columns[i].title, columns[i].wrap ? 0.3 : 0, flags))
            return -1;
    }
    return 0;
}

static int add_line(struct libscols_table *table, const json_t *row, const struct lx_column *columns, size_t count)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    if (!line)
        return -1;
    for (size_t i = 0; i < count; i++) {
        char *text = cell(json_object_get(row, columns[i].member));
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
