/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of text that others have written before it is shown. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/report/report_json.h"
#include "user/core/text/foreign.h"

static void shown_as(const char *text, const char *expected)
{
    char *shown = lx_foreign_text(text);

    cr_assert(shown);
    cr_expect_str_eq(shown, expected);
    free(shown);
}

Test(foreign, ordinary_names_stay_as_they_are)
{
    shown_as("", "");
    shown_as("eth0.100", "eth0.100");
    shown_as("a\"b\\c", "a\"b\\c");
    shown_as("Köln-\u4e2d", "Köln-\u4e2d");
}

Test(foreign, what_a_terminal_would_obey_is_spelled_out)
{
    shown_as("a\033[31mb", "a\\x1b[31mb");
    shown_as("a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd");
    shown_as("\302\233m", "\\xc2\\x9bm"); /* U+009B begins a command as well */
    shown_as("\177", "\\x7f");
}

Test(foreign, what_is_not_utf8_is_spelled_out)
{
    shown_as("\377\376", "\\xff\\xfe");
    shown_as("a\303", "a\\xc3");
}

Test(foreign, two_names_never_look_alike)
{
    shown_as("a\\x1b", "a\\x5cx1b");
}

Test(foreign, what_a_sentence_lays_out_stays)
{
    const char *text = "one\n\ttwo\033";
    char *written = NULL;
    size_t size;
    FILE *stream = open_memstream(&written, &size);

    lx_foreign_put(text, strlen(text), "\n\t", stream);
    cr_assert_eq(fclose(stream), 0);
    cr_expect_str_eq(written, "one\n\ttwo\\x1b");
    free(written);
}

Test(foreign, json_tells_names_apart_that_are_not_utf8)
{
    json_t *one = lx_json_text("a\377"), *other = lx_json_text("a\376");

    cr_expect_str_eq(json_string_value(one), "a\\xff");
    cr_expect_str_neq(json_string_value(one), json_string_value(other));
    json_decref(one);
    json_decref(other);
}
