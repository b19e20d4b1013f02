/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * check: looks for mistakes in policy and site files with the parser that attach uses. With --role it goes all the way
 * to the image, so that what it finds sound can be attached.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/report.h"
#include "../core/report_json.h"
#include "../core/yaml_tree.h"
#include "editions.h"
#include "output.h"
#include "tables.h"
#include "verb.h"

struct check_options {
    struct lx_policy_options policy;
    bool json;
};

static const struct lx_option options_of_check[] = {
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct check_options, json)},
};

/* What a file turned out to be, and to hold. */
struct finding {
    bool site;
    size_t roles, rows, groups;
    struct lx_diagnostics diagnostics;
};

/* A site's top level has other keys than a policy's. */
static bool is_site(const struct lx_tree *tree)
{
    static const char *const keys[] = {"site", "self", "groups", "options", "built-in", "vlans", "watch-ports", "rows"};
    const struct lx_node *node =
        tree->count && tree->nodes->kind == LX_NODE_MAPPING ? lx_node_first(tree->nodes) : NULL;
    bool site = false;

    for (; node; node = lx_node_next(node) ? lx_node_next(lx_node_next(node)) : NULL) {
        const char *key = node->kind == LX_NODE_TEXT ? lx_node_text(tree, node) : "";

        if (!strcmp(key, "edition") || !strcmp(key, "roles"))
            return false;
        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
            site = site || !strcmp(key, keys[i]);
    }
    return site;
}

/* Parses just to look at the top level; what is wrong is told by the reader that follows. */
static bool looks_like_site(FILE *stream, const char *path)
{
    struct lx_diagnostics unheard = {0};
    struct lx_tree tree = {0};
    struct lx_text text = {0};
    bool site = false;

    if (!lx_text_read(stream, path, &text, &unheard)) {
        if (!lx_tree_parse(&text, &tree, &unheard))
            site = is_site(&tree);
        lx_tree_free(&tree);
        lx_text_free(&text);
    }
    lx_diagnostics_free(&unheard);
    return site;
}

static int check_site(FILE *stream, const char *path, struct finding *finding)
{
    struct lx_site site;
    int error = lx_site_file_read(stream, path, &site, &finding->diagnostics);

    if (error)
        return error;
    finding->groups = site.group_count;
    finding->rows = site.row_count;
    lx_site_free(&site);
    return 0;
}

static int check_policy(FILE *stream, const char *path, struct finding *finding)
{
    struct lx_policy_file file;
    int error = lx_policy_read(stream, path, &file, &finding->diagnostics);

    if (error)
        return error;
    finding->roles = file.role_count;
    for (size_t i = 0; i < file.role_count; i++)
        finding->rows += file.roles[i].row_count;
    lx_policy_file_free(&file);
    return 0;
}

/* The whole of a stream, or as much as is more than a file may hold: it is read twice, and may be a pipe. */
static FILE *keep(FILE *stream, char **bytes)
{
    size_t size;

    *bytes = malloc(LX_FILE_LIMIT + 2);
    if (!*bytes)
        return NULL;
    size = fread(*bytes, 1, LX_FILE_LIMIT + 1, stream);
    if (!size)
        (*bytes)[size++] = '\n'; /* fmemopen refuses an empty buffer */
    return fmemopen(*bytes, size, "r");
}

static int check_stream(FILE *stream, const char *path, struct finding *finding)
{
    int error;

    finding->site = looks_like_site(stream, path);
    rewind(stream);
    error = finding->site ? check_site(stream, path, finding) : check_policy(stream, path, finding);
    if (error == -ENOMEM)
        return lx_memory_error();
    if (error == -EIO)
        lx_print_error("'%s' cannot be read: input/output error", path);
    return error ? LX_EXIT_POLICY : LX_EXIT_DONE;
}

