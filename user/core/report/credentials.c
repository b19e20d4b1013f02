/* SPDX-License-Identifier: GPL-2.0-only */
/* Compares in a time that gives nothing away of what was compared with. */
#include "credentials.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET 1000000000u /* nanoseconds at once */
#define SHARE 4            /* of the time that passes */

static void forget(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

/* Looks at every byte of `given`, whatever `kept` is. */
static bool same(const char *kept, const char *given)
{
    size_t size = strlen(kept) + 1;
    unsigned char difference = strlen(given) + 1 != size;

    for (size_t i = 0; given[i]; i++)
        difference |= (unsigned char)(given[i] ^ kept[i % size]);
    return !difference;
}

int lx_credentials_add(struct lx_credentials *credentials, const char *line)
{
    const char *colon = strchr(line, ':');
    struct lx_credential *grown;
    char *name;

    if (!colon || colon == line || !colon[1])
        return -EINVAL;
    /* Any two letters are a salt of the oldest method, so a password may pass for a hash of it. */
    if (colon[1] != '$' || crypt_checksalt(colon + 1) != CRYPT_SALT_OK)
        return -ENOTSUP;
    name = strdup(line);
    grown = name ? realloc(credentials->items, (credentials->count + 1) * sizeof(*grown)) : NULL;
    if (!grown) {
        free(name);
        return -ENOMEM;
    }
    credentials->items = grown;
    name[colon - line] = '\0';
    grown[credentials->count++] = (struct lx_credential){.name = name, .hash = name + (colon - line) + 1};
    return 0;
}

/* The hash of a password in the way of another hash. Returns whether it comes out the same; its length in `length`. */
static bool hashes_to(const char *password, const char *hash, size_t *length)
{
    struct crypt_data *data = calloc(1, sizeof(*data));
    const char *made = data ? crypt_r(password, hash, data) : NULL;
    bool equal = made && *made != '*' && same(made, hash);

    *length = made && *made != '*' ? strlen(made) : 0;
    if (data)
        explicit_bzero(data, sizeof(*data));
    free(data);
    return equal;
}

bool lx_password_hash_whole(const char *hash)
{
    size_t length;

    hashes_to("", hash, &length);
    return length == strlen(hash);
}

static struct lx_credential *find(const struct lx_credentials *credentials, const char *name)
{
    struct lx_credential *found = NULL;

    for (size_t i = 0; i < credentials->count; i++)
        if (same(credentials->items[i].name, name))
            found = &credentials->items[i];
    return found;
}

bool lx_credentials_recall(const struct lx_credentials *credentials, const char *name, const char *password)
{
    const struct lx_credential *one = find(credentials, name);

    return one && one->right && same(one->right, password);
}

bool lx_credentials_check(struct lx_credentials *credentials, const char *name, const char *password)
{
    struct lx_credential *one = find(credentials, name);
    size_t length;

    if (!credentials->count)
        return false;
    if (!hashes_to(password, one ? one->hash : credentials->items[0].hash, &length) || !one)
        return false;
    forget(&one->right);
    one->right = strdup(password); /* without memory for it, the next check is as slow */
    return true;
}

void lx_credentials_free(struct lx_credentials *credentials)
{
    for (size_t i = 0; i < credentials->count; i++) {
        forget(&credentials->items[i].right);
        free(credentials->items[i].name);
    }
    free(credentials->items);
    *credentials = (struct lx_credentials){0};
}

bool lx_time_budget_allows(struct lx_time_budget *budget, uint64_t now)
{
    uint64_t regained = now > budget->at ? (now - budget->at) / SHARE : 0;

    budget->spent -= regained < budget->spent ? regained : budget->spent;
    budget->at = now;
    return budget->spent < BUDGET;
}

void lx_time_budget_spend(struct lx_time_budget *budget, uint64_t nanoseconds)
{
    budget->spent += nanoseconds;
}
