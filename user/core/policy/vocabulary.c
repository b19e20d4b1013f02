/* SPDX-License-Identifier: GPL-2.0-only */
/* Words are gathered with all their repetitions and sorted, which stays quick however many rows there are. */
#include "vocabulary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The words of a row about a subject: how many there are, and where `words` is not NULL, which. */
static size_t words_of_row(const struct lx_row *row, enum lx_subject subject, const char **words)
{
    const struct lx_words *list = subject == LX_OPTIONS ? &row->options : &row->workloads;
    const char *const groups[] = {row->from.group, row->to.group, row->needs};
    size_t count = 0;

    if (subject == LX_ROW_IDS) {
        if (words)
            *words = row->id;
        return 1;
    }
    for (size_t i = 0; subject == LX_GROUPS && i < sizeof(groups) / sizeof(*groups); i++) {
        if (groups[i] && words)
            words[count] = groups[i];
        count += groups[i] != NULL;
    }
    if (subject == LX_GROUPS)
        return count;
    for (size_t i = 0; words && i < list->count; i++)
        words[i] = list->items[i];
    return list->count;
}

static size_t words_of_files(const struct lx_policy_file *file, enum lx_subject subject, const char **words)
{
    size_t count = 0;

    for (; file; file = file->next)
        for (size_t i = 0; i < file->role_count; i++) {
            if (subject == LX_ROLES && words)
                words[count] = file->roles[i].name;
            count += subject == LX_ROLES;
            for (size_t j = 0; subject != LX_ROLES && j < file->roles[i].row_count; j++)
                count += words_of_row(&file->roles[i].rows[j], subject, words ? words + count : NULL);
        }
    return count;
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

int lx_vocabulary_gather(const struct lx_policy_file *file, enum lx_subject subject, struct lx_vocabulary *vocabulary)
{
    size_t count = words_of_files(file, subject, NULL);
    struct lx_vocabulary all = {.words = calloc(count + 1, sizeof(*all.words))};

    if (!all.words)
        return -ENOMEM;
    words_of_files(file, subject, all.words);
    qsort(all.words, count, sizeof(*all.words), compare_words);
    for (size_t i = 0; i < count; i++)
        if (!all.count || strcmp(all.words[i], all.words[all.count - 1]) != 0)
            all.words[all.count++] = all.words[i];
    *vocabulary = all;
    return 0;
}

bool lx_vocabulary_has(const struct lx_vocabulary *vocabulary, const char *word)
{
    return bsearch(&word, vocabulary->words, vocabulary->count, sizeof(*vocabulary->words), compare_words) != NULL;
}

void lx_vocabulary_free(struct lx_vocabulary *vocabulary)
{
    free(vocabulary->words);
    *vocabulary = (struct lx_vocabulary){0};
}
