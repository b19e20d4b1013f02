/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads tables and sites, and turns them into a policy. */
#include "tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "editions.h"
#include "user/cli/print/output.h"

/* The policy files in the order given, and last the edition: each is where a role is looked for that none before has.
 */
static int read_files(const struct lx_policy_options *options, struct lx_tables *tables)
{
    size_t files = options->policies.count + 1;
    int result = LX_EXIT_DONE;

    tables->files = calloc(files, sizeof(*tables->files));
    if (!tables->files)
        return lx_memory_error();
    for (size_t i = 0; i < files; i++) {
        int one = i < options->policies.count
                      ? lx_policy_open(options->policies.items[i], tables->kept, &tables->files[i])
                      : lx_edition_read(options->edition ?: LX_DEFAULT_EDITION, tables->kept, &tables->files[i]);

        tables->file_count++;
        if (one != LX_EXIT_DONE)
            result = one; /* the mistakes of the other files are reported in the same run */
        if (i)
            tables->files[i - 1].next = &tables->files[i];
    }
    return result;
}

static int read_site(const char *path, struct lx_tables *tables)
{
    struct lx_diagnostics diagnostics = {0};
    FILE *stream = lx_open_input(path, tables->kept);
    int error;

    if (!stream)
        return LX_EXIT_POLICY;
    error = lx_site_read(stream, path, tables->kept, &tables->site, &tables->site_files, &diagnostics);
    fclose(stream);
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    return lx_read_exit(error, path);
}

/* The editions that nobody asked for. A site may be one for several: what is unknown here may be known there. */
static int read_elsewhere(const struct lx_policy_options *options, struct lx_tables *tables)
{
    struct lx_policy_file *last = NULL;
    struct lx_words editions = {0};
    int result = lx_editions(tables->kept, &editions);

    if (result == LX_EXIT_DONE && !(tables->elsewhere = calloc(editions.count, sizeof(*tables->elsewhere))))
        result = lx_memory_error();
    for (size_t i = 0; result == LX_EXIT_DONE && i < editions.count; i++) {
        struct lx_policy_file *file = &tables->elsewhere[tables->elsewhere_count];

        if (!strcmp(editions.items[i], options->edition ?: LX_DEFAULT_EDITION) ||
            lx_edition_try(editions.items[i], tables->kept, file))
            continue;
        if (last)
            last->next = file;
        last = file;
        tables->elsewhere_count++;
    }
    lx_words_free(&editions);
    return result;
}

int lx_tables_read(const struct lx_policy_options *options, struct lx_tables *tables)
{
    int result = read_files(options, tables), site = LX_EXIT_DONE;

    if (options->site) {
        site = read_site(options->site, tables);
        tables->has_site = site == LX_EXIT_DONE;
        if (tables->has_site)
            site = read_elsewhere(options, tables);
    }
    return result != LX_EXIT_DONE ? result : site;
}

void lx_tables_free(struct lx_tables *tables)
{
    for (size_t i = 0; i < tables->file_count; i++)
        lx_policy_file_free(&tables->files[i]);
    free(tables->files);
    for (size_t i = 0; i < tables->elsewhere_count; i++)
        lx_policy_file_free(&tables->elsewhere[i]);
    free(tables->elsewhere);
    if (tables->has_site)
        lx_site_free(&tables->site);
    lx_words_free(&tables->site_files);
}

struct lx_request lx_policy_request(const struct lx_tables *tables, const struct lx_policy_options *options)
{
    return (struct lx_request){
        .roles = options->roles,
        .side = options->side,
        .settings = options->settings.items,
        .setting_count = options->settings.count,
        .without = options->without,
        .open = options->open,
        .workloads = options->workloads,
        .lb = options->lb,
        .elsewhere = tables->elsewhere,
    };
}

int lx_resolve_exit(int error, struct lx_diagnostics *diagnostics)
{
    lx_print_diagnostics(diagnostics);
    lx_diagnostics_free(diagnostics);
    switch (error) {
    case 0:
        return LX_EXIT_DONE;
    case -ENOENT:  /* no such role */
    case -ENOTSUP: /* a side on a role without sides */
        return LX_EXIT_USAGE;
    case -ENOMEM:
        return lx_memory_error();
    default:
        return LX_EXIT_POLICY;
    }
}

int lx_tables_resolve(const struct lx_tables *tables, const struct lx_policy_options *options, struct lx_policy *policy)
{
    struct lx_request request = lx_policy_request(tables, options);
    struct lx_diagnostics diagnostics = {0};
    int error = lx_resolve(tables->files, tables->has_site ? &tables->site : NULL, &request, policy, &diagnostics);

    return lx_resolve_exit(error, &diagnostics);
}
