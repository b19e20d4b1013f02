/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What most tests of a policy begin with: a policy file, a site and a request, from text or from the files that are
 * shipped. A test states them in one line and asks about the outcome.
 */
#ifndef LYNCXDP_TESTS_GIVEN_H
#define LYNCXDP_TESTS_GIVEN_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/policy_reader.h"
#include "user/core/resolve/resolve.h"

struct given {
    struct lx_policy_file file;
    struct lx_site site;
    struct lx_request request;
    struct lx_policy policy; /* of the last given_resolve that succeeded */
    struct lx_diagnostics diagnostics;
};

static inline void given_print(const struct lx_diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++)
        cr_log_warn("%s:%u:%u: %s", diagnostics->items[i].file ?: "-", diagnostics->items[i].line,
                    diagnostics->items[i].column, diagnostics->items[i].message);
}

static inline void given_policy_stream(struct given *given, FILE *stream, const char *name)
{
    cr_assert_not_null(stream, "%s cannot be opened", name);
    if (lx_policy_file_read(stream, name, &given->file, &given->diagnostics)) {
        given_print(&given->diagnostics);
        cr_assert_fail("%s is no policy", name);
    }
    fclose(stream);
}

static inline void given_site_stream(struct given *given, FILE *stream, const char *name)
{
    cr_assert_not_null(stream, "%s cannot be opened", name);
    if (lx_site_file_read(stream, name, &given->site, &given->diagnostics)) {
        given_print(&given->diagnostics);
        cr_assert_fail("%s is no site", name);
    }
    fclose(stream);
}

static inline void given_policy(struct given *given, const char *text)
{
    given_policy_stream(given, fmemopen((void *)text, strlen(text), "r"), "test.yaml");
}

static inline void given_site(struct given *given, const char *text)
{
    given_site_stream(given, fmemopen((void *)text, strlen(text), "r"), "site.yaml");
}

static inline void given_words(struct lx_words *words, const char *word)
{
    cr_assert_eq(lx_words_add(words, word), 0);
}

static inline void given_role(struct given *given, const char *role)
{
    given_words(&given->request.roles, role);
}

/* A policy, a site unless NULL, and a request for one role. */
static inline struct given given_texts(const char *policy, const char *site, const char *role)
{
    struct given given = {0};

    given_policy(&given, policy);
    if (site)
        given_site(&given, site);
    given_role(&given, role);
    return given;
}

/* "--set name=text", with addresses separated by single commas. */
static inline void given_setting(struct given *given, const char *name, const char *text)
{
    size_t count = given->request.setting_count;
    struct lx_setting *setting;
    char *copy = strdup(text), *rest = copy, *word;

    given->request.settings = realloc(given->request.settings, (count + 1) * sizeof(*setting));
    cr_assert(given->request.settings && copy);
    setting = &given->request.settings[count];
    *setting = (struct lx_setting){.name = strdup(name)};
    while ((word = strsep(&rest, ","))) {
        setting->prefixes = realloc(setting->prefixes, (setting->prefix_count + 1) * sizeof(*setting->prefixes));
        cr_assert_not_null(setting->prefixes);
        cr_assert_eq(lx_prefix_parse(word, &setting->prefixes[setting->prefix_count++], NULL), 0, "%s", word);
    }
    given->request.setting_count++;
    free(copy);
}

/* Resolves anew; what the last time left is forgotten. Returns what lx_resolve returns. */
static inline int given_resolve(struct given *given)
{
    lx_policy_free(&given->policy);
    lx_diagnostics_free(&given->diagnostics);
    memset(&given->diagnostics, 0, sizeof(given->diagnostics));
    return lx_resolve(&given->file, &given->site, &given->request, &given->policy, &given->diagnostics);
}

/* True when a diagnostic's message contains `text`. */
static inline bool given_told(const struct given *given, const char *text)
{
    for (size_t i = 0; i < given->diagnostics.count; i++)
        if (strstr(given->diagnostics.items[i].message, text))
            return true;
    given_print(&given->diagnostics);
    return false;
}

static inline const struct lx_rule *given_rule(const struct given *given, const char *id)
{
    for (size_t i = 0; i < given->policy.rule_count; i++)
        if (!strcmp(given->policy.rules[i].row->id, id))
            return &given->policy.rules[i];
    return NULL;
}

/* "any", or the prefixes separated by commas, in a buffer that the next call overwrites. */
static inline const char *given_set(const struct lx_prefix_set *set)
{
    static char text[1024];
    char prefix[LX_PREFIX_TEXT];

    strcpy(text, set->any ? "any" : "");
    for (size_t i = 0; i < set->count && strlen(text) + LX_PREFIX_TEXT + 1 < sizeof(text); i++) {
        strcat(text, i ? "," : "");
        strcat(text, lx_prefix_format(&set->items[i], prefix));
    }
    return text;
}

static inline void given_forget_request(struct given *given)
{
    for (size_t i = 0; i < given->request.setting_count; i++) {
        free(given->request.settings[i].name);
        free(given->request.settings[i].prefixes);
    }
    free(given->request.settings);
    lx_words_free(&given->request.roles);
    lx_words_free(&given->request.without);
    lx_words_free(&given->request.workloads);
    memset(&given->request, 0, sizeof(given->request));
}

static inline void given_end(struct given *given)
{
    given_forget_request(given);
    lx_policy_free(&given->policy);
    lx_site_free(&given->site);
    lx_policy_file_free(&given->file);
    lx_diagnostics_free(&given->diagnostics);
    memset(given, 0, sizeof(*given));
}

#endif
