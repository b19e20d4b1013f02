/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a site bypasses: frames all of whose VLANs it lists, and packets of its neighbours, who are known by where a
 * packet goes on its way to the role, and by whom it is from on the other way.
 */
#include "oracle.h"

#include <string.h>

bool oracle_vlans_bypassed(const struct lx_policy *policy, const unsigned *ids, unsigned tags)
{
    unsigned named = 0, index;

    for (index = 0; index < tags; index++) {
        if (ids[index] == 0)
            continue;
        named++;
        if (!(policy->bypass.vlans[ids[index] / 8] >> (ids[index] % 8) & 1))
            return false;
    }
    return named > 0;
}

/* The narrowest prefix of the list that an address is in, or NULL. */
static const struct lx_bypassed *neighbour_at(const struct lx_policy *policy, bool ipv6, const uint8_t *address)
{
    const struct lx_bypassed *found = NULL;
    size_t index;

    for (index = 0; index < policy->bypass.count; index++) {
        struct lx_bypassed *item = &policy->bypass.items[index];
        const struct lx_prefix_set alone = {.items = &item->prefix, .count = 1};

        if (oracle_set_covers(&alone, ipv6, address) && (!found || item->prefix.length > found->prefix.length))
            found = item;
    }
    return found;
}

static bool has_card(const struct lx_bypassed *neighbour, const uint8_t *mac)
{
    size_t index;

    for (index = 0; index < neighbour->bound.count; index++) {
        if (memcmp(neighbour->bound.cards[index], mac, 6) == 0)
            return true;
    }
    return neighbour->bound.count == 0;
}

bool oracle_is_bypassed(const struct lx_policy *policy, enum lx_hook hook, const uint8_t *frame, size_t length,
                        size_t at, uint16_t ethertype, bool by_vlan, uint32_t *reason)
{
    bool ipv6 = ethertype == 0x86dd, ip = ipv6 || ethertype == 0x0800;
    size_t header = ipv6 ? 40 : 20, first = ipv6 ? 8 : 12, size = ipv6 ? 16 : 4;
    const struct lx_bypassed *neighbour;
    const uint8_t *source, *destination;

    *reason = LX_REASON_BYPASS;
    if (!ip || length < at + header)
        return by_vlan;
    source = frame + at + first;
    destination = source + size;
    neighbour = neighbour_at(policy, ipv6, hook == LX_HOOK_TO_ROLE ? destination : source);
    if (!by_vlan && !(neighbour && has_card(neighbour, hook == LX_HOOK_TO_ROLE ? frame : frame + 6)))
        return false;
    if (hook == LX_HOOK_TO_ROLE && oracle_is_protected(policy, ipv6, source))
        *reason = LX_REASON_SPOOFED;
    return true;
}
