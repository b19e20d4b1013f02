/* SPDX-License-Identifier: GPL-2.0-only */
/* Which editions there are, and what the names in a file stand for: an edition, a file beside it, or a path. */
#include "editions.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/print/output.h"
#include "user/core/text/path.h"
#include "user/core/text/schema.h"
#include "user/core/text/spelling.h"

#define SUFFIX ".yaml"

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Among the policies there are also files that sites include. They have other keys. */
static bool is_shared(FILE *stream)
{
    bool shared = false;
    char *line = NULL;
    size_t room = 0;

    while (stream && !shared && getline(&line, &room, stream) >= 0)
        shared = !strncmp(line, "override:", strlen("override:"));
    free(line);
    return shared;
}

/* Whether that may be the name of a file with the tables of an edition. */
static bool is_named_so(const char *file)
{
    size_t length = strlen(file);

    return file[0] != '.' && length > strlen(SUFFIX) && length <= NAME_MAX &&
           !strcmp(file + length - strlen(SUFFIX), SUFFIX);
}

/* Adds the edition whose tables a file of such a name has. Takes the stream; NULL: it cannot be read. */
static int add_edition(struct lx_words *editions, const char *file, FILE *stream)
{
    char name[NAME_MAX + 1];
    bool shared = is_shared(stream);

    if (stream)
        fclose(stream);
    snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(SUFFIX)), file);
    return shared ? 0 : lx_words_add(editions, name);
}

/* Those that are kept: what is left of the directory that they were in. */
static int list_kept(const struct lx_last_good *kept, struct lx_words *editions)
{
    size_t length = strlen(kept->policies);
    int error = 0;

    for (size_t i = 0; i < kept->count && !error; i++) {
        const char *name = kept->texts[i].name, *file = name + length + 1;

        if (!strncmp(name, kept->policies, length) && name[length] == '/' && !strchr(file, '/') && is_named_so(file))
            error = add_edition(editions, file, lx_kept_text_open(&kept->texts[i]));
    }
    return error;
}

static int list_directory(const char *path, struct lx_words *editions)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char whole[PATH_MAX];
    int error = 0;

    if (!directory)
        return -errno;
    while (!error && (entry = readdir(directory)))
        if (is_named_so(entry->d_name) && snprintf(whole, sizeof(whole), "%s/%s", path, entry->d_name) < PATH_MAX)
            error = add_edition(editions, entry->d_name, fopen(whole, "re"));
    closedir(directory);
    return error;
}

/* The editions that there are tables of, sorted. Returns 0 or a negative error number. */
static int list_editions(const char *path, const struct lx_last_good *kept, struct lx_words *editions)
{
    int error = kept && kept->whole ? list_kept(kept, editions) : list_directory(path, editions);

    if (editions->count)
        qsort(editions->items, editions->count, sizeof(*editions->items), compare_words);
    return error;
}

