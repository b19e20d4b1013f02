/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gives names their addresses. Groups may hold 100,000 prefixes and a thousand rows may name them, so a group is
 * sorted once and found by name from then on.
 */
#include "binding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where one group is another unless somebody says otherwise. */
#define NEXT_HOP "next-hop"
#define NEXT_HOP_DEFAULT "pool"

/* OSPF has two groups in each family, others one. */
#define MOST_OWN_GROUPS 4

/* Prefixes that belong to somebody else. */
struct span {
    const struct lx_prefix *items;
    size_t count;
    uint64_t date; /* of the list that they come from, or 0 */
};

static bool is_sorted(const struct lx_prefix *items, size_t count)
{
    size_t i = 1;

    while (i < count && lx_prefix_compare(&items[i - 1], &items[i]) <= 0)
        i++;
    return i >= count;
}

/* Sorts and removes what is there twice. Returns the new count. Most long lists are sorted by whoever made them. */
static size_t canonicalise(struct lx_prefix *items, size_t count)
{
    size_t kept = 0;

    if (!is_sorted(items, count))
        qsort(items, count, sizeof(*items), lx_prefix_compare);
    for (size_t i = 0; i < count; i++)
        if (!kept || lx_prefix_compare(&items[kept - 1], &items[i]))
            items[kept++] = items[i];
    return kept;
}

static bool same_set(const struct lx_prefix_set *left, const struct lx_prefix_set *right)
{
    if (left->any != right->any || left->count != right->count)
        return false;
    for (size_t i = 0; i < left->count; i++)
        if (lx_prefix_compare(&left->items[i], &right->items[i]))
            return false;
    return true;
}

