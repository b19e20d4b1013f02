/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists that grow by one word at a time: none is long. */
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void lx_words_free(struct lx_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
    *words = (struct lx_words){0};
}

bool lx_words_contain(const struct lx_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (!strcmp(words->items[i], word))
            return true;
    return false;
}

int lx_words_add(struct lx_words *words, const char *word)
{
    char *copy = strdup(word), **items;

    if (!copy)
        return -ENOMEM;
    items = reallocarray(words->items, words->count + 1, sizeof(*items));
    if (!items) {
        free(copy);
        return -ENOMEM;
    }
    items[words->count++] = copy;
    words->items = items;
    return 0;
}
