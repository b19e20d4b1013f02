/* SPDX-License-Identifier: GPL-2.0-only */
/* Cells of a sheet are read by other programs as what they are, whatever a site's names hold. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "user/core/text/sheet_text.h"

static void written_as(void (*put)(const char *, FILE *), const char *text, const char *expected)
{
    char *written = NULL;
    size_t size;
    FILE *stream = open_memstream(&written, &size);

    cr_assert_not_null(stream);
    put(text, stream);
    fclose(stream);
    cr_expect_str_eq(written, expected, "%s became %s", text, written);
    free(written);
}

Test(sheet, a_plain_cell_stays_as_it_is)
{
    written_as(lx_csv_put, "", "");
    written_as(lx_csv_put, "50000-59999", "50000-59999");
    written_as(lx_csv_put, "Köln (Edge)", "Köln (Edge)");
    written_as(lx_markdown_put, "SIP (TLS): external clients sign in", "SIP (TLS): external clients sign in");
}

Test(sheet, a_separator_or_a_quote_is_quoted)
{
    written_as(lx_csv_put, "pool (192.0.2.1, 192.0.2.2)", "\"pool (192.0.2.1, 192.0.2.2)\"");
    written_as(lx_csv_put, "says \"no\"", "\"says \"\"no\"\"\"");
    written_as(lx_csv_put, "a;b", "\"a;b\""); /* what separates cells where the comma separates decimals */
    written_as(lx_csv_put, " a", "\" a\"");
    written_as(lx_csv_put, "a ", "\"a \"");
}

Test(sheet, no_cell_is_a_formula)
{
    written_as(lx_csv_put, "=HYPERLINK(1)", "'=HYPERLINK(1)");
    written_as(lx_csv_put, "+1", "'+1");
    written_as(lx_csv_put, "-1", "'-1");
    written_as(lx_csv_put, "@SUM(A1,B1)", "\"'@SUM(A1,B1)\"");
    written_as(lx_csv_put, "1-2=3", "1-2=3");
}

Test(sheet, what_would_end_a_line_is_spelled_out)
{
    written_as(lx_csv_put, "a\r\nb", "a\\x0d\\x0ab");
    written_as(lx_csv_put, "\t=1", "\\x09=1");
    written_as(lx_markdown_put, "a\nb", "a\\\\x0ab");
    written_as(lx_csv_put, "\033[31m", "\\x1b[31m");
}

Test(sheet, what_markdown_would_read_is_escaped)
{
    written_as(lx_markdown_put, "a|b", "a\\|b");
    written_as(lx_markdown_put, "a\\|b", "a\\\\\\|b");
    written_as(lx_markdown_put, "<script> *x* _y_ `z` [w](v) &amp; ~~u~~",
               "\\<script\\> \\*x\\* \\_y\\_ \\`z\\` \\[w\\](v) \\&amp; \\~\\~u\\~\\~");
}
