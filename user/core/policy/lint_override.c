/* SPDX-License-Identifier: GPL-2.0-only */
/* What overrides open beyond the printed rows, and those that change nothing: each key is reported once, with a row. */
#include "lint_override.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "row_cover.h"
#include "user/core/text/spelling.h"

/* What a key of an override comes to, over all rows that it is about. */
struct effect {
    const struct lx_row *wider; /* the first row that it opens more of than is printed */
    size_t others;
    bool useful; /* of what is taken out: some row had it */
};

struct override_lint {
    const struct lx_site *site;
    struct effect (*effects)[LX_OVERRIDE_KEYS]; /* by override */
};

/* The addresses of an end where the site knows them; count 0: it does not. */
static struct lx_endpoint known_addresses(const struct lx_site *site, const struct lx_endpoint *end)
{
    const struct lx_group *group = end->kind == LX_ENDPOINT_GROUP ? lx_site_group(site, end->group) : NULL;

    return group ? (struct lx_endpoint){.kind = LX_ENDPOINT_ADDRESSES,
                                        .prefixes = group->prefixes,
                                        .prefix_count = group->prefix_count}
                 : *end;
}

static bool end_covers(const struct lx_site *site, const struct lx_endpoint *printed, const struct lx_endpoint *now)
{
    const struct lx_endpoint wide = known_addresses(site, printed), narrow = known_addresses(site, now);

    return lx_endpoint_covers(printed, now) || lx_endpoint_covers(&wide, &narrow);
}

static void add_effect(struct override_lint *lint, const struct lx_overriding *overriding, enum lx_override_key key,
                       const struct lx_row *row, bool wider)
{
    const struct lx_override *override = overriding->by[key];
    struct effect *effect = override ? &lint->effects[override - lint->site->overrides.items][key] : NULL;

    if (!effect || !wider)
        return;
    if (effect->wider)
        effect->others++;
    else
        effect->wider = row;
}

/* Whether there is something of what an override takes out. */
static void add_use(struct override_lint *lint, const struct lx_overriding *overriding, enum lx_override_key key,
                    const struct lx_ports *printed)
{
    const struct lx_override *override = overriding->by[key], *moved = overriding->by[key - 1];

    if (override && lx_ports_meet(moved ? &moved->ports[key - 1] : printed, &override->ports[key]))
        lint->effects[override - lint->site->overrides.items][key].useful = true;
}

static int add_row(struct override_lint *lint, const struct lx_row *row)
{
    struct lx_overriding overriding;
    struct lx_row changed;

    if (!lx_override_find(&lint->site->overrides, row, &overriding, NULL, NULL))
        return 0;
    add_use(lint, &overriding, LX_OVERRIDE_EXCEPT_PORT, &row->destination_ports);
    add_use(lint, &overriding, LX_OVERRIDE_EXCEPT_SOURCE_PORT, &row->source_ports);
    if (lx_override_apply(&overriding, row, &changed))
        return -ENOMEM;
    if (!changed.closed) {
        add_effect(lint, &overriding, LX_OVERRIDE_FROM, row, !end_covers(lint->site, &row->from, &changed.from));
        add_effect(lint, &overriding, LX_OVERRIDE_TO, row, !end_covers(lint->site, &row->to, &changed.to));
        add_effect(lint, &overriding, LX_OVERRIDE_PORT, row,
                   !lx_ports_cover(&row->destination_ports, &changed.destination_ports));
        add_effect(lint, &overriding, LX_OVERRIDE_SOURCE_PORT, row,
                   !lx_ports_cover(&row->source_ports, &changed.source_ports));
    }
    lx_row_free(&changed);
    return 0;
}

/* What is printed where an override says something else; the caller frees it. */
static char *printed_value(const struct lx_row *row, enum lx_override_key key)
{
    char text[LX_PORTS_TEXT];

    switch (key) {
    case LX_OVERRIDE_FROM:
        return lx_endpoint_format(&row->from);
    case LX_OVERRIDE_TO:
        return lx_endpoint_format(&row->to);
    case LX_OVERRIDE_PORT:
        return strdup(lx_ports_format(&row->destination_ports, text));
    default:
        return strdup(lx_ports_format(&row->source_ports, text));
    }
}

static int warn_wider(const struct lx_override *override, enum lx_override_key key, const struct effect *effect,
                      struct lx_diagnostics *diagnostics)
{
    char others[48] = "", *printed = printed_value(effect->wider, key);

    if (!printed)
        return -ENOMEM;
    if (effect->others)
        snprintf(others, sizeof(others), ", and %zu more", effect->others);
    lx_diagnose(diagnostics, LX_WARNING, override->places[key], NULL,
                "'%s' opens more than is printed: the row %s has %s in its table%s", lx_override_key_names[key],
                effect->wider->id, printed, others);
    free(printed);
    return 0;
}

static int warn(const struct override_lint *lint, size_t index, enum lx_override_key key,
                struct lx_diagnostics *diagnostics)
{
    const struct lx_override *override = &lint->site->overrides.items[index];
    const struct effect *effect = &lint->effects[index][key];
    bool except = key == LX_OVERRIDE_EXCEPT_PORT || key == LX_OVERRIDE_EXCEPT_SOURCE_PORT;

    if (!override->places[key].line)
        return 0;
    if (except && !effect->useful)
        lx_diagnose(diagnostics, LX_WARNING, override->places[key], NULL,
                    "'%s' takes nothing out: no row that '%s' matches has these ports", lx_override_key_names[key],
                    override->pattern);
    return effect->wider ? warn_wider(override, key, effect, diagnostics) : 0;
}

/* The command line may give it addresses, but the name is more likely a slip. */
static int warn_group(const struct lx_site *site, const struct lx_override *override, enum lx_override_key key,
                      struct lx_diagnostics *diagnostics)
{
    const char *group = override->ends[key].group, **names, *nearest;

    if (!group || lx_site_group(site, group))
        return 0;
    names = calloc(site->group_count + 1, sizeof(*names));
    if (!names)
        return -ENOMEM;
    for (size_t i = 0; i < site->group_count; i++)
        names[i] = site->groups[i].name;
    nearest = lx_nearest(group, names, site->group_count);
    lx_diagnose(diagnostics, LX_WARNING, override->places[key], NULL, "the site has no group '%s'%s%s%s", group,
                nearest ? "; did you mean '" : "", nearest ?: "", nearest ? "'?" : "");
    free(names);
    return 0;
}

int lx_lint_overrides(const struct lx_site *site, const struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    const struct lx_overrides *overrides = &site->overrides;
    struct override_lint lint = {.site = site, .effects = calloc(overrides->count + 1, sizeof(*lint.effects))};
    int error = lint.effects ? 0 : -ENOMEM;

    for (; overrides->count && file; file = file->next)
        for (size_t i = 0; i < file->role_count; i++)
            for (size_t j = 0; j < file->roles[i].row_count && !error; j++)
                error = add_row(&lint, &file->roles[i].rows[j]);
    for (size_t i = 0; i < overrides->count; i++) {
        for (int key = 0; key < LX_OVERRIDE_KEYS && !error; key++)
            error = warn(&lint, i, (enum lx_override_key)key, diagnostics);
        error = error ?: warn_group(site, &overrides->items[i], LX_OVERRIDE_FROM, diagnostics);
        error = error ?: warn_group(site, &overrides->items[i], LX_OVERRIDE_TO, diagnostics);
    }
    free(lint.effects);
    return error;
}
