/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about who is bypassed, for people; packets are asked by include/lyncxdp/bypass.h. */
#include "bypassed.h"

#include <string.h>

bool lx_bypass_any(const struct lx_bypass *bypass)
{
    return bypass->count || bypass->has_vlans;
}

bool lx_bypass_is_bound(const struct lx_bypass *bypass)
{
    for (size_t i = 0; i < bypass->count; i++)
        if (!bypass->items[i].bound.count)
            return false;
    return !bypass->has_vlans;
}

bool lx_bypass_holds(const struct lx_bypass *bypass, const struct lx_address *address, const uint8_t card[6])
{
    const struct lx_bypassed *found = NULL;

    for (size_t i = 0; i < bypass->count; i++)
        if (lx_prefix_contains(&bypass->items[i].prefix, address) &&
            (!found || bypass->items[i].prefix.length > found->prefix.length))
            found = &bypass->items[i];
    if (!found || !found->bound.count)
        return found;
    for (size_t i = 0; i < found->bound.count; i++)
        if (!memcmp(found->bound.cards[i], card, sizeof(found->bound.cards[i])))
            return true;
    return false;
}
