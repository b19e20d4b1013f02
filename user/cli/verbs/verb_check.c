/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * check: looks for mistakes in policy, site and declaration files with the parsers that attach and apply use, and for
 * what is probably not meant. Declared interfaces, and roles with --role, go all the way to the image, so that what it
 * finds sound can be attached.
 */
#include <stdio.h>
#include <stdlib.h>

#include "user/cli/change/activate.h"
#include "user/cli/policy/compiled_policy.h"
#include "user/cli/policy/input_file.h"
#include "user/cli/policy/interface_config.h"
#include "user/cli/print/output.h"
#include "user/core/report/report_json.h"
#include "verb.h"

struct check_options {
    struct lx_policy_options policy;
    bool canonical, json;
};

static const struct lx_option options_of_check[] = {
    {"canonical", NULL, "print a policy in its canonical form", lx_take_flag,
     offsetof(struct check_options, canonical)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct check_options, json)},
};

static int print_canonical(const struct lx_checked *checked)
{
    char *text = lx_checked_canonical(checked);

    if (!text)
        return lx_memory_error();
    fputs(text, stdout);
    free(text);
    return LX_EXIT_DONE;
}

static int print_checked(const struct lx_checked *checked, bool canonical)
{
    size_t warnings = checked->diagnostics.count - checked->diagnostics.errors;
    char more[48] = "";
    size_t rows = 0;

    lx_print_diagnostics(&checked->diagnostics);
    if (!checked->sound)
        return LX_EXIT_DONE;
    if (canonical)
        return checked->kind == LX_FILE_POLICY ? print_canonical(checked) : LX_EXIT_DONE;
    if (warnings)
        snprintf(more, sizeof(more), ", %zu warning%s", warnings, lx_plural(warnings));
    for (size_t i = 0; i < checked->policy.role_count; i++)
        rows += checked->policy.roles[i].row_count;
    if (checked->kind == LX_FILE_DECLARATION)
        lx_print("%s: ok, declaration, %zu interface%s%s\n", checked->path, checked->declaration.count,
                 lx_plural(checked->declaration.count), more);
    else if (checked->kind == LX_FILE_SITE)
        lx_print("%s: ok, site, %zu group%s, %zu row%s%s\n", checked->path, checked->site.group_count,
                 lx_plural(checked->site.group_count), checked->site.row_count, lx_plural(checked->site.row_count),
                 more);
    else
        lx_print("%s: ok, %zu role%s, %zu row%s%s\n", checked->path, checked->policy.role_count,
                 lx_plural(checked->policy.role_count), rows, lx_plural(rows), more);
    return LX_EXIT_DONE;
}

/* A sound file joins the policy that --role then builds. */
static int use(const struct lx_checked *checked, struct check_options *options)
{
    if (checked->kind == LX_FILE_DECLARATION)
        return LX_EXIT_DONE;
    if (checked->kind == LX_FILE_POLICY)
        return lx_take_word(&options->policy.policies, checked->path);
    if (options->policy.site && options->policy.roles.count)
        return lx_usage_error("'%s' and '%s' are both sites; a role is checked against one", options->policy.site,
                              checked->path);
    options->policy.site = checked->path;
    return LX_EXIT_DONE;
}

/* Builds what attach would put in force. */
static int check_role(const struct check_options *options)
{
    struct lx_compiled_policy composed = {0};
    const struct lx_policy *policy = &composed.policy;
    int result = lx_compose(&options->policy, false, &composed);

    if (result == LX_EXIT_DONE)
        result = lx_compiled_policy_build(&composed);
    if (result == LX_EXIT_DONE)
        lx_warn_of_any_self(policy);
    if (result == LX_EXIT_DONE && !options->json && !options->canonical)
        lx_print("%s%s: ok, %zu row%s open, an image of %u bytes\n", policy->roles.items[0],
                 policy->roles.count > 1 ? " and more" : "", policy->rule_count, lx_plural(policy->rule_count),
                 composed.compiled.image->size);
    lx_compiled_policy_free(&composed);
    return result;
}

