/* SPDX-License-Identifier: GPL-2.0-only */
/* Merges the words of two requests by the names of their options. Nothing here knows which options there are. */
#include "request_words.h"

#include <errno.h>
#include <string.h>

#define KEYED "--set="
#define NEGATED "--no-"

/* What a word is about: its option's name without the dashes, and behind a keyed one the key. */
struct subject {
    const char *name;
    size_t length;
};

static struct subject subject_of(const char *word)
{
    size_t start = 2;

    if (!strncmp(word, NEGATED, strlen(NEGATED)))
        start = strlen(NEGATED);
    if (!strncmp(word, KEYED, strlen(KEYED)))
        return (struct subject){word + start, strlen(KEYED) - start + strcspn(word + strlen(KEYED), "=")};
    return (struct subject){word + start, strcspn(word + start, "=")};
}

static bool same_subject(const char *left, const char *right)
{
    struct subject one = subject_of(left), other = subject_of(right);

    return one.length == other.length && !memcmp(one.name, other.name, one.length);
}

/* True for a word that only takes others away. */
static bool clears(const char *word)
{
    struct subject subject = subject_of(word);

    return !strncmp(word, NEGATED, strlen(NEGATED)) || !strcmp(subject.name + subject.length, "=");
}

static bool named_in(const struct lx_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (same_subject(words->items[i], word))
            return true;
    return false;
}

int lx_request_merge(const struct lx_words *kept, const struct lx_words *given, struct lx_words *merged)
{
    struct lx_words words = {0};
    int error = 0;

    for (size_t i = 0; i < kept->count && !error; i++)
        if (!named_in(given, kept->items[i]))
            error = lx_words_add(&words, kept->items[i]);
    for (size_t i = 0; i < given->count && !error; i++)
        if (!clears(given->items[i]))
            error = lx_words_add(&words, given->items[i]);
    if (error)
        lx_words_free(&words);
    else
        *merged = words;
    return error;
}

/* The word that comes after `index` words of the same subject; NULL when there are not so many. */
static const char *nth_of_subject(const struct lx_words *words, const char *subject, size_t index)
{
    for (size_t i = 0; i < words->count; i++)
        if (same_subject(words->items[i], subject) && !index--)
            return words->items[i];
    return NULL;
}

bool lx_request_same(const struct lx_words *one, const struct lx_words *other)
{
    for (size_t i = 0; i < one->count; i++) {
        const char *word = one->items[i], *twin;
        size_t index = 0;

        for (size_t before = 0; before < i; before++)
            index += same_subject(one->items[before], word);
        twin = nth_of_subject(other, word, index);
        if (!twin || strcmp(twin, word) != 0)
            return false;
    }
    return one->count == other->count;
}

int lx_request_split(const char *text, size_t size, struct lx_words *words)
{
    struct lx_words split = {0};
    int error = size && text[size - 1] ? -EINVAL : 0;

    for (size_t at = 0; at < size && !error; at += strlen(text + at) + 1)
        error = strncmp(text + at, "--", 2) ? -EINVAL : lx_words_add(&split, text + at);
    if (error)
        lx_words_free(&split);
    else
        *words = split;
    return error;
}

int lx_request_published(const struct lx_publication *publication, struct lx_words *words)
{
    if (publication->request_size > sizeof(publication->request))
        return -EINVAL;
    return lx_request_split(publication->request, publication->request_size, words);
}
