/* SPDX-License-Identifier: GPL-2.0-only */
/* Passwords are kept as hashes, and checking them takes no more than its share of the time. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "user/core/report/credentials.h"

/* "right:horse" and "pass", as openssl passwd, mkpasswd and htpasswd make them. */
#define PROM "prom:" SHA_OF_HORSE
#define SHA_OF_HORSE                                                                                                   \
    "$6$rounds=1000$lyncxdpsalt$jsYXPp7xq0mwPHsaq1fqNYFVAUtlmgbeQneMDhmtALGAlpdQ/QYnF27/"                              \
    "U2c0KGT0ebQJOwkb2wuVlc9sbNmqY0"
#define YESCRYPT_OF_PASS "$y$j75$lyncxdpsalt.........$jxQzSdOzSWNumYdeWT/65o5.Pj06MIGFVA7GGZWCFb1"
#define BCRYPT_OF_PASS "$2y$04$lyncxdpsaltlyncxdpsale4R9pPQ00pMHI3lYttAzzFXKvbmnAxPm"
#define SECOND UINT64_C(1000000000)

static struct lx_credentials credentials;

static void forget(void)
{
    lx_credentials_free(&credentials);
}

static void know(void)
{
    cr_assert_eq(lx_credentials_add(&credentials, PROM), 0);
    cr_assert_eq(lx_credentials_add(&credentials, "other:" YESCRYPT_OF_PASS), 0);
    cr_assert_eq(lx_credentials_add(&credentials, "third:" BCRYPT_OF_PASS), 0);
}

Test(credentials, a_password_is_right_for_its_name_alone, .init = know, .fini = forget)
{
    cr_assert(lx_credentials_check(&credentials, "prom", "right:horse"));
    cr_assert(lx_credentials_check(&credentials, "other", "pass"));
    cr_assert(lx_credentials_check(&credentials, "third", "pass"));
    cr_assert(!lx_credentials_check(&credentials, "prom", "pass"));
    cr_assert(!lx_credentials_check(&credentials, "other", "right:horse"));
    cr_assert(!lx_credentials_check(&credentials, "prom", "right"));
    cr_assert(!lx_credentials_check(&credentials, "prom", ""));
    cr_assert(!lx_credentials_check(&credentials, "pro", "right:horse"));
    cr_assert(!lx_credentials_check(&credentials, "", "right:horse"));
}

Test(credentials, the_hash_is_no_password, .init = know, .fini = forget)
{
    cr_assert(!lx_credentials_check(&credentials, "prom", SHA_OF_HORSE));
    cr_assert(!lx_credentials_check(&credentials, "other", YESCRYPT_OF_PASS));
}

Test(credentials, only_what_was_right_is_known_again, .init = know, .fini = forget)
{
    cr_assert(!lx_credentials_recall(&credentials, "prom", "right:horse"));
    cr_assert(!lx_credentials_check(&credentials, "prom", "wrong"));
    cr_assert(!lx_credentials_recall(&credentials, "prom", "wrong"));
    cr_assert(lx_credentials_check(&credentials, "prom", "right:horse"));
    cr_assert(lx_credentials_recall(&credentials, "prom", "right:horse"));
    cr_assert(!lx_credentials_recall(&credentials, "prom", "right:hors"));
    cr_assert(!lx_credentials_recall(&credentials, "prom", "right:horsf"));
    cr_assert(!lx_credentials_recall(&credentials, "prom", "right:horseright:horse"));
    cr_assert(!lx_credentials_recall(&credentials, "other", "right:horse"));
    cr_assert(!lx_credentials_check(&credentials, "prom", "wrong"));
    cr_assert(lx_credentials_recall(&credentials, "prom", "right:horse"), "a wrong one in between changes nothing");
}

Test(credentials, a_password_in_plain_text_is_refused, .fini = forget)
{
    static const char *const plain[] = {
        "prom:pass",
        "prom:ab",
        "prom:abJnggxhB/yWI", /* the oldest method of all, 8 letters */
        "prom:$ecret",
        "prom:$5$lyncxdpsalt$0xQdyVm4YbWqhwtH2nNxccF93.JUStgKbXUJu356sS4",
        "prom:$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0",
        "prom:{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ=",
        "prom:$apr1$saltsalt$6UOlVXhLQVQ8ujHLFfuf7/",
    };

    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        cr_assert_eq(lx_credentials_add(&credentials, plain[i]), -ENOTSUP, "%s", plain[i]);
    cr_assert_eq(lx_credentials_add(&credentials, SHA_OF_HORSE), -EINVAL);
    cr_assert_eq(lx_credentials_add(&credentials, ":" SHA_OF_HORSE), -EINVAL);
    cr_assert_eq(lx_credentials_add(&credentials, "prom:"), -EINVAL);
    cr_assert_eq(credentials.count, 0);
    cr_assert(!lx_credentials_check(&credentials, "prom", "pass"), "nobody is known");
}

Test(credentials, a_hash_that_was_cut_off_is_told_of)
{
    char cut[] = SHA_OF_HORSE;

    cr_assert(lx_password_hash_whole(cut));
    cr_assert(lx_password_hash_whole(YESCRYPT_OF_PASS));
    cr_assert(lx_password_hash_whole(BCRYPT_OF_PASS));
    cut[strlen(cut) - 1] = '\0';
    cr_assert(!lx_password_hash_whole(cut));
}

Test(time_budget, it_is_a_second_at_once_and_a_quarter_of_the_time)
{
    struct lx_time_budget budget = {0};
    uint64_t now = 1000 * SECOND;

    for (int i = 0; i < 10; i++) {
        cr_assert(lx_time_budget_allows(&budget, now));
        lx_time_budget_spend(&budget, SECOND / 10);
    }
    cr_assert(!lx_time_budget_allows(&budget, now));
    cr_assert(lx_time_budget_allows(&budget, now + SECOND / 10));
    lx_time_budget_spend(&budget, SECOND);
    cr_assert(!lx_time_budget_allows(&budget, now + 4 * SECOND));
    cr_assert(lx_time_budget_allows(&budget, now + 5 * SECOND));
}

Test(time_budget, looking_often_gives_no_more)
{
    struct lx_time_budget budget = {0};
    uint64_t now = SECOND, spent = 0;

    for (; now < 101 * SECOND; now += SECOND / 100)
        if (lx_time_budget_allows(&budget, now)) {
            lx_time_budget_spend(&budget, SECOND / 10);
            spent += SECOND / 10;
        }
    cr_assert_leq(spent, 27 * SECOND);
    cr_assert_geq(spent, 25 * SECOND);
}