/* Appends a set to the policy, which takes over the items and the name. */
static int add_set(struct lx_policy *policy, const struct lx_prefix_set *set, const struct lx_prefix_set **added)
{
    struct lx_prefix_set **sets = realloc(policy->sets, (policy->set_count + 1) * sizeof(struct lx_prefix_set *));
    struct lx_prefix_set *copy;

    if (!sets)
        return -ENOMEM;
    policy->sets = sets;
    copy = malloc(sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    *copy = *set;
    sets[policy->set_count++] = copy;
    *added = copy;
    return 0;
}

/* The nameless set of these addresses: one that the policy already has, or a new one. Takes over the items. */
static int share_set(struct lx_policy *policy, struct lx_prefix *items, size_t count, bool any,
                     const struct lx_prefix_set **set)
{
    struct lx_prefix_set wanted = {.items = items, .count = canonicalise(items, count), .any = any};
    int result;

    for (size_t i = 0; i < policy->set_count; i++) {
        if (policy->sets[i]->name || !same_set(policy->sets[i], &wanted))
            continue;
        free(items);
        *set = policy->sets[i];
        return 0;
    }
    result = add_set(policy, &wanted, set);
    if (result)
        free(items);
    return result;
}

static int share_any(struct lx_policy *policy, const struct lx_prefix_set **set)
{
    return share_set(policy, NULL, 0, true, set);
}

/* The nameless set of all these spans together. */
static int share_spans(struct lx_policy *policy, const struct span *spans, size_t span_count,
                       const struct lx_prefix_set **set)
{
    struct lx_prefix *items;
    size_t count = 0;

    for (size_t i = 0; i < span_count; i++)
        count += spans[i].count;
    items = calloc(count + 1, sizeof(*items));
    if (!items)
        return -ENOMEM;
    count = 0;
    for (size_t i = 0; i < span_count; i++) {
        if (spans[i].count)
            memcpy(items + count, spans[i].items, spans[i].count * sizeof(*items));
        count += spans[i].count;
    }
    return share_set(policy, items, count, false, set);
}

static bool find_setting(const struct lx_binding *binding, const char *name, struct span *found)
{
    for (size_t i = 0; i < binding->request->setting_count; i++) {
        const struct lx_setting *setting = &binding->request->settings[i];

        if (strcmp(setting->name, name))
            continue;
        *found = (struct span){.items = setting->prefixes, .count = setting->prefix_count};
        return true;
    }
    return false;
}

/* The settings win over the site. */
static bool find_group(const struct lx_binding *binding, const char *name, struct span *found)
{
    const struct lx_group *group;

    if (find_setting(binding, name, found))
        return true;
    group = binding->site ? lx_site_group(binding->site, name) : NULL;
    if (group)
        *found = (struct span){.items = group->prefixes, .count = group->prefix_count, .date = group->date};
    return group;
}

bool lx_find_group(const struct lx_binding *binding, const char *name, const struct lx_prefix **prefixes, size_t *count)
{
    struct span found;

    if (!find_group(binding, name, &found))
        return false;
    *prefixes = found.items;
    *count = found.count;
    return true;
}

static int remember_missing(struct lx_binding *binding, const struct lx_row *row, const char *group)
{
    struct lx_missing *missing;

    for (size_t i = 0; i < binding->missing_count; i++) {
        if (strcmp(binding->missing[i].group, group))
            continue;
        binding->missing[i].others++;
        return 0;
    }
    missing = realloc(binding->missing, (binding->missing_count + 1) * sizeof(*missing));
    if (!missing)
        return -ENOMEM;
    binding->missing = missing;
    missing[binding->missing_count++] = (struct lx_missing){.group = group, .row = row};
    return 0;
}

static int bind_group(struct lx_binding *binding, const struct lx_row *row, const char *group,
                      const struct lx_prefix_set **bound)
{
    struct lx_prefix_set set = {0};
    const char *name = group;
    struct span found;

    if (!find_group(binding, name, &found)) {
        name = strcmp(group, NEXT_HOP) ? NULL : NEXT_HOP_DEFAULT;
        if (!name || !find_group(binding, name, &found))
            return remember_missing(binding, row, group);
    }
    for (size_t i = 0; i < binding->policy->set_count; i++) {
        if (!binding->policy->sets[i]->name || strcmp(binding->policy->sets[i]->name, name))
            continue;
        *bound = binding->policy->sets[i];
        return 0;
    }
    set.name = strdup(name);
    set.items = calloc(found.count + 1, sizeof(*set.items));
    if (!set.name || !set.items)
        goto out_of_memory;
    if (found.count)
        memcpy(set.items, found.items, found.count * sizeof(*set.items));
    set.count = canonicalise(set.items, found.count);
    set.date = found.date;
    if (!add_set(binding->policy, &set, bound))
        return 0;
out_of_memory:
    free(set.name);
    free(set.items);
    return -ENOMEM;
}

/* True when the site's addresses for a role's `self` on one side count on the side of this policy. */
static bool self_applies(const struct lx_selection *selection, const struct lx_self *self, const struct lx_role *role)
{
    return !strcmp(self->role, role->name) &&
           (self->side == LX_SIDE_NONE || selection->side == LX_SIDE_NONE || self->side == selection->side);
}

/*
 * The spans that the site gives a part's `self`: its own or, where it has none, those of the role that includes it.
 * Writes at most site->self_count of them; returns how many.
 */
static size_t find_self(const struct lx_binding *binding, size_t part, struct span *spans)
{
    const struct lx_selection *selection = binding->selection;
    size_t count = 0;

    while (part != LX_NO_PART && !count) {
        for (size_t i = 0; i < binding->site->self_count; i++) {
            const struct lx_self *self = &binding->site->selves[i];

            if (!self->prefix_count || !self_applies(selection, self, selection->parts[part].role))
                continue;
            spans[count] = (struct span){.items = self->prefixes, .count = self->prefix_count};
            count++;
        }
        part = selection->parts[part].parent;
    }
    return count;
}

/* One part's `self`. `spans` has room for all that the site may give. */
static int bind_self(const struct lx_binding *binding, size_t part, struct span *spans,
                     const struct lx_prefix_set **set)
{
    size_t count = 0;

    if (find_setting(binding, "self", spans))
        count = 1;
    else if (binding->site)
        count = find_self(binding, part, spans);
    return count ? share_spans(binding->policy, spans, count, set) : share_any(binding->policy, set);
}

/* The `self` that a row redefines for itself; empty for any other row. */
static struct span redefined_self(const struct lx_row *row)
{
    const struct lx_endpoint *self = row->to.kind == LX_ENDPOINT_SELF ? &row->to : &row->from;

    return (struct span){.items = self->prefixes, .count = self->prefix_count};
}

/*
 * What all parts are together: any address if one of them may be, else the union of theirs. Behind the role there are
 * also the addresses that rows redefine `self` to. `spans` has room for a span of each part and of each pick.
 */
static int bind_all(struct lx_binding *binding, struct span *spans)
{
    const struct lx_selection *selection = binding->selection;
    struct lx_policy *policy = binding->policy;
    size_t count = 0;
    bool any = false;
    int result;

    for (size_t i = 0; i < selection->part_count; i++) {
        const struct lx_prefix_set *self = binding->selves[i];

        if (!self)
            continue;
        any = any || self->any;
        spans[count] = (struct span){.items = self->items, .count = self->count};
        count++;
    }
    if (!count || any) {
        result = share_any(policy, &policy->own);
        return result ? result : share_spans(policy, NULL, 0, &policy->protected);
    }
    result = share_spans(policy, spans, count, &policy->own);
    for (size_t i = 0; i < selection->pick_count; i++)
        spans[count++] = redefined_self(selection->picks[i].row);
    return result ? result : share_spans(policy, spans, count, &policy->protected);
}

int lx_bind_selves(struct lx_binding *binding)
{
    size_t parts = binding->selection->part_count, site_selves = binding->site ? binding->site->self_count : 0;
    struct span *spans = calloc(parts + site_selves + binding->selection->pick_count + 1, sizeof(*spans));
    int result = 0;

    binding->selves = calloc(parts + 1, sizeof(*binding->selves));
    if (!spans || !binding->selves)
        result = -ENOMEM;
    for (size_t i = 0; i < parts && !result; i++)
        if (binding->selection->parts[i].picked)
            result = bind_self(binding, i, spans, &binding->selves[i]);
    if (!result)
        result = bind_all(binding, spans);
    free(spans);
    return result;
}

static int bind_end(struct lx_binding *binding, const struct lx_pick *pick, const struct lx_endpoint *endpoint,
                    const struct lx_prefix_set **set)
{
    struct span written = {.items = endpoint->prefixes, .count = endpoint->prefix_count};

    switch (endpoint->kind) {
    case LX_ENDPOINT_SELF:
        if (written.count)
            return share_spans(binding->policy, &written, 1, set);
        *set = pick->part == LX_NO_PART ? binding->policy->own : binding->selves[pick->part];
        return 0;
    case LX_ENDPOINT_GROUP:
        return bind_group(binding, pick->row, endpoint->group, set);
    case LX_ENDPOINT_ADDRESSES:
        return share_spans(binding->policy, &written, 1, set);
    case LX_ENDPOINT_ANY:
    default:
        return share_any(binding->policy, set);
    }
}

/* What a row without ports is sent to besides: the groups that are its protocol's own. */
static int add_groups(struct lx_binding *binding, const struct lx_row *row, const struct lx_prefix_set **set)
{
    struct lx_prefix groups[MOST_OWN_GROUPS];
    struct span spans[2] = {{.items = groups}};

    if (!*set || (*set)->any || !lx_row_is_portless(row))
        return 0;
    spans[0].count = lx_protocol_groups(lx_row_protocol(row), groups, MOST_OWN_GROUPS);
    spans[1] = (struct span){.items = (*set)->items, .count = (*set)->count};
    return spans[0].count ? share_spans(binding->policy, spans, 2, set) : 0;
}

int lx_bind(struct lx_binding *binding, const struct lx_pick *pick, const struct lx_endpoint *endpoint,
            const struct lx_prefix_set **set)
{
    int error = bind_end(binding, pick, endpoint, set);

    return error || endpoint != &pick->row->to ? error : add_groups(binding, pick->row, set);
}

int lx_binding_check(const struct lx_binding *binding, struct lx_diagnostics *diagnostics)
{
    for (size_t i = 0; i < binding->missing_count; i++) {
        const struct lx_missing *missing = &binding->missing[i];
        bool next_hop = !strcmp(missing->group, NEXT_HOP);
        const char *name = next_hop ? NEXT_HOP_DEFAULT : missing->group;
        char others[48] = "";

        if (missing->others)
            snprintf(others, sizeof(others), " (and %zu more)", missing->others);
        lx_diagnose(
            diagnostics, LX_ERROR, missing->row->place, NULL,
            "the row %s%s needs the group '%s', which has no addresses%s; give them with --set %s=ADDR[,ADDR…], "
            "or in a site file under 'groups:' as '%s: [ADDR, …]'",
            missing->row->id, others, missing->group, next_hop ? " (nor has 'pool', its default)" : "", name, name);
    }
    return binding->missing_count ? -EINVAL : 0;
}

void lx_binding_free(struct lx_binding *binding)
{
    free(binding->selves);
    free(binding->missing);
    *binding = (struct lx_binding){0};
}
