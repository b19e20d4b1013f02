/* SPDX-License-Identifier: GPL-2.0-only */
/* Each different set of MAC addresses that neighbours are bound to is a class of addresses of its own. */
#include "scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "address_table.h"

#define MOST_CLASSES 65536u

static struct lx_cards cards_of(const struct lx_bound *bound)
{
    struct lx_cards cards = {{{0}}};

    for (size_t i = 0; i < LX_NEIGHBOUR_CARDS; i++)
        memcpy(cards.card[i], bound->cards[i < bound->count ? i : 0], sizeof(bound->cards[0]));
    return cards;
}

/* The class of a neighbour; a new set of cards goes behind the `count` that there are. */
static uint32_t class_of(const struct lx_bound *bound, struct lx_cards *cards, uint32_t *count)
{
    struct lx_cards wanted = cards_of(bound);
    uint32_t at = 0;

    if (!bound->count)
        return LX_NEIGHBOUR_ANY_CARD;
    while (at < *count && memcmp(&cards[at], &wanted, sizeof(wanted)) != 0)
        at++;
    if (at == *count)
        cards[(*count)++] = wanted;
    return LX_NEIGHBOUR_BOUND + at;
}

static int write_neighbours(struct lx_image_writer *writer, const struct lx_bypass *bypass, struct lx_scope *scope)
{
    struct lx_classed_prefix *classed = calloc(bypass->count + 1, sizeof(*classed));
    struct lx_cards *cards = calloc(bypass->count + 1, sizeof(*cards));
    uint32_t count = 0;
    int error = classed && cards ? 0 : -ENOMEM;

    for (size_t i = 0; !error && i < bypass->count; i++)
        classed[i] = (struct lx_classed_prefix){.prefix = bypass->items[i].prefix,
                                                .class = class_of(&bypass->items[i].bound, cards, &count)};
    if (count > MOST_CLASSES - LX_NEIGHBOUR_BOUND)
        error = -E2BIG;
    error = error ?: lx_address_classes_write(writer, classed, bypass->count, &scope->neighbours);
    if (!error && count)
        error = lx_image_reserve(writer, count * sizeof(*cards), &scope->cards);
    if (!error && count)
        memcpy(lx_image_bytes(writer, scope->cards), cards, count * sizeof(*cards));
    free(classed);
    free(cards);
    return error;
}

int lx_scope_write(struct lx_image_writer *writer, const struct lx_policy *policy, uint32_t *offset)
{
    const struct lx_bypass *bypass = &policy->bypass;
    struct lx_scope scope = {.bypasses = lx_bypass_any(bypass) || policy->vlan, .vlan = policy->vlan};
    uint8_t *listed = policy->vlan ? scope.inside : scope.judged;
    int error;

    if (!policy->vlans_listed && !scope.bypasses)
        return 0;
    memset(scope.judged, 0xff, sizeof(scope.judged));
    if (policy->vlans_listed)
        memcpy(listed, policy->vlans, sizeof(policy->vlans));
    else
        memset(listed, 0xff, sizeof(policy->vlans));
    memcpy(scope.bypassed, bypass->vlans, sizeof(scope.bypassed));
    error = write_neighbours(writer, bypass, &scope);
    error = error ?: lx_image_reserve(writer, sizeof(scope), offset);
    if (!error)
        memcpy(lx_image_bytes(writer, *offset), &scope, sizeof(scope));
    return error;
}
