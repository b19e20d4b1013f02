/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads tables and sites, and turns them into a policy and its image. */
#include "tables.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/spelling.h"
#include "output.h"

#ifndef LYNCXDP_POLICY_DIR
#define LYNCXDP_POLICY_DIR "/usr/local/share/lyncxdp/policies"
#endif

#define SUFFIX ".yaml"

/*
 * The policies that came with this executable: those of its tree for a tree's build/lyncxdp, else share/lyncxdp beside
 * the directory that it is installed in, so that it may be installed with another PREFIX than it was built with.
 */
static bool own_directory(char directory[PATH_MAX])
{
    char path[PATH_MAX], *folder;
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    const char *policies = "share/lyncxdp/policies";
    struct stat status;

    if (length < 0)
        return false;
    path[length] = '\0';
    folder = dirname(path);
    if (!strcmp(strrchr(folder, '/') ?: "", "/build"))
        policies = "policies";
    return snprintf(directory, PATH_MAX, "%s/%s", dirname(folder), policies) < PATH_MAX && !stat(directory, &status) &&
           S_ISDIR(status.st_mode);
}

static const char *policy_directory(char buffer[PATH_MAX])
{
    const char *chosen = getenv("LYNCXDP_POLICIES");

    if (chosen && *chosen)
        return chosen;
    return own_directory(buffer) ? buffer : LYNCXDP_POLICY_DIR;
}

