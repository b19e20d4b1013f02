/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes as text and back. Strict on the way in: what a typing slip could mean is asked, not guessed.
 */
#include "address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool lx_address_is_ipv4(const struct lx_address *address)
{
    return !memcmp(address->bytes, mapped, sizeof(mapped));
}

bool lx_prefix_is_ipv4(const struct lx_prefix *prefix)
{
    return prefix->length >= 96 && lx_address_is_ipv4(&prefix->address);
}

/* True when the prefix is one host of its family. */
static bool prefix_is_host(const struct lx_prefix *prefix)
{
    return prefix->length == 128;
}

/* The bits of byte `index` that a prefix of this length fixes. */
static uint8_t fixed_bits(unsigned length, unsigned index)
{
    unsigned first = index * 8;

    if (length <= first)
        return 0;
    return length - first >= 8 ? 0xff : (uint8_t)(0xff00u >> (length - first));
}

/* ::/0 is any IPv6 address: that IPv4 is kept inside ::/0 is nobody's business but this file's. */
bool lx_prefix_contains(const struct lx_prefix *prefix, const struct lx_address *address)
{
    if (lx_prefix_is_ipv4(prefix) != lx_address_is_ipv4(address))
        return false;
    for (unsigned i = 0; i < sizeof(address->bytes); i++)
        if ((address->bytes[i] ^ prefix->address.bytes[i]) & fixed_bits(prefix->length, i))
            return false;
    return true;
}

static int refuse(const char **problem, const char *sentence)
{
    if (problem)
        *problem = sentence;
    return -EINVAL;
}

/* What is most likely wrong with text that is no address. */
static const char *address_problem(const char *text)
{
    if (!*text)
        return "the address is empty; write one like 192.0.2.1 or 2001:db8::1";
    if (strchr(text, ','))
        return "several addresses are a list; write [192.0.2.1, 192.0.2.2]";
    if (strchr(text, '%'))
        return "an address here has no zone; leave the % and what follows out";
    if (strpbrk(text, "[]"))
        return "an IPv6 address here has no brackets; write 2001:db8::1";
    if (strchr(text, '-') && strpbrk(text, ".:"))
        return "a range of addresses is written as prefixes, like 192.0.2.0/25";
    if (text[strspn(text, "0123456789.")] == '\0')
        return "an IPv4 address is four numbers from 0 to 255 without leading zeros; write one like 192.0.2.1";
    return "not an IPv4 or IPv6 address; write one like 192.0.2.1 or 2001:db8::1";
}

static int parse_host(const char *text, struct lx_address *address, const char **problem)
{
    struct lx_address parsed = {{0}};

    if (inet_pton(AF_INET, text, parsed.bytes + 12) == 1) {
        memcpy(parsed.bytes, mapped, sizeof(mapped));
    } else if (inet_pton(AF_INET6, text, parsed.bytes) != 1) {
        return refuse(problem, address_problem(text));
    } else if (lx_address_is_ipv4(&parsed)) {
        return refuse(problem,
                      "an IPv4 address inside an IPv6 one never appears on a wire; write the IPv4 address alone, "
                      "like 192.0.2.1");
    }
    *address = parsed;
    return 0;
}

int lx_address_parse(const char *text, struct lx_address *address, const char **problem)
{
    if (strchr(text, '/'))
        return refuse(problem, "a prefix where one address is needed; leave the / and the length out");
    return parse_host(text, address, problem);
}

/* Reads the length behind the slash, up to `most`. Returns it, or -EINVAL. */
static int parse_length(const char *text, int most, const char **problem)
{
    int length = 0;

    if (strchr(text, '.') || strchr(text, ':'))
        return refuse(problem, "a netmask where a length is needed; write 192.0.2.0/24, not 192.0.2.0/255.255.255.0");
    for (const char *digit = text; *digit; digit++) {
        if (!isdigit((unsigned char)*digit) || length > 128)
            return refuse(problem, "the length behind the / is not a number; write one like 192.0.2.0/24");
        length = length * 10 + (*digit - '0');
    }
    if (!*text || (*text == '0' && text[1]))
        return refuse(problem, "the length behind the / is not a number; write one like 192.0.2.0/24");
    if (length > most)
        return refuse(problem, most == 32 ? "the length of an IPv4 prefix is 0 to 32; a single address needs none"
                                          : "the length of an IPv6 prefix is 0 to 128; a single address needs none");
    return length;
}

/* Clears the bits beyond the length; says whether any was set. */
static bool cut(struct lx_prefix *prefix)
{
    uint8_t lost = 0;

    for (unsigned i = 0; i < sizeof(prefix->address.bytes); i++) {
        uint8_t keep = fixed_bits(prefix->length, i);

        lost |= prefix->address.bytes[i] & (uint8_t)~keep;
        prefix->address.bytes[i] &= keep;
    }
    return lost;
}

int lx_prefix_parse(const char *text, struct lx_prefix *prefix, const char **problem)
{
    const char *slash = strchr(text, '/');
    struct lx_prefix parsed = {.length = 128};
    char host[LX_PREFIX_TEXT];
    size_t host_length = slash ? (size_t)(slash - text) : strlen(text);
    bool ipv4;
    int error, length;

    if (host_length >= sizeof(host))
        return refuse(problem, address_problem("?"));
    memcpy(host, text, host_length);
    host[host_length] = '\0';
    error = parse_host(host, &parsed.address, problem);
    if (error)
        return error;
    if (slash) {
        ipv4 = lx_address_is_ipv4(&parsed.address);
        length = parse_length(slash + 1, ipv4 ? 32 : 128, problem);
        if (length < 0)
            return length;
        parsed.length = (uint8_t)(ipv4 ? 96 + length : length);
    }
    if (cut(&parsed)) {
        refuse(problem, "host bits are set behind the length of the prefix; write the prefix with zeros there");
        error = -EDOM;
    }
    *prefix = parsed;
    return error;
}

char *lx_address_format(const struct lx_address *address, char text[LX_PREFIX_TEXT])
{
    if (lx_address_is_ipv4(address))
        inet_ntop(AF_INET, address->bytes + 12, text, LX_PREFIX_TEXT);
    else
        inet_ntop(AF_INET6, address->bytes, text, LX_PREFIX_TEXT);
    return text;
}

char *lx_prefix_format(const struct lx_prefix *prefix, char text[LX_PREFIX_TEXT])
{
    size_t used = strlen(lx_address_format(&prefix->address, text));

    if (!prefix_is_host(prefix))
        snprintf(text + used, LX_PREFIX_TEXT - used, "/%u", prefix->length - (lx_prefix_is_ipv4(prefix) ? 96u : 0u));
    return text;
}

int lx_prefix_compare(const void *left, const void *right)
{
    const struct lx_prefix *a = left, *b = right;
    int order = memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));

    return order ? order : (int)a->length - (int)b->length;
}
