/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a must-fail file is expected to be told: each mistake at its line and column, with words that name the cause,
 * in the order of the lines, and nothing else.
 */
#ifndef LYNCXDP_TESTS_UNIT_MISTAKES_H
#define LYNCXDP_TESTS_UNIT_MISTAKES_H

#include <criterion/criterion.h>
#include <string.h>

#include "user/core/text/diagnostic.h"

struct lx_expected {
    unsigned line, column;
    const char *words; /* in the message */
};

static inline void lx_expect_mistakes(const struct lx_diagnostics *diagnostics, const struct lx_expected *expected,
                                      size_t count)
{
    for (size_t i = 0; i < diagnostics->count && i < count; i++) {
        const struct lx_diagnostic *found = &diagnostics->items[i];

        cr_assert(found->line == expected[i].line && found->column == expected[i].column &&
                      strstr(found->message, expected[i].words),
                  "expected %u:%u: …%s…, got %u:%u: %s", expected[i].line, expected[i].column, expected[i].words,
                  found->line, found->column, found->message);
        cr_expect(found->severity == LX_ERROR);
        cr_expect_not_null(found->excerpt, "%u:%u has no excerpt", found->line, found->column);
        cr_expect_null(strchr(found->message, '\n'));
    }
    cr_assert_eq(diagnostics->count, count, "expected %zu mistakes, got %zu", count, diagnostics->count);
    cr_expect_eq(diagnostics->errors, count);
}

#endif
