/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds the words of a request against those of the edition, and those of its site against all there are. A word that
 * nothing knows is an error, reported with the one that was probably meant.
 */
#include "request_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/site_names.h"
#include "user/core/text/spelling.h"

/* What all checks look at. */
struct inputs {
    const struct lx_policy_file *file;
    const struct lx_site *site; /* may be NULL */
    const struct lx_request *request;
    struct lx_diagnostics *diagnostics;
    bool several; /* files, one behind the other */
};

static const struct lx_place nowhere = {0};

/* The editions that were looked through, "lync2010" or "mine, lync2010"; no more than a sentence can bear. */
struct editions {
    char text[160];
};

static struct editions editions_of(const struct inputs *inputs)
{
    struct editions editions = {""};
    size_t used = 0;

    for (const struct lx_policy_file *file = inputs->file; file && used < sizeof(editions.text); file = file->next)
        used += (size_t)snprintf(editions.text + used, sizeof(editions.text) - used, "%s%s", used ? ", " : "",
                                 file->edition);
    return editions;
}

/* Words of the edition, for looking up and for guessing; the words themselves are borrowed. */
struct vocabulary {
    const char **words;
    size_t count;
};

static int learn(struct vocabulary *vocabulary, const char *word)
{
    size_t count = vocabulary->count;

    if (!(count & (count - 1))) { /* full at every power of two */
        const char **words = realloc(vocabulary->words, (count ? 2 * count : 1) * sizeof(*words));

        if (!words)
            return -ENOMEM;
        vocabulary->words = words;
    }
    vocabulary->words[vocabulary->count++] = word;
    return 0;
}

static bool knows(const struct vocabulary *vocabulary, const char *word)
{
    for (size_t i = 0; i < vocabulary->count; i++)
        if (!strcmp(vocabulary->words[i], word))
            return true;
    return false;
}

static const char *nearest(const struct vocabulary *vocabulary, const char *word)
{
    return lx_nearest(word, vocabulary->words, vocabulary->count);
}

/* What is written about a row: its options or its workloads. */
enum subject {
    OPTIONS,
    WORKLOADS,
};

static int learn_rows(struct vocabulary *vocabulary, const struct lx_row *rows, size_t count, enum subject subject)
{
    for (size_t i = 0; i < count; i++) {
        const struct lx_words *words = subject == OPTIONS ? &rows[i].options : &rows[i].workloads;

        for (size_t j = 0; j < words->count; j++)
            if (learn(vocabulary, words->items[j]))
                return -ENOMEM;
    }
    return 0;
}

static int learn_subject(struct vocabulary *vocabulary, const struct inputs *inputs, enum subject subject)
{
    for (const struct lx_policy_file *file = inputs->file; file; file = file->next) {
        const struct lx_terms *declared = subject == OPTIONS ? &file->options : &file->workloads;

        for (size_t i = 0; i < declared->count; i++)
            if (learn(vocabulary, declared->items[i].name))
                return -ENOMEM;
        for (size_t i = 0; i < file->role_count; i++)
            if (learn_rows(vocabulary, file->roles[i].rows, file->roles[i].row_count, subject))
                return -ENOMEM;
    }
    return inputs->site ? learn_rows(vocabulary, inputs->site->rows, inputs->site->row_count, subject) : 0;
}

/* Diagnoses each of `words` that no row mentions. Returns whether there was none. */
static bool check_words(const struct inputs *inputs, const struct vocabulary *vocabulary, const struct lx_words *words,
                        const char *noun)
{
    bool sound = true;

    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i], *guess = nearest(vocabulary, word);

        if (knows(vocabulary, word))
            continue;
        sound = false;
        if (guess)
            lx_diagnose(inputs->diagnostics, LX_ERROR, nowhere, NULL,
                        "no row of %s has the %s '%s'; did you mean '%s'?", editions_of(inputs).text, noun, word,
                        guess);
        else
            lx_diagnose(inputs->diagnostics, LX_ERROR, nowhere, NULL,
                        "no row of %s has the %s '%s'; 'lyncxdp show ROLE' prints the %ss of a role's rows",
                        editions_of(inputs).text, noun, word, noun);
    }
    return sound;
}

/* A misspelt option would leave a row open that somebody wanted closed. */
static int check_options(const struct inputs *inputs)
{
    struct vocabulary options = {0};
    int result = learn_subject(&options, inputs, OPTIONS);

    if (!result && (!check_words(inputs, &options, &inputs->request->without, "option") ||
                    !check_words(inputs, &options, &inputs->request->open, "option")))
        result = -EINVAL;
    free(options.words);
    return result;
}

static int check_workloads(const struct inputs *inputs)
{
    struct vocabulary workloads = {0};
    int result = learn_subject(&workloads, inputs, WORKLOADS);

    if (!result && !check_words(inputs, &workloads, &inputs->request->workloads, "workload"))
        result = -EINVAL;
    free(workloads.words);
    return result;
}

/* Diagnoses a role that the edition does not have. */
static void unknown_role(const struct inputs *inputs, const struct vocabulary *roles, const char *name)
{
    const char *guess = nearest(roles, name), *none = inputs->several ? "none of " : "";
    const char *has = inputs->several ? "has a role" : "has no role";

    if (guess)
        lx_diagnose(inputs->diagnostics, LX_ERROR, nowhere, NULL, "%s%s %s '%s'; did you mean '%s'?", none,
                    editions_of(inputs).text, has, name, guess);
    else
        lx_diagnose(inputs->diagnostics, LX_ERROR, nowhere, NULL, "%s%s %s '%s'; 'lyncxdp roles' lists them all", none,
                    editions_of(inputs).text, has, name);
}

/* The roles of a file and of those behind it. */
static int learn_roles(struct vocabulary *roles, const struct lx_policy_file *file)
{
    for (; file; file = file->next)
        for (size_t i = 0; i < file->role_count; i++)
            if (learn(roles, file->roles[i].name))
                return -ENOMEM;
    return 0;
}

static int check_roles(const struct inputs *inputs)
{
    const struct lx_words *asked = &inputs->request->roles;
    struct vocabulary roles = {0};
    int result = learn_roles(&roles, inputs->file);

    if (result)
        goto out;
    if (!asked->count) {
        lx_diagnose(inputs->diagnostics, LX_ERROR, nowhere, NULL,
                    "no role is named; say which one with --role, 'lyncxdp roles' lists them");
        result = -EINVAL;
    }
    for (size_t i = 0; i < asked->count; i++) {
        if (knows(&roles, asked->items[i]))
            continue;
        unknown_role(inputs, &roles, asked->items[i]);
        result = -ENOENT;
    }
out:
    free(roles.words);
    return result;
}

int lx_request_check(const struct lx_policy_file *file, const struct lx_site *site, const struct lx_request *request,
                     struct lx_diagnostics *diagnostics)
{
    struct inputs inputs = {
        .file = file, .site = site, .request = request, .diagnostics = diagnostics, .several = file->next};
    int roles = check_roles(&inputs), options = check_options(&inputs), workloads = check_workloads(&inputs);
    int names = site ? lx_site_names_check(site, file, request->elsewhere, diagnostics) : 0;

    return roles ?: options ?: workloads ?: names;
}
