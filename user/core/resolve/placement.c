/* SPDX-License-Identifier: GPL-2.0-only */
/* The differences between a host and an inline pair that are no business of the packet path. */
#include "placement.h"

#include <string.h>

#include <lyncxdp/image.h>

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && !strcmp(text + length - strlen(end), end);
}

enum lx_egress lx_default_egress(const struct lx_words *roles, bool is_inline)
{
    if (!is_inline)
        return LX_EGRESS_TRACK;
    for (size_t i = 0; i < roles->count; i++)
        if (!ends_in(roles->items[i], "-edge") && strcmp(roles->items[i], "reverse-proxy") != 0)
            return LX_EGRESS_TRACK;
    return LX_EGRESS_ENFORCE;
}

void lx_place_inline(struct lx_policy *policy)
{
    policy->built_ins &= ~(uint32_t)LX_BUILT_IN_DHCP;
}
