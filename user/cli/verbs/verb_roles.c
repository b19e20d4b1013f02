/* SPDX-License-Identifier: GPL-2.0-only */
/* roles: the roles of every edition, their sides, and how many rows their tables print. Text stands by edition. */
#include <stdio.h>
#include <string.h>

#include "user/cli/options/options.h"
#include "user/cli/policy/editions.h"
#include "user/cli/print/output.h"
#include "user/cli/print/table.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_policy.h"
#include "verb.h"

struct roles_options {
    const char *edition;
    bool json;
};

static const struct lx_option options_of_roles[] = {
    {"edition", "EDITION", "only the roles of this edition", lx_take_text, offsetof(struct roles_options, edition)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct roles_options, json)},
};

static const struct lx_column columns[] = {
    {"ROLE", "role", false, false},
    {"SIDES", "sides", false, false},
    {"ROWS", "rows", true, false},
    {"CLOSED UNTIL --open", "closed", false, true},
};

static int add_edition(const char *edition, json_t *report)
{
    struct lx_policy_file file = {0};
    int result = lx_edition_read(edition, NULL, &file);

    for (size_t i = 0; result == LX_EXIT_DONE && i < file.role_count; i++)
        if (lx_json_add(report, lx_report_role(&file, &file.roles[i])))
            result = lx_memory_error();
    lx_policy_file_free(&file);
    return result;
}

static int add_all(json_t *report)
{
    struct lx_words editions = {0};
    int result = lx_editions(NULL, &editions);

    for (size_t i = 0; i < editions.count; i++) {
        int one = add_edition(editions.items[i], report);

        if (one != LX_EXIT_DONE)
            result = one;
    }
    lx_words_free(&editions);
    return result;
}

static bool same_edition(const json_t *left, const json_t *right)
{
    return !strcmp(json_string_value(json_object_get(left, "edition")),
                   json_string_value(json_object_get(right, "edition")));
}

/* A heading and a table for each edition; its roles stand together in the report. */
static int print_text(const json_t *report)
{
    int result = LX_EXIT_DONE;

    for (size_t first = 0, i; result == LX_EXIT_DONE && first < json_array_size(report); first = i) {
        const json_t *head = json_array_get(report, first);
        json_t *roles = json_array();

        for (i = first; i < json_array_size(report) && same_edition(head, json_array_get(report, i)); i++)
            if (json_array_append(roles, json_array_get(report, i)))
                result = lx_memory_error();
        lx_print("%s%s\n", first ? "\n" : "", json_string_value(json_object_get(head, "edition")));
        if (result == LX_EXIT_DONE)
            result = lx_print_table(roles, columns, sizeof(columns) / sizeof(*columns));
        json_decref(roles);
    }
    return result;
}

int lx_verb_roles(int argc, char **argv)
{
    struct roles_options options = {0};
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_roles, &options)};
    struct lx_arguments arguments;
    json_t *report;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    if (arguments.count)
        return lx_usage_error("roles takes no arguments; 'lyncxdp show %s' lists the rows of a role",
                              arguments.items[0]);
    report = json_array();
    if (!report)
        return lx_memory_error();
    result = options.edition ? add_edition(options.edition, report) : add_all(report);
    if (result == LX_EXIT_DONE)
        result = options.json ? lx_print_json(json_incref(report)) : print_text(report);
    json_decref(report);
    return result;
}
