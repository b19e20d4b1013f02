/* SPDX-License-Identifier: GPL-2.0-only */
/* One list of all neighbours, in order, each address once; what contradicts itself or the role is a mistake. */
#include "bypass_binding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/unusable.h"

/* A neighbour, and the entry that names it. */
struct named {
    struct lx_bypassed bypassed;
    const struct lx_bypass_entry *entry;
};

/* The addresses of an entry: its own, or its group's. Diagnosed when there are none. */
static bool find_addresses(const struct lx_binding *binding, const struct lx_bypass_entry *entry,
                           const struct lx_prefix **prefixes, size_t *count, struct lx_diagnostics *diagnostics)
{
    *prefixes = &entry->prefix;
    *count = 1;
    if (!entry->group || lx_find_group(binding, entry->group, prefixes, count))
        return true;
    lx_text_mistake(&binding->site->text, diagnostics, entry->place.line, entry->place.column,
                    "there is no group '%s' to bypass; give it addresses under groups:, or with --set %s=ADDR[,ADDR…]",
                    entry->group, entry->group);
    return false;
}

static int gather(const struct lx_binding *binding, struct named **list, size_t *count,
                  struct lx_diagnostics *diagnostics)
{
    const struct lx_site_bypass *bypass = &binding->site->bypass;
    const struct lx_prefix *prefixes;
    size_t room = 0, found;
    bool sound = true;

    for (size_t i = 0; i < bypass->count; i++) {
        if (find_addresses(binding, &bypass->entries[i], &prefixes, &found, diagnostics))
            room += found;
        else
            sound = false;
    }
    if (!sound)
        return -EINVAL;
    *list = calloc(room + 1, sizeof(**list));
    if (!*list)
        return -ENOMEM;
    for (size_t i = 0; i < bypass->count; i++) {
        find_addresses(binding, &bypass->entries[i], &prefixes, &found, diagnostics);
        for (size_t j = 0; j < found; j++)
            (*list)[(*count)++] =
                (struct named){.bypassed = {prefixes[j], bypass->entries[i].bound}, .entry = &bypass->entries[i]};
    }
    return 0;
}

static int compare(const void *left, const void *right)
{
    const struct named *l = left, *r = right;

    return lx_prefix_compare(&l->bypassed.prefix, &r->bypassed.prefix);
}

static bool meet(const struct lx_prefix *left, const struct lx_prefix *right)
{
    return left->length < right->length ? lx_prefix_contains(left, &right->address)
                                        : lx_prefix_contains(right, &left->address);
}

/* The address of the role that a neighbour would have, too; NULL: none. */
static const struct lx_prefix *own_address(const struct lx_policy *policy, const struct lx_prefix *prefix)
{
    for (size_t i = 0; policy->protected && i < policy->protected->count; i++)
        if (meet(&policy->protected->items[i], prefix))
            return &policy->protected->items[i];
    return NULL;
}

/* Whether a neighbour may be bypassed, beside the one before it. */
static bool check(const struct lx_binding *binding, const struct named *before, const struct named *named,
                  struct lx_diagnostics *diagnostics)
{
    const struct lx_prefix *prefix = &named->bypassed.prefix, *own = own_address(binding->policy, prefix);
    const struct lx_text *text = &binding->site->text;
    const struct lx_place *place = &named->entry->place;
    char one[LX_PREFIX_TEXT], other[LX_PREFIX_TEXT];
    const char *what = lx_unusable_neighbour(prefix);

    lx_prefix_format(prefix, one);
    if (what)
        lx_text_mistake(text, diagnostics, place->line, place->column,
                        "'%s' cannot be bypassed: it is %s; list the neighbours behind the same pair", one, what);
    else if (own)
        lx_text_mistake(text, diagnostics, place->line, place->column,
                        "%s cannot be bypassed: %s is the role's own (self), and would be filtered no more", one,
                        lx_prefix_format(own, other));
    else if (before && memcmp(&before->bypassed.bound, &named->bypassed.bound, sizeof(named->bypassed.bound)) != 0)
        lx_text_mistake(text, diagnostics, place->line, place->column,
                        "%s is bypassed twice, by different MAC addresses; write them together, mac: [ONE, OTHER]",
                        one);
    else
        return true;
    return false;
}

int lx_bind_bypass(struct lx_binding *binding, struct lx_diagnostics *diagnostics)
{
    struct lx_bypass *bypass = &binding->policy->bypass;
    struct named *list = NULL;
    size_t count = 0;
    bool sound = true;
    int error;

    if (!binding->site)
        return 0;
    bypass->has_vlans = binding->site->bypass.has_vlans;
    memcpy(bypass->vlans, binding->site->bypass.vlans, sizeof(bypass->vlans));
    error = gather(binding, &list, &count, diagnostics);
    if (!error && count) {
        qsort(list, count, sizeof(*list), compare);
        bypass->items = calloc(count, sizeof(*bypass->items));
        error = bypass->items ? 0 : -ENOMEM;
    }
    for (size_t i = 0; !error && i < count; i++) {
        const struct named *before = i && !compare(&list[i - 1], &list[i]) ? &list[i - 1] : NULL;

        sound = check(binding, before, &list[i], diagnostics) && sound;
        if (!before)
            bypass->items[bypass->count++] = list[i].bypassed;
    }
    free(list);
    return error ?: sound ? 0 : -EINVAL;
}
