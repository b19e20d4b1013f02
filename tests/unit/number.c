/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of files and options: digits, within their bounds, and nothing else. */
#include <criterion/criterion.h>

#include "user/core/text/number.h"

Test(number, digits_within_the_bounds_are_a_number)
{
    uint32_t number = 7;

    cr_assert(lx_number_parse("0", 0, 10, &number) && number == 0);
    cr_assert(lx_number_parse("10", 0, 10, &number) && number == 10);
    cr_assert(lx_number_parse("0443", 1, 65535, &number) && number == 443);
    cr_assert(lx_number_parse("4294967295", 0, UINT32_MAX, &number) && number == UINT32_MAX);
}

Test(number, anything_else_is_none_and_leaves_the_output)
{
    static const char *const none[] = {"",   " 5",  "5 ", "+5", "-5",         "0x5",
                                       "5s", "1.5", "11", "0",  "4294967301", "18446744073709551621"};
    uint32_t number = 7;

    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        cr_expect_not(lx_number_parse(none[i], 1, 10, &number), "'%s'", none[i]);
        cr_expect_eq(number, 7, "'%s'", none[i]);
    }
    cr_expect_not(lx_number_parse("4294967296", 0, UINT32_MAX, &number));
}
