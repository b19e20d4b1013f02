/* SPDX-License-Identifier: GPL-2.0-only */
/* Words are gathered with all their repetitions and sorted, which stays quick however many rows there are. */
#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

/* Words of rows, borrowed. */
struct gathered {
    const char **words;
    size_t count;
};

/* Some of the words of a row: how many there are, and where `words` is not NULL, which. */
typedef size_t word_source(const struct lx_row *row, const char **words);

static size_t groups_of(const struct lx_row *row, const char **words)
{
    const char *found[] = {row->from.kind == LX_ENDPOINT_GROUP ? row->from.group : NULL,
                           row->to.kind == LX_ENDPOINT_GROUP ? row->to.group : NULL, row->needs};
    size_t count = 0;

    for (size_t i = 0; i < sizeof(found) / sizeof(*found); i++) {
        if (found[i] && words)
            words[count] = found[i];
        count += found[i] != NULL;
    }
    return count;
}

static size_t copy_words(const struct lx_words *from, const char **words)
{
    for (size_t i = 0; words && i < from->count; i++)
        words[i] = from->items[i];
    return from->count;
}

static size_t options_of(const struct lx_row *row, const char **words)
{
    return copy_words(&row->options, words);
}

static size_t workloads_of(const struct lx_row *row, const char **words)
{
    return copy_words(&row->workloads, words);
}

static size_t for_each_row(const struct lx_policy_file *file, word_source *source, const char **words)
{
    size_t count = 0;

    for (size_t i = 0; i < file->role_count; i++)
        for (size_t j = 0; j < file->roles[i].row_count; j++)
            count += source(&file->roles[i].rows[j], words ? words + count : NULL);
    return count;
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The words of all rows, sorted, each once. */
static struct gathered gather(struct lx_policy_reader *policy, word_source *source)
{
    size_t count = for_each_row(&policy->file, source, NULL);
    struct gathered all = {.words = lx_reader_room(&policy->units[0]->reader, count, sizeof(*all.words))};

    if (!all.words)
        return all;
    for_each_row(&policy->file, source, all.words);
    qsort(all.words, count, sizeof(*all.words), compare_words);
    for (size_t i = 0; i < count; i++)
        if (!all.count || strcmp(all.words[i], all.words[all.count - 1]))
            all.words[all.count++] = all.words[i];
    return all;
}

void lx_collect_groups(struct lx_policy_reader *policy)
{
    struct gathered all = gather(policy, groups_of);
    struct lx_words *groups = &policy->file.groups;
    struct lx_reader *reader = &policy->units[0]->reader;

    groups->items = lx_reader_room(reader, all.count, sizeof(*groups->items));
    for (size_t i = 0; groups->items && i < all.count; i++) {
        char *copy = lx_reader_copy(reader, all.words[i]);

        if (copy)
            groups->items[groups->count++] = copy;
    }
    free(all.words);
}

static void check_glossary(struct lx_policy_reader *policy, const struct lx_glossary *glossary, word_source *source)
{
    struct gathered all = {0};

    if (glossary->reader)
        all = gather(policy, source);
    for (size_t i = 0; i < all.count; i++)
        if (!lx_glossary_find(glossary, all.words[i]))
            lx_mistake(glossary->reader, glossary->node,
                       "rows of an included file have the %s '%s'; declare it here too, or none at all", glossary->noun,
                       all.words[i]);
    free(all.words);
}

void lx_check_declared(struct lx_policy_reader *policy)
{
    check_glossary(policy, &policy->options, options_of);
    check_glossary(policy, &policy->workloads, workloads_of);
}
