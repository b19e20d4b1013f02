/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a file as what it looks like, with the readers that attach uses, and lets lint have its say. */
#include "input_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "editions.h"
#include "user/cli/print/output.h"
#include "user/core/policy/lint.h"
#include "user/core/policy/policy_print.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_policy.h"
#include "user/core/resolve/group_dates.h"
#include "user/core/text/yaml_tree.h"

/* Whether a key is among those, NULL at their end. */
static bool among(const char *key, const char *const *keys)
{
    while (*keys && strcmp(key, *keys) != 0)
        keys++;
    return *keys;
}

/* The top levels of the three have different keys, but for `include`, which policies and sites have. */
static enum lx_file_kind kind_of(const struct lx_tree *tree)
{
    static const char *const sites[] = {"site",   "self",        "groups", "options",  "built-in", "vlans",
                                        "bypass", "watch-ports", "rows",   "override", NULL};
    static const char *const policies[] = {"edition", "documents", "workloads", "sets", "roles", NULL};
    static const char *const declarations[] = {"interfaces", "defaults", NULL};
    const struct lx_node *node =
        tree->count && tree->nodes->kind == LX_NODE_MAPPING ? lx_node_first(tree->nodes) : NULL;
    enum lx_file_kind kind = LX_FILE_POLICY;

    for (; node; node = lx_node_next(node) ? lx_node_next(lx_node_next(node)) : NULL) {
        const char *key = node->kind == LX_NODE_TEXT ? lx_node_text(tree, node) : "";

        if (among(key, policies))
            return LX_FILE_POLICY;
        if (among(key, declarations))
            return LX_FILE_DECLARATION;
        if (among(key, sites))
            kind = LX_FILE_SITE;
    }
    return kind;
}

/* Parses just to look at the top level; what is wrong is reported by the reader that follows. */
static enum lx_file_kind looks_like(FILE *stream, const char *path)
{
    struct lx_diagnostics unheard = {0};
    struct lx_tree tree = {0};
    struct lx_text text = {0};
    enum lx_file_kind kind = LX_FILE_POLICY;

