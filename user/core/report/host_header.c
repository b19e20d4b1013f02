/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes the port off, and compares: addresses by what they mean, names as DNS does, without case or a last dot. */
#include "host_header.h"

#include <string.h>
#include <strings.h>

/* No name of DNS is longer, nor is an address in brackets. */
#define LONGEST 256

static bool is_address(const char *text, struct lx_address *address)
{
    const char *problem;
    struct lx_prefix prefix;

    if (strchr(text, '/') || lx_prefix_parse(text, &prefix, &problem))
        return false;
    *address = prefix.address;
    return true;
}

static bool same_address(const struct lx_address *one, const struct lx_address *other)
{
    return !memcmp(one->bytes, other->bytes, sizeof(one->bytes));
}

/* Copies the host, without brackets, the port and a last dot. False when it is too long or none. */
static bool host_of(const char *header, char host[LONGEST])
{
    const char *end = *header == '[' ? strchr(header, ']') : strchr(header, ':');
    size_t length;

    if (*header == '[' && !end)
        return false;
    header += *header == '[';
    length = end ? (size_t)(end - header) : strlen(header);
    if (length && header[length - 1] == '.')
        length--;
    if (!length || length >= LONGEST)
        return false;
    memcpy(host, header, length);
    host[length] = '\0';
    return true;
}

bool lx_host_header_known(const char *header, const struct lx_words *names, const struct lx_address *own)
{
    struct lx_address asked, known;
    char host[LONGEST];
    bool numeric;

    if (!host_of(header, host))
        return false;
    numeric = is_address(host, &asked);
    if (numeric && own && same_address(&asked, own))
        return true;
    for (size_t i = 0; i < names->count; i++)
        if (numeric ? is_address(names->items[i], &known) && same_address(&asked, &known)
                    : !strcasecmp(host, names->items[i]))
            return true;
    return false;
}
