/* SPDX-License-Identifier: GPL-2.0-only */
/* The words that the rows of a policy use: its groups, its options, its workloads, its ids. */
#ifndef LYNCXDP_CORE_VOCABULARY_H
#define LYNCXDP_CORE_VOCABULARY_H

#include "policy_file.h"

enum lx_subject {
    LX_GROUPS,
    LX_OPTIONS,
    LX_WORKLOADS,
    LX_ROLES,
    LX_ROW_IDS,
};

/* Sorted, each word once. The list is owned, the words belong to the rows. */
struct lx_vocabulary {
    const char **words;
    size_t count;
};

/* Gathers the words of all rows of the file and of the files behind it, or the names of all roles; `file` may be NULL.
 * Returns 0 or -ENOMEM.
 */
int lx_vocabulary_gather(const struct lx_policy_file *file, enum lx_subject subject, struct lx_vocabulary *vocabulary);

bool lx_vocabulary_has(const struct lx_vocabulary *vocabulary, const char *word);

void lx_vocabulary_free(struct lx_vocabulary *vocabulary);

#endif
