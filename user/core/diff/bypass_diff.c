/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of neighbours are in order and have each prefix once, so that one is found by halving. */
#include "bypass_diff.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    const struct lx_bypassed *l = left, *r = right;

    return lx_prefix_compare(&l->prefix, &r->prefix);
}

static bool has(const struct lx_bypass *bypass, const struct lx_bypassed *wanted)
{
    const struct lx_bypassed *found =
        bypass->count ? bsearch(wanted, bypass->items, bypass->count, sizeof(*wanted), compare) : NULL;

    return found && found->bound.count == wanted->bound.count &&
           !memcmp(found->bound.cards, wanted->bound.cards, wanted->bound.count * sizeof(wanted->bound.cards[0]));
}

const struct lx_bypassed *lx_bypass_next_own(const struct lx_bypass *mine, const struct lx_bypass *theirs, size_t *at)
{
    while (*at < mine->count) {
        const struct lx_bypassed *next = &mine->items[(*at)++];

        if (!has(theirs, next))
            return next;
    }
    return NULL;
}

bool lx_bypass_same(const struct lx_bypass *left, const struct lx_bypass *right)
{
    size_t at = 0;

    return left->count == right->count && !memcmp(left->vlans, right->vlans, sizeof(left->vlans)) &&
           !lx_bypass_next_own(left, right, &at);
}