FILE *lx_open_input(const char *path)
{
    FILE *stream = fopen(path, "re");
    struct stat status;

    if (!stream) {
        lx_print_error("'%s' cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    if (!fstat(fileno(stream), &status) && S_ISDIR(status.st_mode)) {
        lx_print_error("'%s' is a directory; name the file in it", path);
        fclose(stream);
        return NULL;
    }
    return stream;
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static int add_edition(struct lx_words *editions, const char *file)
{
    char name[NAME_MAX + 1];
    size_t length = strlen(file);

    if (file[0] == '.' || length <= strlen(SUFFIX) || strcmp(file + length - strlen(SUFFIX), SUFFIX))
        return LX_EXIT_DONE;
    snprintf(name, sizeof(name), "%.*s", (int)(length - strlen(SUFFIX)), file);
    return lx_words_add(editions, name) ? lx_memory_error() : LX_EXIT_DONE;
}

int lx_editions(struct lx_words *editions)
{
    char buffer[PATH_MAX];
    const char *path = policy_directory(buffer);
    DIR *directory = opendir(path);
    int result = LX_EXIT_DONE;
    struct dirent *entry;

    if (!directory) {
        lx_print_error("the policy directory '%s' cannot be read: %s; LYNCXDP_POLICIES names another", path,
                       strerror(errno));
        return LX_EXIT_POLICY;
    }
    while (result == LX_EXIT_DONE && (entry = readdir(directory)))
        result = add_edition(editions, entry->d_name);
    closedir(directory);
    if (result == LX_EXIT_DONE && !editions->count) {
        lx_print_error("the policy directory '%s' has no edition in it; LYNCXDP_POLICIES names another", path);
        result = LX_EXIT_POLICY;
    }
    if (editions->count)
        qsort(editions->items, editions->count, sizeof(*editions->items), compare_words);
    return result;
}

static int unknown_edition(const char *edition, const struct lx_words *editions)
{
    const char *nearest = lx_nearest(edition, (const char *const *)editions->items, editions->count);

    if (nearest)
        return lx_usage_error("there is no edition '%s'; did you mean '%s'?", edition, nearest);
    return lx_usage_error("there is no edition '%s'; 'lyncxdp roles' lists them", edition);
}

/* What a reader's return value means to the command line. */
static int read_result(int error, const char *path)
{
    if (error == -ENOMEM)
        return lx_memory_error();
    if (error == -EIO)
        lx_print_error("'%s' cannot be read: input/output error", path);
    return error ? LX_EXIT_POLICY : LX_EXIT_DONE;
}

static int read_policy_file(const char *path, struct lx_policy_file *file)
{
    struct lx_diagnostics diagnostics = {0};
    FILE *stream = lx_open_input(path);
    int error;

    if (!stream)
        return LX_EXIT_POLICY;
    error = lx_policy_file_read(stream, path, file, &diagnostics);
    fclose(stream);
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    return read_result(error, path);
}

int lx_edition_read(const char *edition, struct lx_policy_file *file)
{
    char buffer[PATH_MAX], path[PATH_MAX];
    const char *directory = policy_directory(buffer);
    struct lx_words editions = {0};
    int result = lx_editions(&editions);

    if (result == LX_EXIT_DONE && !lx_words_contain(&editions, edition))
        result = unknown_edition(edition, &editions);
    if (result == LX_EXIT_DONE && snprintf(path, sizeof(path), "%s/%s" SUFFIX, directory, edition) >= PATH_MAX) {
        lx_print_error("the name of the policy directory is too long");
        result = LX_EXIT_POLICY;
    }
    if (result == LX_EXIT_DONE)
        result = read_policy_file(path, file);
    lx_words_free(&editions);
    return result;
}

/* The policy files in the order given; the edition when it is named, or when no file is. */
static int read_files(const struct lx_policy_options *options, struct lx_tables *tables)
{
    bool edition = options->edition || !options->policies.count;
    size_t files = options->policies.count + edition;
    int result = LX_EXIT_DONE;

    tables->files = calloc(files, sizeof(*tables->files));
    if (!tables->files)
        return lx_memory_error();
    for (size_t i = 0; i < files; i++) {
        int one = i < options->policies.count
                      ? read_policy_file(options->policies.items[i], &tables->files[i])
                      : lx_edition_read(options->edition ?: LX_DEFAULT_EDITION, &tables->files[i]);

        tables->file_count++;
        if (one != LX_EXIT_DONE)
            result = one; /* the mistakes of the other files are told in the same run */
    }
    return result;
}

/* One file of all their roles, for looking up: of two roles with one name the earlier is found. */
static int join_files(struct lx_tables *tables)
{
    struct lx_policy_file *all = &tables->file;
    size_t roles = 0;

    for (size_t i = 0; i < tables->file_count; i++)
        roles += tables->files[i].role_count;
    all->name = tables->files[0].name;
    all->edition = tables->files[0].edition;
    all->roles = calloc(roles + 1, sizeof(*all->roles));
    if (!all->roles)
        return lx_memory_error();
    for (size_t i = 0; i < tables->file_count; i++)
        for (size_t j = 0; j < tables->files[i].role_count; j++)
            if (!lx_policy_file_role(all, tables->files[i].roles[j].name))
                all->roles[all->role_count++] = tables->files[i].roles[j];
    return LX_EXIT_DONE;
}

static int read_site(const char *path, struct lx_site *site)
{
    struct lx_diagnostics diagnostics = {0};
    FILE *stream = lx_open_input(path);
    int error;

    if (!stream)
        return LX_EXIT_POLICY;
    error = lx_site_file_read(stream, path, site, &diagnostics);
    fclose(stream);
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    return read_result(error, path);
}

int lx_tables_read(const struct lx_policy_options *options, struct lx_tables *tables)
{
    int result = read_files(options, tables), site = LX_EXIT_DONE;

    if (options->site) {
        site = read_site(options->site, &tables->site);
        tables->has_site = site == LX_EXIT_DONE;
    }
    if (result == LX_EXIT_DONE)
        result = join_files(tables);
    return result != LX_EXIT_DONE ? result : site;
}

void lx_tables_free(struct lx_tables *tables)
{
    for (size_t i = 0; i < tables->file_count; i++)
        lx_policy_file_free(&tables->files[i]);
    free(tables->files);
    free(tables->file.roles);
    if (tables->has_site)
        lx_site_free(&tables->site);
}

struct lx_request lx_policy_request(const struct lx_policy_options *options)
{
    return (struct lx_request){
        .roles = options->roles,
        .side = options->side,
        .settings = options->settings.items,
        .setting_count = options->settings.count,
        .without = options->without,
        .workloads = options->workloads,
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
    struct lx_request request = lx_policy_request(options);
    struct lx_diagnostics diagnostics = {0};
    int error = lx_resolve(&tables->file, tables->has_site ? &tables->site : NULL, &request, policy, &diagnostics);

    return lx_resolve_exit(error, &diagnostics);
}

int lx_policy_compile(const struct lx_policy *policy, struct lx_compiled *compiled)
{
    struct lx_diagnostics diagnostics = {0};
    int error = lx_compile(policy, compiled, &diagnostics);

    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    if (error == -ENOMEM)
        return lx_memory_error();
    return error ? LX_EXIT_POLICY : LX_EXIT_DONE;
}