static int check_file(const char *path, struct finding *finding)
{
    FILE *stream = lx_open_input(path), *kept;
    char *bytes = NULL;
    int result;

    if (!stream)
        return LX_EXIT_POLICY;
    kept = keep(stream, &bytes);
    if (ferror(stream)) {
        lx_print_error("'%s' cannot be read: input/output error", path);
        result = LX_EXIT_POLICY;
    } else {
        result = kept ? check_stream(kept, path, finding) : lx_memory_error();
    }
    if (kept)
        fclose(kept);
    fclose(stream);
    free(bytes);
    return result;
}

static json_t *report_finding(const char *path, const struct finding *finding, bool ok)
{
    json_t *diagnostics = json_array();

    for (size_t i = 0; i < finding->diagnostics.count; i++) {
        if (lx_json_add(diagnostics, lx_report_diagnostic(&finding->diagnostics.items[i]))) {
            json_decref(diagnostics);
            return NULL;
        }
    }
    return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "file", path, "kind", finding->site ? "site" : "policy",
                     "ok", ok, "roles", (json_int_t)finding->roles, "rows", (json_int_t)finding->rows, "groups",
                     (json_int_t)finding->groups, "diagnostics", diagnostics);
}

static void print_finding(const char *path, const struct finding *finding, bool ok)
{
    lx_print_diagnostics(&finding->diagnostics);
    if (ok && finding->site)
        printf("%s: ok, site, %zu groups, %zu rows\n", path, finding->groups, finding->rows);
    else if (ok)
        printf("%s: ok, %zu roles, %zu rows\n", path, finding->roles, finding->rows);
}

/* Checks one file and says so. A sound one joins the policy that --role then builds. */
static int check_one(const char *path, struct check_options *options, json_t *report)
{
    struct finding finding = {0};
    int result = check_file(path, &finding);
    bool ok = result == LX_EXIT_DONE;

    if (!options->json)
        print_finding(path, &finding, ok);
    else if (lx_json_add(report, report_finding(path, &finding, ok)))
        result = lx_memory_error();
    lx_diagnostics_free(&finding.diagnostics);
    if (!ok)
        return result;
    if (!finding.site)
        return lx_take_word(&options->policy.policies, path);
    if (options->policy.site && options->policy.roles.count)
        return lx_usage_error("'%s' and '%s' are both sites; a role is checked against one", options->policy.site,
                              path);
    options->policy.site = path;
    return result;
}

/* Builds what attach would put in force. */
static int check_role(const struct check_options *options)
{
    struct lx_tables tables = {0};
    struct lx_policy policy = {0};
    struct lx_compiled compiled = {0};
    int result = lx_tables_read(&options->policy, &tables);

    if (result == LX_EXIT_DONE)
        result = lx_tables_resolve(&tables, &options->policy, &policy);
    if (result == LX_EXIT_DONE)
        result = lx_policy_compile(&policy, &compiled);
    if (result == LX_EXIT_DONE && !options->json)
        printf("%s%s: ok, %zu rows open, an image of %u bytes\n", policy.roles.items[0],
               policy.roles.count > 1 ? " and more" : "", policy.rule_count, compiled.image->size);
    lx_compiled_free(&compiled);
    lx_policy_free(&policy);
    lx_tables_free(&tables);
    return result;
}

static int run(struct check_options *options, const struct lx_arguments *arguments)
{
    int result = LX_EXIT_DONE, printed = LX_EXIT_DONE;
    json_t *report;

    if (!arguments->count)
        return lx_usage_error("check takes policy or site files");
    if (!options->policy.roles.count && lx_policy_options_given(&options->policy))
        return lx_usage_error("these options describe a policy of a role: name it with --role");
    report = json_array();
    if (!report)
        return lx_memory_error();
    for (size_t i = 0; i < arguments->count; i++) {
        int one = check_one(arguments->items[i], options, report);

        if (one != LX_EXIT_DONE)
            result = one;
    }
    if (result == LX_EXIT_DONE && options->policy.roles.count)
        result = check_role(options);
    if (options->json)
        printed = lx_print_json(json_incref(report));
    json_decref(report);
    return result != LX_EXIT_DONE ? result : printed;
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