    if (!lx_text_read(stream, path, &text, &unheard)) {
        if (!lx_tree_parse(&text, &tree, &unheard))
            kind = kind_of(&tree);
        lx_tree_free(&tree);
        lx_text_free(&text);
    }
    lx_diagnostics_free(&unheard);
    return kind;
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

static int read_as(struct lx_input_file *input, FILE *stream)
{
    switch (input->kind) {
    case LX_FILE_SITE:
        return lx_site_read(stream, input->path, NULL, &input->site, NULL, &input->diagnostics);
    case LX_FILE_DECLARATION:
        return lx_declaration_read(stream, input->path, &input->declaration, &input->diagnostics);
    default:
        return lx_policy_read(stream, input->path, NULL, &input->policy, &input->diagnostics);
    }
}

int lx_input_file_read(const char *path, struct lx_input_file *input)
{
    FILE *stream = lx_open_input(path, NULL), *kept;
    char *bytes = NULL;
    int error = -ENOMEM;

    *input = (struct lx_input_file){.path = path};
    if (!stream)
        return LX_EXIT_POLICY;
    kept = keep(stream, &bytes);
    if (ferror(stream)) {
        error = -EIO;
    } else if (kept) {
        input->kind = looks_like(kept, path);
        rewind(kept);
        error = read_as(input, kept);
    }
    input->sound = !error;
    if (kept)
        fclose(kept);
    fclose(stream);
    free(bytes);
    return lx_read_exit(error, path);
}

/* Puts policies behind each other, those of all editions and those among the files. Returns the first, or NULL. */
static struct lx_policy_file *chain(struct lx_policy_file *editions, size_t edition_count, struct lx_input_file *files,
                                    size_t count)
{
    struct lx_policy_file *first = NULL, *last = NULL;

    for (size_t i = 0; i < edition_count + count; i++) {
        struct lx_policy_file *file = i < edition_count ? &editions[i] : &files[i - edition_count].policy;

        if (!file->role_count)
            continue;
        if (last)
            last->next = file;
        else
            first = file;
        last = file;
    }
    return first;
}

/* Sites are held against everything that they may be used with: what is wrong with an edition is said aloud. */
static int lint_sites(struct lx_input_file *files, size_t count)
{
    struct lx_policy_file *editions, *policies;
    struct lx_words names = {0};
    int result = lx_editions(NULL, &names);

    editions = calloc(names.count + 1, sizeof(*editions));
    if (!editions)
        result = lx_memory_error();
    for (size_t i = 0; i < names.count && result == LX_EXIT_DONE; i++)
        result = lx_edition_read(names.items[i], NULL, &editions[i]);
    policies = editions && result == LX_EXIT_DONE ? chain(editions, names.count, files, count) : NULL;
    for (size_t i = 0; i < count && policies; i++)
        if (files[i].kind == LX_FILE_SITE && files[i].sound) {
            if (lx_lint_site(&files[i].site, policies, &files[i].diagnostics))
                result = lx_memory_error();
            lx_lint_lists(&files[i].site, (uint64_t)time(NULL), &files[i].diagnostics);
            files[i].sound = !files[i].diagnostics.errors;
        }
    for (size_t i = 0; i < count; i++)
        files[i].policy.next = NULL;
    for (size_t i = 0; i < names.count && editions; i++)
        lx_policy_file_free(&editions[i]);
    free(editions);
    lx_words_free(&names);
    return result;
}

int lx_input_file_lint(struct lx_input_file *files, size_t count)
{
    bool sites = false;

    for (size_t i = 0; i < count; i++) {
        sites = sites || (files[i].kind == LX_FILE_SITE && files[i].sound);
        if (files[i].kind == LX_FILE_POLICY && files[i].sound &&
            lx_lint_policy(&files[i].policy, &files[i].diagnostics))
            return lx_memory_error();
    }
    return sites ? lint_sites(files, count) : LX_EXIT_DONE;
}

char *lx_input_file_canonical(const struct lx_input_file *input, const struct lx_site *site)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    int error = stream ? lx_policy_print(&input->policy, site ? &site->overrides : NULL, stream) : -ENOMEM;

    if (stream && fclose(stream))
        error = -ENOMEM;
    if (!error)
        return text;
    free(text);
    return NULL;
}

static size_t count_rows(const struct lx_input_file *input)
{
    size_t rows = input->site.row_count;

    for (size_t i = 0; i < input->policy.role_count; i++)
        rows += input->policy.roles[i].row_count;
    return rows;
}

json_t *lx_input_file_report(const struct lx_input_file *input, bool canonical, const struct lx_site *site)
{
    static const char *const kinds[] = {
        [LX_FILE_POLICY] = "policy", [LX_FILE_SITE] = "site", [LX_FILE_DECLARATION] = "declaration"};
    char *text =
        canonical && input->sound && input->kind == LX_FILE_POLICY ? lx_input_file_canonical(input, site) : NULL;
    json_t *diagnostics = json_array(), *report;

    for (size_t i = 0; i < input->diagnostics.count; i++) {
        if (lx_json_add(diagnostics, lx_report_diagnostic(&input->diagnostics.items[i]))) {
            json_decref(diagnostics);
            free(text);
            return NULL;
        }
    }
    report = json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:o}", "file", input->path, "kind", kinds[input->kind],
                       "ok", input->sound, "roles", (json_int_t)input->policy.role_count, "rows",
                       (json_int_t)count_rows(input), "groups", (json_int_t)input->site.group_count, "interfaces",
                       (json_int_t)input->declaration.count, "diagnostics", diagnostics);
    if (text && report && json_object_set_new(report, "canonical", json_string(text))) {
        json_decref(report);
        report = NULL;
    }
    free(text);
    return report;
}

void lx_input_file_free(struct lx_input_file *input)
{
    lx_policy_file_free(&input->policy);
    lx_site_free(&input->site);
    lx_declaration_free(&input->declaration);
    lx_diagnostics_free(&input->diagnostics);
}
