/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of words, each word and the list owned. */
#ifndef LYNCXDP_CORE_WORDS_H
#define LYNCXDP_CORE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct lx_words {
    char **items;
    size_t count;
};

void lx_words_free(struct lx_words *words);
bool lx_words_contain(const struct lx_words *words, const char *word);
/* Appends a copy. Returns 0 or -ENOMEM. */
int lx_words_add(struct lx_words *words, const char *word);

#endif
