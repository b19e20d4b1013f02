/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the tables of the editions lie, and how policy files are opened: those that the command line names, and those
 * that they include.
 */
#include "editions.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/cli/print/output.h"
#include "user/core/text/path.h"
#include "user/core/text/schema.h"
#include "user/core/text/spelling.h"

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

/* Opens a file to read. Returns 0, or an error after pointing `problem` at why not. */
static int open_file(const char *path, FILE **stream, const char **problem)
{
    struct stat status;
    FILE *opened = fopen(path, "re");

    if (!opened) {
        *problem = strerror(errno);
        return -errno;
    }
    if (!fstat(fileno(opened), &status) && S_ISDIR(status.st_mode)) {
        *problem = "it is a directory; name the file in it";
        fclose(opened);
        return -EISDIR;
    }
    *stream = opened;
    return 0;
}

FILE *lx_open_input(const char *path)
{
    FILE *stream = NULL;
    const char *problem;

    if (!open_file(path, &stream, &problem))
        return stream;
    lx_print_error("'%s' cannot be read: %s", path, problem);
    return NULL;
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Among the policies there are also files that sites include. They have other keys. */
static bool is_shared(const char *directory, const char *file)
{
    char path[PATH_MAX], *line = NULL;
    bool shared = false;
    FILE *stream = NULL;
    size_t room = 0;

    if (snprintf(path, sizeof(path), "%s/%s", directory, file) < PATH_MAX)
        stream = fopen(path, "re");
    while (stream && !shared && getline(&line, &room, stream) >= 0)
        shared = !strncmp(line, "override:", strlen("override:"));
    if (stream)
        fclose(stream);
    free(line);
    return shared;
}

static int add_edition(struct lx_words *editions, const char *directory, const char *file)
{
    char name[NAME_MAX + 1];
    size_t length = strlen(file);

    if (file[0] == '.' || length <= strlen(SUFFIX) || strcmp(file + length - strlen(SUFFIX), SUFFIX) ||
        is_shared(directory, file))
        return 0;
    snprintf(name, sizeof(name), "%.*s", (int)(length - strlen(SUFFIX)), file);
    return lx_words_add(editions, name);
}

/* The editions that a directory has tables of, sorted. Returns 0 or a negative error number. */
static int list_editions(const char *path, struct lx_words *editions)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int error = 0;

    if (!directory)
        return -errno;
    while (!error && (entry = readdir(directory)))
        error = add_edition(editions, path, entry->d_name);
    closedir(directory);
    if (editions->count)
        qsort(editions->items, editions->count, sizeof(*editions->items), compare_words);
    return error;
}

int lx_editions(struct lx_words *editions)
{
    char buffer[PATH_MAX];
    const char *path = policy_directory(buffer);
    int error = list_editions(path, editions);

    if (error == -ENOMEM)
        return lx_memory_error();
    if (error) {
        lx_print_error("the policy directory '%s' cannot be read: %s; LYNCXDP_POLICIES names another", path,
                       strerror(-error));
        return LX_EXIT_POLICY;
    }
    if (!editions->count) {
        lx_print_error("the policy directory '%s' has no edition in it; LYNCXDP_POLICIES names another", path);
        return LX_EXIT_POLICY;
    }
    return LX_EXIT_DONE;
}

static int unknown_edition(const char *edition, const struct lx_words *editions)
{
    const char *nearest = lx_nearest(edition, (const char *const *)editions->items, editions->count);

    if (nearest)
        return lx_usage_error("there is no edition '%s'; did you mean '%s'?", edition, nearest);
    return lx_usage_error("there is no edition '%s'; 'lyncxdp roles' lists them", edition);
}

/* Why an edition that a file includes cannot be read. */
static void missing_edition(const char *directory, const char *edition, const char *problem, char text[256])
{
    struct lx_words editions = {0};
    const char *nearest = NULL;

    if (!list_editions(directory, &editions))
        nearest = lx_nearest(edition, (const char *const *)editions.items, editions.count);
    if (nearest)
        snprintf(text, 256, "there is no edition of that name; did you mean '%s'?", nearest);
    else
        snprintf(text, 256, "the policies have no edition of that name (%s); the path of a file ends in " SUFFIX,
                 problem);
    lx_words_free(&editions);
}

/* Remembers a path that was looked at, there or not. */
static int note(struct lx_words *named, const char *path)
{
    return named ? lx_words_add(named, path) : 0;
}

