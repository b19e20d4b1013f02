/* SPDX-License-Identifier: GPL-2.0-only */
/* By which names a server may be asked. */
#include <criterion/criterion.h>

#include "user/core/report/host_header.h"

static char *told[] = {"localhost", "gateway", "metrics.example.org", "192.0.2.10", "2001:db8::1"};
static const struct lx_words names = {.items = told, .count = sizeof(told) / sizeof(*told)};

static bool known(const char *header)
{
    return lx_host_header_known(header, &names, NULL);
}

Test(host_header, names_that_were_told_are_known)
{
    cr_assert(known("localhost"));
    cr_assert(known("localhost:9750"));
    cr_assert(known("LocalHost.:9750"));
    cr_assert(known("metrics.example.org"));
    cr_assert(known("192.0.2.10:9750"));
    cr_assert(known("[2001:db8:0::1]:9750"));
}

Test(host_header, other_names_are_not)
{
    static const char *const others[] = {"",
                                         ":9750",
                                         "evil.example",
                                         "gateway.evil.example",
                                         "localhost.evil.example",
                                         "192.0.2.11",
                                         "[2001:db8::2]",
                                         "[2001:db8::1",
                                         "192.0.2.10.evil.example",
                                         "localhos",
                                         "192.0.2.0/24"};

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        cr_assert(!known(others[i]), "%s", others[i]);
}

Test(host_header, the_address_that_was_asked_is_known)
{
    struct lx_prefix own;
    const char *problem;

    cr_assert(!lx_prefix_parse("203.0.113.5", &own, &problem));
    cr_assert(lx_host_header_known("203.0.113.5:9750", &names, &own.address));
    cr_assert(!lx_host_header_known("203.0.113.6:9750", &names, &own.address));
}

Test(host_header, a_name_without_end_is_not_known)
{
    char longest[1000];

    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    cr_assert(!known(longest));
}
