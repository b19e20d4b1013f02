/* SPDX-License-Identifier: GPL-2.0-only */
#include "sheet.h"

#include <stdio.h>

#include "output.h"
#include "user/core/text/sheet_text.h"

static void put_csv(const char *text, size_t i)
{
    if (i)
        putchar(',');
    lx_csv_put(text, stdout);
}

static void put_markdown(const char *text, size_t i)
{
    fputs(i ? " | " : "| ", stdout);
    lx_markdown_put(text, stdout);
}

/* How a line's cells are written, what ends it, and what stands below the titles. */
static const struct form {
    void (*put)(const char *text, size_t i);
    const char *end, *rule;
} forms[] = {
    [LX_SHEET_CSV] = {put_csv, "\r\n", NULL},
    [LX_SHEET_MARKDOWN] = {put_markdown, " |\n", "|---"},
};

void lx_print_sheet(const json_t *rows, const struct lx_column *columns, size_t count, enum lx_sheet sheet)
{
    const struct form *form = &forms[sheet];

    for (size_t i = 0; i < count; i++)
        form->put(columns[i].title, i);
    fputs(form->end, stdout);
    for (size_t i = 0; form->rule && i < count; i++)
        fputs(i + 1 < count ? form->rule : "|---|\n", stdout);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        for (size_t j = 0; j < count; j++)
            form->put(json_string_value(json_object_get(json_array_get(rows, i), columns[j].member)) ?: "", j);
        fputs(form->end, stdout);
    }
}
