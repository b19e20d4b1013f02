/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks every name of a site up, in the tables that are asked for first, since they hold the likeliest guesses. */
#include "site_names.h"

#include <errno.h>
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
        lx_text_mistake(&known->site->text, known->diagnostics, place.line, place.column, "%s '%s'; did you mean '%s'?",
                        what, word, nearest);
    else
        lx_text_mistake(&known->site->text, known->diagnostics, place.line, place.column, "%s '%s'; %s", what, word,
                        instead);
}

/* A role whose two sides have addresses of their own is told once. */
static void check_roles(const struct known *known)
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

static void check_options(const struct known *known)
{
    const struct lx_terms *options = &known->site->options;

    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->items[i].name;

        if (!knows(known, name) && !is_own_option(known->site, name) && !is_declared(known, name))
            unknown(known, options->items[i].place, "no row has the option", name,
                    "'lyncxdp show ROLE' prints the options of a role's rows");
    }
}

static int check(struct known *known, enum lx_subject subject, void (*each)(const struct known *known))
{
    int error = 0;

    for (size_t i = 0; i < 2 && !error; i++)
        error = lx_vocabulary_gather(known->tables[i], subject, &known->words[i]);
    if (!error)
        each(known);
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
    lx_diagnostics_sort(diagnostics, first);
    if (error || diagnostics->out_of_memory)
        return -ENOMEM;
    return diagnostics->errors > errors ? -EINVAL : 0;
}
