/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the roles and sets of all files by their names. */
#include "policy_draft.h"

#include <stdlib.h>

void lx_index_names(struct lx_policy_draft *policy, struct lx_reader *reader)
{
    size_t count = policy->file.role_count + policy->set_count;

    free(policy->names);
    policy->name_count = 0;
    policy->names = lx_reader_room(reader, count, sizeof(*policy->names));
    if (!policy->names)
        return;
    for (size_t i = 0; i < policy->file.role_count; i++)
        if (policy->file.roles[i].name)
            policy->names[policy->name_count++] =
                (struct lx_named){.name = policy->file.roles[i].name, .index = (uint32_t)i};
    for (size_t i = 0; i < policy->set_count; i++)
        if (policy->sets[i].name)
            policy->names[policy->name_count++] =
                (struct lx_named){.name = policy->sets[i].name, .index = (uint32_t)i | LX_NAME_OF_SET};
    lx_named_sort(policy->names, policy->name_count);
}

const struct lx_named *lx_find_name(const struct lx_policy_draft *policy, const char *name)
{
    return lx_named_find(policy->names, policy->name_count, name);
}
