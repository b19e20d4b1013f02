/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks every name of a site up, in the tables that are asked for first, since they hold the likeliest guesses. */
#include "site_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/text/spelling.h"
#include "vocabulary.h"

/* The tables, and the words of one kind that they have. */
struct known {
    const struct lx_site *site;
    const struct lx_policy_file *tables[2];
    struct lx_vocabulary words[2];
    struct lx_diagnostics *diagnostics;
};

static bool knows(const struct known *known, const char *word)
{
    return lx_vocabulary_has(&known->words[0], word) || lx_vocabulary_has(&known->words[1], word);
}

static void unknown(const struct known *known, struct lx_place place, const char *what, const char *word,
                    const char *instead)
{
    const char *nearest = NULL;

    for (size_t i = 0; i < 2 && !nearest && known->words[i].count; i++)
        nearest = lx_nearest(word, known->words[i].words, known->words[i].count);
    if (nearest)
        lx_site_mistake(known->site, known->diagnostics, place, "%s '%s'; did you mean '%s'?", what, word, nearest);
    else
        lx_site_mistake(known->site, known->diagnostics, place, "%s '%s'; %s", what, word, instead);
}

/* A role whose two sides have addresses of their own is reported once. */
static int check_roles(const struct known *known)
{
    const struct lx_site *site = known->site;
    const char *last = "";

    for (size_t i = 0; i < site->self_count + site->row_count; i++) {
        const struct lx_row *row = i < site->self_count ? NULL : &site->rows[i - site->self_count];
        const char *role = row ? row->role : site->selves[i].role;

        if (!role || knows(known, role) || (!row && !strcmp(last, role)))
            continue;
        last = role;
        unknown(known, row ? row->place : site->selves[i].place, "there is no role", role,
                "'lyncxdp roles' lists them, and --policy FILE adds those of a file");
    }
    return 0;
}

static bool is_own_option(const struct lx_site *site, const char *option)
{
    for (size_t i = 0; i < site->row_count; i++)
        if (lx_words_contain(&site->rows[i].options, option))
            return true;
    return false;
}

/* A policy may declare an option that none of its rows has yet. */
static bool is_declared(const struct known *known, const char *option)
{
    for (size_t i = 0; i < 2; i++)
        for (const struct lx_policy_file *file = known->tables[i]; file; file = file->next)
            if (lx_terms_find(&file->options, option))
                return true;
    return false;
}

static int check_options(const struct known *known)
{
    const struct lx_terms *options = &known->site->options;

    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->items[i].name;

        if (!knows(known, name) && !is_own_option(known->site, name) && !is_declared(known, name))
            unknown(known, options->items[i].place, "no row has the option", name,
                    "'lyncxdp show ROLE' prints the options of a role's rows");
    }
    return 0;
}

/* --- Overridden rows ------------------------------------------------------------------------------------------------
 */

/* What the walk over all rows has to say of an override: of each key once, whatever it matches. */
struct seen {
    bool matched;
    uint32_t reported; /* bits of enum lx_override_key */
};

struct walk {
    const struct known *known;
    const struct lx_row *row;
    struct seen *seen; /* by override */
};

static bool is_news(const struct walk *walk, const struct lx_override *override, enum lx_override_key key)
{
    struct seen *seen = &walk->seen[override - walk->known->site->overrides.items];
    bool news = !(seen->reported & 1u << key);

    seen->reported |= 1u << key;
    return news;
}

static void given_twice(void *context, enum lx_override_key key, const struct lx_override *first,
                        const struct lx_override *second)
{
    const struct walk *walk = context;

    if (is_news(walk, second, key))
        lx_site_mistake(
            walk->known->site, walk->known->diagnostics, second->places[key],
            "'%s' of the row %s is given twice: here, on line %u by '%s', and on line %u of %s by '%s'; take "
            "one out",
            lx_override_key_names[key], walk->row->id, second->places[key].line, second->pattern,
            first->places[key].line, first->places[key].file, first->pattern);
}

static void check_row(struct walk *walk, const struct lx_row *row)
{
    const struct lx_overrides *overrides = &walk->known->site->overrides;
    struct lx_overriding overriding;

    walk->row = row;
    for (size_t i = 0; i < overrides->count; i++)
        if (!walk->seen[i].matched)
            walk->seen[i].matched = lx_override_matches(&overrides->items[i], row);
    if (!lx_override_find(overrides, row, &overriding, given_twice, walk))
        return;
    for (int i = 0; i < LX_OVERRIDE_KEYS; i++) {
        enum lx_override_key key = (enum lx_override_key)i;
        const char *problem = lx_override_problem(&overriding, key, row);

        if (problem && is_news(walk, overriding.by[key], key))
            lx_site_mistake(walk->known->site, walk->known->diagnostics, overriding.by[key]->places[key],
                            "'%s' cannot be changed: the row %s %s", lx_override_key_names[key], row->id, problem);
    }
}

static int check_overrides(const struct known *known)
{
    const struct lx_overrides *overrides = &known->site->overrides;
    struct walk walk = {.known = known, .seen = calloc(overrides->count + 1, sizeof(*walk.seen))};

    if (!walk.seen)
        return -ENOMEM;
    for (size_t i = 0; overrides->count && i < 2; i++)
        for (const struct lx_policy_file *file = known->tables[i]; file; file = file->next)
            for (size_t role = 0; role < file->role_count; role++)
                for (size_t row = 0; row < file->roles[role].row_count; row++)
                    check_row(&walk, &file->roles[role].rows[row]);
    for (size_t i = 0; i < overrides->count; i++)
        if (!walk.seen[i].matched)
            unknown(known, overrides->items[i].place, "no table has a row", overrides->items[i].pattern,
                    "'lyncxdp show ROLE' prints the ids of a role's rows");
    free(walk.seen);
    return 0;
}

static int check(struct known *known, enum lx_subject subject, int (*each)(const struct known *known))
{
    int error = 0;

    for (size_t i = 0; i < 2 && !error; i++)
        error = lx_vocabulary_gather(known->tables[i], subject, &known->words[i]);
    if (!error)
        error = each(known);
    for (size_t i = 0; i < 2; i++)
        lx_vocabulary_free(&known->words[i]);
    return error;
}

int lx_site_names_check(const struct lx_site *site, const struct lx_policy_file *file,
                        const struct lx_policy_file *elsewhere, struct lx_diagnostics *diagnostics)
{
    struct known known = {.site = site, .tables = {file, elsewhere}, .diagnostics = diagnostics};
    const size_t errors = diagnostics->errors, first = diagnostics->count;
    int error = check(&known, LX_ROLES, check_roles);

    error = error ?: check(&known, LX_OPTIONS, check_options);
    error = error ?: check(&known, LX_ROW_IDS, check_overrides);
    lx_diagnostics_sort(diagnostics, first);
    if (error || diagnostics->out_of_memory)
        return -ENOMEM;
    return diagnostics->errors > errors ? -EINVAL : 0;
}
