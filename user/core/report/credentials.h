/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may ask, and how they prove it: names, each with a password's hash as crypt(5) has them. Such a hash is slow to
 * check on purpose, and anybody may send a wrong password: so a password that was right is known again without it, and
 * checking has a budget of time.
 */
#ifndef LYNCXDP_CORE_CREDENTIALS_H
#define LYNCXDP_CORE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lx_credential {
    char *name, *hash; /* owned; one block, the name's */
    char *right;       /* owned; the password that was right the last time, NULL before the first */
};

struct lx_credentials {
    struct lx_credential *items;
    size_t count;
};

/*
 * Takes a line NAME:HASH. Returns 0, -ENOMEM, -EINVAL when it is no such line, or -ENOTSUP when what should be a hash
 * is none that is good enough: a password, or a method that is broken. Checks nothing yet.
 */
int lx_credentials_add(struct lx_credentials *credentials, const char *line);

/* Whether a hash is whole. Takes as long as one check of a password. */
bool lx_password_hash_whole(const char *hash);

/* Whether this is the password that was right for this name the last time. Quick. */
bool lx_credentials_recall(const struct lx_credentials *credentials, const char *name, const char *password);

/* Whether it is right by its hash. Slow, for a name that nobody has as well. */
bool lx_credentials_check(struct lx_credentials *credentials, const char *name, const char *password);

void lx_credentials_free(struct lx_credentials *credentials);

/* Time that may be spent: a second at once, and a quarter of what passes. Zeroed, it has been saved up. */
struct lx_time_budget {
    uint64_t spent; /* nanoseconds that are not made up for yet */
    uint64_t at;    /* nanoseconds: when that was so */
};

/* Whether anything may be spent now. */
bool lx_time_budget_allows(struct lx_time_budget *budget, uint64_t now);

void lx_time_budget_spend(struct lx_time_budget *budget, uint64_t nanoseconds);

#endif
