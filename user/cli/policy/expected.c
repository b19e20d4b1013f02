/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps the path of what was applied in a file under /run, one for each network namespace. Reads the declaration again
 * whenever it is another file, or has changed: the exporter asks at every look.
 */
#include "expected.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/cli/print/output.h"
#include "user/kernel/process/namespace.h"

#define DIRECTORY "/run/lyncxdp"
#define PREFIX "declared-"

/* --- Where it is declared ---------------------------------------------------------------------------------------- */

static char *memory_path(char path[64])
{
    snprintf(path, 64, DIRECTORY "/" PREFIX "%" PRIu64, lx_namespace_own());
    return path;
}

/* What a file of ours remembers, owned by the caller, or NULL. Returns 0 or -errno. */
static int read_memory(const char *path, char **file)
{
    FILE *memory = fopen(path, "re");
    size_t size = 0;
    ssize_t length;

    *file = NULL;
    if (!memory)
        return -errno;
    length = getdelim(file, &size, '\0', memory); /* a name may have any other byte */
    fclose(memory);
    if (length > 0)
        return 0;
    free(*file);
    *file = NULL;
    return -EIO;
}

/* Whether the file of the boot was applied in another namespace: then it is about that one. */
static bool default_is_elsewhere(void)
{
    DIR *names = opendir(DIRECTORY);
    struct dirent *entry;
    bool found = false;

    while (names && !found && (entry = readdir(names))) {
        char path[sizeof(DIRECTORY) + sizeof(entry->d_name)], *file = NULL;

        snprintf(path, sizeof(path), DIRECTORY "/%s", entry->d_name);
        found = !strncmp(entry->d_name, PREFIX, strlen(PREFIX)) && !read_memory(path, &file) && file &&
                !strcmp(file, LX_DEFAULT_DECLARATION);
        free(file);
    }
    if (names)
        closedir(names);
    return found;
}

/* The path of the file, owned by the caller, or NULL: none. Returns 0 or -errno: then it cannot be determined. */
static int find_file(char **file)
{
    char path[64];
    int error = read_memory(memory_path(path), file);

    if (error != -ENOENT)
        return error;
    if (access(LX_DEFAULT_DECLARATION, F_OK) || default_is_elsewhere())
        return 0;
    *file = strdup(LX_DEFAULT_DECLARATION);
    return *file ? 0 : -ENOMEM;
}

/* --- What is declared -------------------------------------------------------------------------------------------- */

static int take_interfaces(struct lx_expected *expected, const struct lx_declaration *declaration)
{
    int error = 0;

    for (size_t i = 0; i < declaration->count && !error; i++)
        error = lx_words_add(&expected->interfaces, declaration->items[i].interface);
    return error;
}

static int complain(struct lx_expected *expected, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int complain(struct lx_expected *expected, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vasprintf(&expected->trouble, format, arguments);
    va_end(arguments);
    if (length >= 0)
        return 0;
    expected->trouble = NULL;
    return -ENOMEM;
}

static int read_stream(struct lx_expected *expected, FILE *stream)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration = {0};
    int error = lx_declaration_read_each(stream, expected->file, &declaration, &diagnostics), kept;

    kept = take_interfaces(expected, &declaration);
    if (error == -EINVAL)
        kept = kept
                   ?: complain(expected,
                               "%s declares what is to be filtered, and has mistakes; 'lyncxdp check %s' "
                               "shows them",
                               expected->file, expected->file);
    else if (error != -ENOMEM && error)
        kept = kept ?: complain(expected, "%s cannot be read: %s", expected->file, strerror(-error));
    lx_declaration_free(&declaration);
    lx_diagnostics_free(&diagnostics);
    return error == -ENOMEM ? error : kept;
}

static int read_file(struct lx_expected *expected)
{
    FILE *stream = fopen(expected->file, "re");
    int error;

    if (!stream)
        return complain(expected, "%s, which declares what is to be filtered, cannot be read: %s", expected->file,
                        strerror(errno));
    error = read_stream(expected, stream);
    fclose(stream);
    return error;
}

static bool unchanged(const struct lx_expected *expected, const char *file, const struct stat *status)
{
    return expected->file && file && !strcmp(expected->file, file) && expected->seen.st_ino == status->st_ino &&
           expected->seen.st_dev == status->st_dev && expected->seen.st_size == status->st_size &&
           expected->seen.st_mode == status->st_mode && expected->seen.st_ctim.tv_sec == status->st_ctim.tv_sec &&
           expected->seen.st_ctim.tv_nsec == status->st_ctim.tv_nsec;
}

int lx_expected_read(struct lx_expected *expected)
{
    struct stat status = {0};
    char *file = NULL;
    int error = find_file(&file);

    if (error == -ENOMEM)
        return error;
    if (file && !stat(file, &status) && unchanged(expected, file, &status)) {
        free(file);
        return 0;
    }
    lx_expected_free(expected);
    expected->file = file;
    expected->seen = status;
    if (error)
        return complain(expected, "where it is declared what is to be filtered cannot be read: %s", strerror(-error));
    return file ? read_file(expected) : 0;
}

void lx_expected_free(struct lx_expected *expected)
{
    lx_words_free(&expected->interfaces);
    free(expected->trouble);
    free(expected->file);
    *expected = (struct lx_expected){0};
}

/* --- Remembering ------------------------------------------------------------------------------------------------- */

static int write_memory(const char *path, const char *file)
{
    char beside[80];
    int fd, error = 0;

    if (mkdir(DIRECTORY, 0755) && errno != EEXIST)
        return -errno;
    snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
    fd = mkostemp(beside, O_CLOEXEC); /* for root alone */
    if (fd < 0)
        return -errno;
    if (write(fd, file, strlen(file)) != (ssize_t)strlen(file))
        error = errno ? -errno : -ENOSPC;
    if (close(fd) && !error)
        error = -errno;
    if (!error && rename(beside, path))
        error = -errno;
    if (error)
        unlink(beside);
    return error;
}

void lx_expected_remember(const char *file, bool nothing)
{
    char *whole = realpath(file, NULL), path[64];
    int error;

    if (nothing && access(LX_DEFAULT_DECLARATION, F_OK)) {
        unlink(memory_path(path));
        rmdir(DIRECTORY); /* stays while something else is in it */
        free(whole);
        return;
    }
    error = write_memory(memory_path(path), whole ?: file);
    free(whole);
    if (error)
        lx_print_warning("it cannot be kept that %s was applied: %s; 'status' and the exporter do not know it", file,
                         strerror(-error));
}
