/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of the policy options, and the few that need more than keeping their argument. */
#include "policy_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/print/output.h"
#include "user/core/policy/unusable.h"

static int take_side(void *field, const char *value)
{
    int side = lx_name_index(value, lx_side_names, LX_SIDES);

    if (side < 0)
        return lx_usage_error("--side '%s': write external or internal", value);
    *(enum lx_side *)field = (enum lx_side)side;
    return LX_EXIT_DONE;
}

static int take_lb(void *field, const char *value)
{
    int lb = lx_name_index(value, lx_lb_names, LX_LBS);

    if (lb < 0)
        return lx_usage_error("--lb '%s': write hardware or dns", value);
    *(enum lx_lb *)field = (enum lx_lb)lb;
    return LX_EXIT_DONE;
}

/* The setting of that name, which is added when there is none. NULL when out of memory. */
static struct lx_setting *setting_named(struct lx_settings *settings, const char *name, size_t length)
{
    struct lx_setting *items;

    for (size_t i = 0; i < settings->count; i++)
        if (!strncmp(settings->items[i].name, name, length) && !settings->items[i].name[length])
            return &settings->items[i];
    items = reallocarray(settings->items, settings->count + 1, sizeof(*items));
    if (!items)
        return NULL;
    settings->items = items;
    items[settings->count] = (struct lx_setting){.name = strndup(name, length)};
    return items[settings->count].name ? &items[settings->count++] : NULL;
}

static int add_prefix(struct lx_setting *setting, const char *text)
{
    struct lx_prefix prefix, *prefixes;
    lx_unusable *unusable = strcmp(setting->name, "self") ? lx_unusable_peer : lx_unusable_self;
    const char *problem = "not an address";
    char canonical[LX_PREFIX_TEXT];
    int error = lx_prefix_parse(text, &prefix, &problem);

    if (error == -EDOM)
        return lx_usage_error("--set %s: '%s' has bits set beyond its length; write %s", setting->name, text,
                              lx_prefix_format(&prefix, canonical));
    if (error)
        return lx_usage_error("--set %s: '%s': %s", setting->name, text, problem);
    if (unusable(&prefix))
        return lx_usage_error("--set %s: '%s' cannot be %s: it is %s; write the addresses on the network",
                              setting->name, text, unusable == lx_unusable_self ? "the role's own" : "a peer",
                              unusable(&prefix));
    prefixes = reallocarray(setting->prefixes, setting->prefix_count + 1, sizeof(*prefixes));
    if (!prefixes)
        return lx_memory_error();
    prefixes[setting->prefix_count] = prefix;
    setting->prefixes = prefixes;
    setting->prefix_count++;
    return LX_EXIT_DONE;
}

/* NAME=ADDR[,ADDR...]; a name that is given again adds to its addresses. */
static int take_setting(void *field, const char *value)
{
    size_t length = strcspn(value, "=");
    struct lx_setting *setting;
    char *list, *rest, *item;
    int result = LX_EXIT_DONE;

    if (!length || !value[length] || !value[length + 1])
        return lx_usage_error("--set '%s': write NAME=ADDRESS[,ADDRESS...], such as pool=192.0.2.10,192.0.2.11", value);
    setting = setting_named(field, value, length);
    list = rest = strdup(value + length + 1);
    if (!setting || !list) {
        free(list);
        return lx_memory_error();
    }
    while (result == LX_EXIT_DONE && (item = strsep(&rest, ",")))
        result = add_prefix(setting, item);
    free(list);
    return result;
}

static int take_egress(void *field, const char *value)
{
    int mode = lx_name_index(value, lx_egress_names, LX_EGRESSES);

    if (mode < 0)
        return lx_usage_error("--egress '%s': write track, enforce or off", value);
    *(struct lx_egress_choice *)field = (struct lx_egress_choice){.said = true, .mode = (enum lx_egress)mode};
    return LX_EXIT_DONE;
}

#define FIELD(member) offsetof(struct lx_policy_options, member)

static const struct lx_option policy_options[] = {
    {"role", "ROLE", "role to filter for; repeatable", lx_take_word, FIELD(roles)},
    {"edition", "EDITION", "edition of the vendor's tables", lx_take_text, FIELD(edition), LX_DEFAULT_EDITION},
    {"side", "external|internal", "which of the role's two networks", take_side, FIELD(side), "external"},
    {"site", "FILE", "site file: your own addresses, choices and rows", lx_take_text, FIELD(site)},
    {"set", "NAME=ADDR[,ADDR...]", "addresses for a group or self; overrides the site file", take_setting,
     FIELD(settings)},
    {"without", "OPTION", "close the rows of an option; repeatable", lx_take_word, FIELD(without)},
    {"open", "OPTION", "open the rows of an option that is off otherwise; repeatable", lx_take_word, FIELD(open)},
    {"workload", "WORKLOAD", "open only the rows that a workload needs; repeatable", lx_take_word, FIELD(workloads)},
    {"lb", "hardware|dns", "which table of a load-balanced role", take_lb, FIELD(lb), "hardware"},
    {"policy", "FILE", "policy file with roles of your own; repeatable", lx_take_word, FIELD(policies)},
};

struct lx_option_set lx_policy_option_set(struct lx_policy_options *options)
{
    return (struct lx_option_set)LX_OPTION_SET(policy_options, options);
}

static const struct lx_option enforcement_options[] = {
    {"egress", "track|enforce|off", "what the role sends and no row lists: pass and count, drop, or do not filter",
     take_egress, FIELD(egress), "track; on a pair enforce for Edge and reverse-proxy roles"},
    {"audit", NULL, "drop nothing; count what would have been dropped", lx_take_flag, FIELD(audit)},
};

struct lx_option_set lx_enforcement_option_set(struct lx_policy_options *options)
{
    return (struct lx_option_set)LX_OPTION_SET(enforcement_options, options);
}

void lx_change_option_sets(struct lx_policy_options *options, struct lx_words *given,
                           const struct lx_option_set *negations, struct lx_option_set sets[LX_CHANGE_OPTION_SETS])
{
    sets[0] = lx_policy_option_set(options);
    sets[1] = lx_enforcement_option_set(options);
    sets[2] = *negations;
    for (int set = 0; set < LX_CHANGE_OPTION_SETS; set++) {
        sets[set].words = given;
        sets[set].clears = true;
    }
}

int lx_policy_options_take_roles(struct lx_policy_options *options, const struct lx_arguments *arguments,
                                 const char *verb)
{
    int result = LX_EXIT_DONE;

    for (size_t i = 0; result == LX_EXIT_DONE && i < arguments->count; i++)
        result = lx_take_word(&options->roles, arguments->items[i]);
    if (result == LX_EXIT_DONE && !options->roles.count)
        result = lx_usage_error("%s takes a role; 'lyncxdp roles' lists them", verb);
    return result;
}

bool lx_policy_options_given(const struct lx_policy_options *options)
{
    return options->roles.count || options->edition || options->side || options->lb || options->site ||
           options->settings.count || options->without.count || options->open.count || options->workloads.count ||
           options->policies.count;
}

void lx_policy_options_free(struct lx_policy_options *options)
{
    lx_words_free(&options->roles);
    lx_words_free(&options->without);
    lx_words_free(&options->open);
    lx_words_free(&options->workloads);
    lx_words_free(&options->policies);
    for (size_t i = 0; i < options->settings.count; i++) {
        free(options->settings.items[i].name);
        free(options->settings.items[i].prefixes);
    }
    free(options->settings.items);
}
