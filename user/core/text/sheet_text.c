/* SPDX-License-Identifier: GPL-2.0-only */
#include "sheet_text.h"

#include <stdbool.h>
#include <string.h>

#include "foreign.h"

void lx_csv_put(const char *text, FILE *stream)
{
    bool formula = *text && strchr("=+-@", *text);
    bool quoted = strpbrk(text, ",\";") || *text == ' ' || (*text && text[strlen(text) - 1] == ' ');
    size_t left = strlen(text);

    if (quoted)
        putc('"', stream);
    if (formula)
        putc('\'', stream);
    while (left) {
        struct lx_foreign_piece piece = lx_foreign_next(&text, &left, "");

        fputs(*piece.text == '"' ? "\"\"" : piece.text, stream);
    }
    if (quoted)
        putc('"', stream);
}

void lx_markdown_put(const char *text, FILE *stream)
{
    size_t left = strlen(text);

    while (left) {
        struct lx_foreign_piece piece = lx_foreign_next(&text, &left, "");

        if (strchr("\\|`*_<>[]~&", *piece.text))
            putc('\\', stream);
        fputs(piece.text, stream);
    }
}