static bool is_file(const char *path)
{
    struct stat status;

    return !stat(path, &status) && !S_ISDIR(status.st_mode);
}

/*
 * The path of what a file names. A name without a suffix is an edition, or for a site a file beside it, if there is
 * one. NULL when out of memory.
 */
static char *named_path(const char *directory, enum lx_opened_as as, const char *from, const char *what,
                        struct lx_words *named)
{
    char *file = NULL, *path = NULL;

    if (as == LX_OPENED_LIST || !lx_is_name(what))
        return lx_path_beside(from, what);
    if (asprintf(&file, "%s" SUFFIX, what) < 0)
        return NULL;
    if (as == LX_OPENED_SITE)
        path = lx_path_beside(from, file);
    if (as != LX_OPENED_SITE || (path && !is_file(path) && !note(named, path))) {
        free(path);
        path = asprintf(&path, "%s/%s", directory, file) < 0 ? NULL : path;
    }
    free(file);
    return path;
}

/* Why what a file names cannot be read. */
static void say_problem(const char *directory, enum lx_opened_as as, const char *what, const char *problem,
                        char text[256])
{
    if (as == LX_OPENED_POLICY && lx_is_name(what))
        missing_edition(directory, what, problem, text);
    else if (as == LX_OPENED_SITE && lx_is_name(what))
        snprintf(text, 256, "there is no %.48s" SUFFIX " beside this file, and none among the policies", what);
    else
        snprintf(text, 256, "%s", problem);
}

static int open_named(const struct lx_opener *opener, enum lx_opened_as as, const char *from, const char *what,
                      struct lx_opened *opened, char text[256])
{
    char buffer[PATH_MAX];
    const char *directory = policy_directory(buffer), *problem = "";
    struct lx_words *named = opener->context;
    char *path = named_path(directory, as, from, what, named);
    FILE *stream = NULL;
    struct stat status;
    int error;

    if (!path || note(named, path)) {
        free(path);
        return -ENOMEM;
    }
    error = open_file(path, &stream, &problem);
    if (!error) {
        *opened = (struct lx_opened){.stream = stream, .name = path, .identity = realpath(path, NULL)};
        if (!fstat(fileno(stream), &status))
            opened->modified = (uint64_t)status.st_mtime;
        return 0;
    }
    say_problem(directory, as, what, problem, text);
    free(path);
    return error;
}

int lx_site_read(FILE *stream, const char *path, struct lx_site *site, struct lx_words *named,
                 struct lx_diagnostics *diagnostics)
{
    const struct lx_opener opener = {.open = open_named, .context = named};

    return lx_site_file_load(stream, path, &opener, site, diagnostics);
}

int lx_policy_read(FILE *stream, const char *path, struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    static const struct lx_opener opener = {.open = open_named};
    struct lx_opened top = {.stream = stream, .name = (char *)path, .identity = realpath(path, NULL)};
    int error = lx_policy_file_load(&top, &opener, file, diagnostics);

    free(top.identity);
    return error;
}

int lx_read_exit(int error, const char *path)
{
    if (error == -ENOMEM)
        return lx_memory_error();
    if (error == -EIO)
        lx_print_error("'%s' cannot be read: input/output error", path);
    return error ? LX_EXIT_POLICY : LX_EXIT_DONE;
}

int lx_policy_open(const char *path, struct lx_policy_file *file)
{
    struct lx_diagnostics diagnostics = {0};
    FILE *stream = lx_open_input(path);
    int error;

    if (!stream)
        return LX_EXIT_POLICY;
    error = lx_policy_read(stream, path, file, &diagnostics);
    fclose(stream);
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    return lx_read_exit(error, path);
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
        result = lx_policy_open(path, file);
    lx_words_free(&editions);
    return result;
}

int lx_edition_try(const char *edition, struct lx_policy_file *file)
{
    char buffer[PATH_MAX], path[PATH_MAX];
    struct lx_diagnostics unheard = {0};
    const char *problem;
    FILE *stream = NULL;
    int error = -ENAMETOOLONG;

    if (snprintf(path, sizeof(path), "%s/%s" SUFFIX, policy_directory(buffer), edition) < PATH_MAX)
        error = open_file(path, &stream, &problem);
    if (error)
        return error;
    error = lx_policy_read(stream, path, file, &unheard);
    fclose(stream);
    lx_diagnostics_free(&unheard);
    return error;
}
