/* SPDX-License-Identifier: GPL-2.0-only */
/* From the words of a request to its policy. */
#include "policy_spec.h"

#include <string.h>

#include "user/cli/print/output.h"
#include "user/core/resolve/group_dates.h"
#include "user/core/resolve/request_words.h"

int lx_policy_spec_compose(const char *verb, const char *interface, struct lx_policy_spec *spec)
{
    const struct lx_option_set sets[] = {lx_policy_option_set(&spec->options),
                                         lx_enforcement_option_set(&spec->options)};
    int result;

    if (!lx_words_read(verb, &spec->words, sets, 2, &result))
        return result;
    if (!spec->options.roles.count)
        return lx_usage_error("the role that %s was attached for is not known; name it with --role", interface);
    result = lx_compose(&spec->options, spec->is_inline, &spec->compiled_policy);
    spec->compiled_policy.policy.vlan = (uint16_t)spec->vlan;
    return result == LX_EXIT_DONE && !spec->is_inline ? lx_refuse_bypass(&spec->compiled_policy) : result;
}

static int add_file(struct lx_words *files, const char *path)
{
    return !path || lx_words_contain(files, path) ? 0 : lx_words_add(files, path);
}

int lx_policy_spec_files(const struct lx_policy_spec *spec, struct lx_words *files)
{
    const struct lx_tables *tables = &spec->compiled_policy.tables;
    int error = add_file(files, spec->options.site);

    for (size_t i = 0; !error && i < spec->options.policies.count; i++)
        error = add_file(files, spec->options.policies.items[i]);
    for (size_t i = 0; !error && i < tables->site_files.count; i++)
        error = add_file(files, tables->site_files.items[i]);
    for (size_t i = 0; !error && i < tables->file_count; i++)
        for (size_t j = 0; !error && j < tables->files[i].files.count; j++)
            error = add_file(files, tables->files[i].files.items[j]);
    return error;
}

static bool watches(const struct lx_publication *publication, const struct lx_policy *policy)
{
    size_t count = policy->watch_port_count < LX_WATCH_PORTS ? policy->watch_port_count : LX_WATCH_PORTS;

    return publication->watch_port_count == count &&
           (!count || !memcmp(publication->watch_ports, policy->watch_ports, count * sizeof(*policy->watch_ports)));
}

/* A list that was looked at again is news, even if all its addresses are the same. */
static bool of_the_same_day(const struct lx_publication *publication, const struct lx_policy *policy)
{
    struct lx_group_date dates[LX_GROUP_DATES];

    lx_policy_group_dates(policy, dates);
    return !memcmp(publication->groups, dates, sizeof(dates));
}

bool lx_policy_spec_published(const struct lx_policy_spec *spec, const struct lx_publication *publication)
{
    const struct lx_policy *policy = &spec->compiled_policy.policy;
    struct lx_words kept = {0};
    bool same = !lx_request_published(publication, &kept) && lx_request_same(&kept, &spec->words);

    lx_words_free(&kept);
    return same && lx_published_origin(publication) == policy->origin &&
           publication->digest == lx_policy_digest(policy) && watches(publication, policy) &&
           of_the_same_day(publication, policy);
}

void lx_policy_spec_free(struct lx_policy_spec *spec)
{
    lx_compiled_policy_free(&spec->compiled_policy);
    lx_policy_options_free(&spec->options);
    lx_words_free(&spec->words);
}