static int check_declared(const struct lx_declared *declared, const struct check_options *options)
{
    struct lx_asked asked = {0};
    int result = lx_declared_compose("check", declared, &asked);
    const struct lx_compiled_policy *composed = &asked.policy.composed;

    if (result != LX_EXIT_DONE)
        lx_print_error("%s:%u: %s cannot be attached like this", declared->place.file, declared->place.line,
                       declared->interface);
    else
        lx_warn_of_any_self(&composed->policy);
    if (result == LX_EXIT_DONE && !options->json && !options->canonical)
        lx_print("%s: ok, %zu row%s open, an image of %u bytes\n", declared->interface, composed->policy.rule_count,
                 lx_plural(composed->policy.rule_count), composed->compiled.image->size);
    lx_asked_free(&asked);
    return result;
}

/* Builds what apply would put in force, on every interface. */
static int check_declaration(const struct lx_checked *checked, const struct check_options *options)
{
    int result = LX_EXIT_DONE;

    for (size_t i = 0; checked->sound && i < checked->declaration.count; i++) {
        int one = check_declared(&checked->declaration.items[i], options);

        if (one != LX_EXIT_DONE)
            result = one;
    }
    return result;
}

/* Says what was found, and prepares what --role needs. */
static int report_all(const struct lx_checked *files, size_t count, struct check_options *options)
{
    json_t *report = options->json ? json_array() : NULL;
    int result = LX_EXIT_DONE, one;

    for (size_t i = 0; i < count && result == LX_EXIT_DONE; i++) {
        if (!options->json)
            result = print_checked(&files[i], options->canonical);
        else if (lx_json_add(report, lx_checked_report(&files[i], options->canonical)))
            result = lx_memory_error();
        if (result == LX_EXIT_DONE && files[i].sound)
            result = use(&files[i], options);
    }
    if (!options->json)
        return result;
    one = lx_print_json(report);
    return result != LX_EXIT_DONE ? result : one;
}

static int check(struct lx_checked *files, const struct lx_arguments *arguments, struct check_options *options)
{
    int result = LX_EXIT_DONE, one;
    size_t policies = 0;

    for (size_t i = 0; i < arguments->count; i++) {
        one = lx_checked_read(arguments->items[i], &files[i]);
        if (one != LX_EXIT_DONE)
            result = one;
        policies += files[i].sound && files[i].kind == LX_FILE_POLICY;
    }
    if (options->canonical && !options->json && policies > 1)
        return lx_usage_error("--canonical prints one policy; name one");
    one = lx_checked_lint(files, arguments->count);
    if (one == LX_EXIT_DONE)
        one = report_all(files, arguments->count, options);
    if (result == LX_EXIT_DONE)
        result = one;
    for (size_t i = 0; i < arguments->count && result == LX_EXIT_DONE; i++)
        result = files[i].sound ? LX_EXIT_DONE : LX_EXIT_POLICY; /* names that no table knows */
    if (result == LX_EXIT_DONE && options->policy.roles.count)
        result = check_role(options);
    for (size_t i = 0; i < arguments->count && result == LX_EXIT_DONE; i++)
        result = check_declaration(&files[i], options);
    return result;
}

static int run(struct check_options *options, const struct lx_arguments *arguments)
{
    struct lx_checked *files;
    int result;

    if (!arguments->count)
        return lx_usage_error("check takes policy, site or declaration files");
    if (!options->policy.roles.count && lx_policy_options_given(&options->policy))
        return lx_usage_error("these options describe a policy of a role: name it with --role");
    files = calloc(arguments->count, sizeof(*files));
    if (!files)
        return lx_memory_error();
    result = check(files, arguments, options);
    for (size_t i = 0; i < arguments->count; i++)
        lx_checked_free(&files[i]);
    free(files);
    return result;
}

int lx_verb_check(int argc, char **argv)
{
    struct check_options options = {0};
    const struct lx_option_set sets[] = {lx_policy_option_set(&options.policy),
                                         LX_OPTION_SET(options_of_check, &options)};
    struct lx_arguments arguments;
    int result;

    if (lx_options_read(argc, argv, sets, 2, &arguments, &result))
        result = run(&options, &arguments);
    lx_policy_options_free(&options.policy);
    return result;
}
