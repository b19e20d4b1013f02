/* SPDX-License-Identifier: GPL-2.0-only */
/* What include/lyncxdp/martian.h drops as a source: a row that names such an address would match nothing. */
#include "unusable.h"

struct range {
    struct lx_prefix prefix;
    const char *what;
};

#define IPV4(first, bits, text)                                                                                        \
    {                                                                                                                  \
        {{{[10] = 0xff, [11] = 0xff, [12] = (first)}}, 96 + (bits)}, text                                              \
    }

static const struct range ranges[] = {
    IPV4(0, 8, "an unspecified address"),     IPV4(127, 8, "a loopback address"),
    IPV4(224, 4, "a multicast address"),      IPV4(240, 4, "a broadcast or reserved address"),
    {{{{0}}, 128}, "an unspecified address"}, {{{{[15] = 1}}, 128}, "a loopback address"},
    {{{{0xff}}, 8}, "a multicast address"},
};

#define RANGES (sizeof(ranges) / sizeof(*ranges))

static bool lies_in(const struct lx_prefix *inner, const struct lx_prefix *outer)
{
    return inner->length >= outer->length && lx_prefix_contains(outer, &inner->address);
}

static bool is_everything(const struct lx_prefix *prefix)
{
    return prefix->length == (lx_prefix_is_ipv4(prefix) ? 96 : 0);
}

const char *lx_unusable_self(const struct lx_prefix *prefix)
{
    if (is_everything(prefix))
        return "every address there is";
    for (size_t i = 0; i < RANGES; i++)
        if (lies_in(prefix, &ranges[i].prefix))
            return ranges[i].what;
    for (size_t i = 0; i < RANGES; i++)
        if (lies_in(&ranges[i].prefix, prefix))
            return "so wide that no network is like it";
    return NULL;
}

const char *lx_unusable_peer(const struct lx_prefix *prefix)
{
    for (size_t i = 0; i < RANGES; i++)
        if (lies_in(prefix, &ranges[i].prefix))
            return ranges[i].what;
    return NULL;
}

const char *lx_unusable_neighbour(const struct lx_prefix *prefix)
{
    return lx_unusable_self(prefix);
}
