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

static int print_canonical(const struct lx_input_file *input, const struct lx_site *site)
{
    char *text = lx_input_file_canonical(input, site);

    if (!text)
        return lx_memory_error();
    fputs(text, stdout);
    free(text);
    return LX_EXIT_DONE;
}

static int print_input(const struct lx_input_file *input, bool canonical, const struct lx_site *site)
{
    size_t warnings = input->diagnostics.count - input->diagnostics.errors;
    char more[48] = "";
    size_t rows = 0;

    lx_print_diagnostics(&input->diagnostics);
    if (!input->sound)
        return LX_EXIT_DONE;
    if (canonical)
        return input->kind == LX_FILE_POLICY ? print_canonical(input, site) : LX_EXIT_DONE;
    if (warnings)
        snprintf(more, sizeof(more), ", %zu warning%s", warnings, lx_plural(warnings));
    for (size_t i = 0; i < input->policy.role_count; i++)
        rows += input->policy.roles[i].row_count;
    if (input->kind == LX_FILE_DECLARATION)
        lx_print("%s: ok, declaration, %zu interface%s%s\n", input->path, input->declaration.count,
                 lx_plural(input->declaration.count), more);
    else if (input->kind == LX_FILE_SITE)
        lx_print("%s: ok, site, %zu group%s, %zu row%s%s\n", input->path, input->site.group_count,
                 lx_plural(input->site.group_count), input->site.row_count, lx_plural(input->site.row_count), more);
    else
        lx_print("%s: ok, %zu role%s, %zu row%s%s\n", input->path, input->policy.role_count,
                 lx_plural(input->policy.role_count), rows, lx_plural(rows), more);
    return LX_EXIT_DONE;
}

/* A sound file joins the policy that --role then builds. */
static int use(const struct lx_input_file *input, struct check_options *options)
{
    if (input->kind == LX_FILE_DECLARATION)
        return LX_EXIT_DONE;
    if (input->kind == LX_FILE_POLICY)
        return lx_take_word(&options->policy.policies, input->path);
    if (options->policy.site && options->policy.roles.count)
        return lx_usage_error("'%s' and '%s' are both sites; a role is checked against one", options->policy.site,
                              input->path);
    options->policy.site = input->path;
    return LX_EXIT_DONE;
}

/* What passed, for people. */
static void print_ok(const char *what, const struct lx_compiled_policy *checked, const struct check_options *options)
{
    if (!options->json && !options->canonical)
        lx_print("%s: ok, %zu row%s open, an image of %u bytes\n", what, checked->policy.rule_count,
                 lx_plural(checked->policy.rule_count), checked->compiled.image->size);
}

/* Builds what attach would put in force. */
static int check_role(const struct check_options *options)
{
    struct lx_compiled_policy compiled_policy = {0};
    const struct lx_policy *policy = &compiled_policy.policy;
    char what[128];
    int result = lx_compose(&options->policy, false, &compiled_policy);

    if (result == LX_EXIT_DONE)
        result = lx_compiled_policy_build(&compiled_policy);
    if (result == LX_EXIT_DONE) {
        lx_warn_of_any_self(policy);
        snprintf(what, sizeof(what), "%s%s", policy->roles.items[0], policy->roles.count > 1 ? " and more" : "");
        print_ok(what, &compiled_policy, options);
    }
    lx_compiled_policy_free(&compiled_policy);
    return result;
}

static int check_declared(const struct lx_declared *declared, const struct check_options *options)
{
    struct lx_interface_config config = {0};
    int result = lx_interface_config_compose("check", declared, &config);

    if (result != LX_EXIT_DONE) {
        lx_print_error("%s:%u: %s cannot be attached like this", declared->place.file, declared->place.line,
                       declared->interface);
    } else {
        lx_warn_of_any_self(&config.policy.compiled_policy.policy);
        lx_warn_of_old_lists(&config.policy.compiled_policy.policy);
        print_ok(declared->interface, &config.policy.compiled_policy, options);
    }
    lx_interface_config_free(&config);
    return result;
}

/* Builds what apply would put in force, on every interface. */
static int check_declaration(const struct lx_input_file *input, const struct check_options *options)
{
    int result = LX_EXIT_DONE;

    for (size_t i = 0; input->sound && i < input->declaration.count; i++) {
        int one = check_declared(&input->declaration.items[i], options);

        if (one != LX_EXIT_DONE)
            result = one;
    }
    return result;
}

/* The first sound site among the files, or NULL. */
static const struct lx_site *the_site(const struct lx_input_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (files[i].kind == LX_FILE_SITE && files[i].sound)
            return &files[i].site;
    return NULL;
}

/* Says what was found, and prepares what --role needs. */
static int report_all(const struct lx_input_file *files, size_t count, struct check_options *options)
{
    json_t *report = options->json ? json_array() : NULL;
    const struct lx_site *site = the_site(files, count);
    int result = LX_EXIT_DONE, one;

    for (size_t i = 0; i < count && result == LX_EXIT_DONE; i++) {
        if (!options->json)
            result = print_input(&files[i], options->canonical, site);
        else if (lx_json_add(report, lx_input_file_report(&files[i], options->canonical, site)))
            result = lx_memory_error();
        if (result == LX_EXIT_DONE && files[i].sound)
            result = use(&files[i], options);
    }
    if (!options->json)
        return result;
    one = lx_print_json(report);
    return result != LX_EXIT_DONE ? result : one;
}

static int check(struct lx_input_file *files, const struct lx_arguments *arguments, struct check_options *options)
{
    int result = LX_EXIT_DONE, one;
    size_t policies = 0;

    for (size_t i = 0; i < arguments->count; i++) {
        one = lx_input_file_read(arguments->items[i], &files[i]);
        if (one != LX_EXIT_DONE)
            result = one;
        policies += files[i].sound && files[i].kind == LX_FILE_POLICY;
    }
    if (options->canonical && !options->json && policies > 1)
        return lx_usage_error("--canonical prints one policy; name one");
    one = lx_input_file_lint(files, arguments->count);
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
    struct lx_input_file *files;
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
        lx_input_file_free(&files[i]);
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
