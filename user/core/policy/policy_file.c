/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy file owns, and finding roles in it. */
#include "policy_file.h"

#include <stdlib.h>
#include <string.h>

static const struct lx_role *find_role(const struct lx_policy_file *file, const char *name)
{
    for (size_t i = 0; i < file->role_count; i++)
        if (!strcmp(file->roles[i].name, name))
            return &file->roles[i];
    return NULL;
}

const struct lx_policy_file *lx_policy_file_with(const struct lx_policy_file *file, const char *role)
{
    while (file && !find_role(file, role))
        file = file->next;
    return file;
}

const struct lx_role *lx_policy_file_role(const struct lx_policy_file *file, const char *name)
{
    const struct lx_policy_file *with = lx_policy_file_with(file, name);

    return with ? find_role(with, name) : NULL;
}

void lx_policy_file_free(struct lx_policy_file *file)
{
    for (size_t i = 0; i < file->role_count; i++) {
        struct lx_role *role = &file->roles[i];

        for (size_t j = 0; j < role->row_count; j++)
            lx_row_free(&role->rows[j]);
        free(role->rows);
        free(role->name);
        free(role->includes);
    }
    free(file->roles);
    free(file->name);
    free(file->edition);
    lx_words_free(&file->files);
    lx_words_free(&file->groups);
    lx_terms_free(&file->documents);
    lx_terms_free(&file->workloads);
    lx_terms_free(&file->options);
    *file = (struct lx_policy_file){0};
}