int lx_editions(const struct lx_last_good *kept, struct lx_words *editions)
{
    char buffer[PATH_MAX];
    const char *path = lx_policy_directory(kept, buffer);
    int error = list_editions(path, kept, editions);

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
static void missing_edition(const char *directory, const struct lx_last_good *kept, const char *edition,
                            const char *problem, char text[256])
{
    struct lx_words editions = {0};
    const char *nearest = NULL;

    if (!list_editions(directory, kept, &editions))
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

/* What a site's or a policy's opener is about. */
struct reading {
    struct lx_last_good *kept;
    struct lx_words *named; /* adds the path of every file that was named; NULL: nobody asks */
};

/*
 * The path of what a file names. A name without a suffix is an edition, or for a site a file beside it, if there is
 * one. NULL when out of memory.
 */
static char *named_path(const char *directory, enum lx_opened_as as, const char *from, const char *what,
                        const struct reading *reading)
{
    char *file = NULL, *path = NULL;

    if (as == LX_OPENED_LIST || !lx_is_name(what))
        return lx_path_beside(from, what);
    if (asprintf(&file, "%s" SUFFIX, what) < 0)
        return NULL;
    if (as == LX_OPENED_SITE)
        path = lx_path_beside(from, file);
    if (as != LX_OPENED_SITE || (path && !lx_text_is_file(reading->kept, path) && !note(reading->named, path))) {
        free(path);
        path = asprintf(&path, "%s/%s", directory, file) < 0 ? NULL : path;
    }
    free(file);
    return path;
}

/* Why what a file names cannot be read. */
static void say_problem(const char *directory, const struct lx_last_good *kept, enum lx_opened_as as, const char *what,
                        const char *problem, char text[256])
{
    if (as == LX_OPENED_POLICY && lx_is_name(what))
        missing_edition(directory, kept, what, problem, text);
    else if (as == LX_OPENED_SITE && lx_is_name(what))
        snprintf(text, 256, "there is no %.48s" SUFFIX " beside this file, and none among the policies", what);
    else
        snprintf(text, 256, "%s", problem);
}

static int open_named(const struct lx_opener *opener, enum lx_opened_as as, const char *from, const char *what,
                      struct lx_opened *opened, char text[256])
{
    char buffer[PATH_MAX];
    const struct reading *reading = opener->context;
    const char *directory = lx_policy_directory(reading->kept, buffer), *problem = "";
    char *path = named_path(directory, as, from, what, reading);
    FILE *stream = NULL;
    int error;

    if (!path || note(reading->named, path)) {
        free(path);
        return -ENOMEM;
    }
    error = lx_text_open(reading->kept, path, &stream, &problem);
    if (!error) {
        *opened = (struct lx_opened){.stream = stream,
                                     .name = path,
                                     .identity = lx_text_identity(reading->kept, path),
                                     .modified = lx_text_modified(reading->kept, path)};
        return 0;
    }
    say_problem(directory, reading->kept, as, what, problem, text);
    free(path);
    return error;
}

int lx_site_read(FILE *stream, const char *path, struct lx_last_good *kept, struct lx_site *site,
                 struct lx_words *named, struct lx_diagnostics *diagnostics)
{
    struct reading reading = {.kept = kept, .named = named};
    const struct lx_opener opener = {.open = open_named, .context = &reading};

    return lx_site_file_load(stream, path, &opener, site, diagnostics);
}

int lx_policy_read(FILE *stream, const char *path, struct lx_last_good *kept, struct lx_policy_file *file,
                   struct lx_diagnostics *diagnostics)
{
    struct reading reading = {.kept = kept};
    const struct lx_opener opener = {.open = open_named, .context = &reading};
    struct lx_opened top = {.stream = stream, .name = (char *)path, .identity = lx_text_identity(kept, path)};
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

int lx_policy_open(const char *path, struct lx_last_good *kept, struct lx_policy_file *file)
{
    struct lx_diagnostics diagnostics = {0};
    FILE *stream = lx_open_input(path, kept);
    int error;

    if (!stream)
        return LX_EXIT_POLICY;
    error = lx_policy_read(stream, path, kept, file, &diagnostics);
    fclose(stream);
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    return lx_read_exit(error, path);
}

int lx_edition_read(const char *edition, struct lx_last_good *kept, struct lx_policy_file *file)
{
    char buffer[PATH_MAX], path[PATH_MAX];
    const char *directory = lx_policy_directory(kept, buffer);
    struct lx_words editions = {0};
    int result = lx_editions(kept, &editions);

    if (result == LX_EXIT_DONE && !lx_words_contain(&editions, edition))
        result = unknown_edition(edition, &editions);
    if (result == LX_EXIT_DONE && snprintf(path, sizeof(path), "%s/%s" SUFFIX, directory, edition) >= PATH_MAX) {
        lx_print_error("the name of the policy directory is too long");
        result = LX_EXIT_POLICY;
    }
    if (result == LX_EXIT_DONE)
        result = lx_policy_open(path, kept, file);
    lx_words_free(&editions);
    return result;
}

int lx_edition_try(const char *edition, struct lx_last_good *kept, struct lx_policy_file *file)
{
    char buffer[PATH_MAX], path[PATH_MAX];
    struct lx_diagnostics unheard = {0};
    const char *problem;
    FILE *stream = NULL;
    int error = -ENAMETOOLONG;

    if (snprintf(path, sizeof(path), "%s/%s" SUFFIX, lx_policy_directory(kept, buffer), edition) < PATH_MAX)
        error = lx_text_open(kept, path, &stream, &problem);
    if (error)
        return error;
    error = lx_policy_read(stream, path, kept, file, &unheard);
    fclose(stream);
    lx_diagnostics_free(&unheard);
    return error;
}
