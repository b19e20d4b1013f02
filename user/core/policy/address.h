/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses and prefixes of both families in one form, so that no caller asks which family it has: IPv4 is kept as
 * ::ffff:a.b.c.d, an IPv4 prefix of length n as length 96 + n. Bytes are in network order.
 */
#ifndef LYNCXDP_CORE_ADDRESS_H
#define LYNCXDP_CORE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lx_address {
    uint8_t bytes[16];
};

struct lx_prefix {
    struct lx_address address; /* bits beyond the length are zero */
    uint8_t length;            /* 0 to 128 */
};

/* Longest text of a prefix, with its terminating zero: an IPv6 address, a slash and three digits. */
#define LX_PREFIX_TEXT 56

bool lx_address_is_ipv4(const struct lx_address *address);
bool lx_prefix_is_ipv4(const struct lx_prefix *prefix);
bool lx_prefix_contains(const struct lx_prefix *prefix, const struct lx_address *address);

/*
 * Reads "192.0.2.1", "2001:db8::1" or a prefix of either. On failure returns -EINVAL, leaves the output untouched and,
 * where `problem` is not NULL, points it at a static sentence that says what is wrong and what to write instead
 * ("host bits are set; the prefix is 192.0.2.0/24" has an error of its own, -EDOM, with the output set to the cut
 * prefix).
 */
int lx_address_parse(const char *text, struct lx_address *address, const char **problem);
int lx_prefix_parse(const char *text, struct lx_prefix *prefix, const char **problem);

/* Writes the canonical text (RFC 5952); a host prefix without its length. Returns `text`. */
char *lx_address_format(const struct lx_address *address, char text[LX_PREFIX_TEXT]);
char *lx_prefix_format(const struct lx_prefix *prefix, char text[LX_PREFIX_TEXT]);

/* Orders prefixes by address, then by length: a prefix comes before everything inside it. For qsort. */
int lx_prefix_compare(const void *left, const void *right);

#endif
