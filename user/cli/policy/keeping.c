/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file is written beside its place, brought to the disk and renamed, so that a machine that loses its power finds the
 * old or the new one. No clock is asked for anything.
 */
#include "keeping.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a name of an interface cannot have in it, so that it is none of theirs. */
#define BEING_WRITTEN ":new"

/* As a file holds it: the texts, and their names. */
#define FILE_LIMIT (LX_LAST_GOOD_LIMIT + (16u << 20))

/* --- Names ------------------------------------------------------------------------------------------------------- */

char *lx_keeping_source(const char *declaration)
{
    struct stat status;
    char *source = realpath(declaration, NULL);

    if (source && !stat(source, &status) && S_ISREG(status.st_mode))
        return source;
    free(source);
    return NULL;
}

/* The path of a declaration as one name: "/" is written "+", and what would be mistaken for it has a "=" before it. */
static bool encode(const char *source, char name[NAME_MAX + 1])
{
    size_t used = 0;

    for (; *source && used < NAME_MAX - 1; source++) {
        if (*source == '+' || *source == '=')
            name[used++] = '=';
        name[used++] = *source == '/' ? '+' : *source;
    }
    name[used] = '\0';
    return !*source;
}

static void decode(const char *name, char source[NAME_MAX + 1])
{
    size_t used = 0;

    for (; *name && used < NAME_MAX; name++)
        source[used++] = *name == '+' ? '/' : *name == '=' && name[1] ? *++name : *name;
    source[used] = '\0';
}

/* The directory of a declaration. Returns 0 or -ENAMETOOLONG. */
static int directory_of(const char *source, char path[PATH_MAX])
{
    char name[NAME_MAX + 1];

    if (!encode(source, name))
        return -ENAMETOOLONG;
    snprintf(path, PATH_MAX, LX_LAST_GOOD_DIRECTORY "/%s", name);
    return 0;
}

static int path_of(const char *source, const char *interface, char path[PATH_MAX])
{
    int error = directory_of(source, path);
    size_t length = error ? 0 : strlen(path);

    if (!error)
        snprintf(path + length, PATH_MAX - length, "/%s", interface);
    return error;
}

/* --- Reading ----------------------------------------------------------------------------------------------------- */

/* The whole of a file, which the caller frees. Returns 0 or -errno. */
static int read_bytes(const char *path, char **bytes, size_t *size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    ssize_t got = 1;
    int error = 0;

    *size = 0;
    *bytes = NULL;
    if (file < 0)
        return -errno;
    if (fstat(file, &status))
        error = -errno;
    else if (!S_ISREG(status.st_mode) || status.st_size > FILE_LIMIT)
        error = -EINVAL;
    else if (!(*bytes = malloc((size_t)status.st_size + 1)))
        error = -ENOMEM;
    while (!error && got > 0 && *size < (size_t)status.st_size) {
        got = read(file, *bytes + *size, (size_t)status.st_size - *size);
        if (got < 0)
            error = -errno;
        else
            *size += (size_t)got;
    }
    close(file);
    if (error)
        free(*bytes);
    return error;
}

int lx_keeping_read(const char *source, const char *interface, struct lx_last_good *kept)
{
    struct lx_last_good read = {0};
    char path[PATH_MAX], *bytes;
    size_t size;
    int error = path_of(source, interface, path);

    error = error ?: read_bytes(path, &bytes, &size);
    if (error)
        return error;
    error = lx_last_good_read(bytes, size, &read);
    free(bytes);
    if (!error && (strcmp(read.source, source) != 0 || strcmp(read.interface, interface) != 0))
        error = -EINVAL;
    if (error)
        lx_last_good_free(&read);
    else
        *kept = read;
    return error;
}

int lx_keeping_list(const char *source, struct lx_words *interfaces)
{
    char path[PATH_MAX];
    DIR *directory = directory_of(source, path) ? NULL : opendir(path);
    struct dirent *entry;
    int error = 0;

    while (directory && !error && (entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !strchr(entry->d_name, ':'))
            error = lx_words_add(interfaces, entry->d_name);
    if (directory)
        closedir(directory);
    return error;
}

/* --- Writing ----------------------------------------------------------------------------------------------------- */

static bool is_kept(const char *path, const char *bytes, size_t size)
{
    char *now = NULL;
    size_t length;
    bool same;

    if (read_bytes(path, &now, &length))
        return false;
    same = now && length == size && !memcmp(now, bytes, size);
    free(now);
    return same;
}

static int make_directory(const char *path, mode_t mode)
{
    return mkdir(path, mode) && errno != EEXIST ? -errno : 0;
}

static int write_bytes(int file, const char *bytes, size_t size)
{
    while (size) {
        ssize_t written = write(file, bytes, size);

        if (written < 0)
            return -errno;
        bytes += written;
        size -= (size_t)written;
    }
    return fsync(file) ? -errno : 0;
}

static int sync_directory(const char *path)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

    if (directory < 0)
        return -errno;
    error = fsync(directory) ? -errno : 0;
    close(directory);
    return error;
}

static int replace(const char *path, const char *bytes, size_t size)
{
    char beside[PATH_MAX + sizeof(BEING_WRITTEN)];
    int file, error;

    snprintf(beside, sizeof(beside), "%s" BEING_WRITTEN, path);
    unlink(beside); /* of one that was killed */
    file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return -errno;
    error = write_bytes(file, bytes, size);
    if (close(file) && !error)
        error = -errno;
    if (!error && rename(beside, path))
        error = -errno;
    if (error)
        unlink(beside);
    return error;
}

static int write_whole(const char *source, const char *interface, const char *bytes, size_t size)
{
    char directory[PATH_MAX], path[PATH_MAX];
    int error = directory_of(source, directory);

    error = error ?: path_of(source, interface, path);
    if (!error && is_kept(path, bytes, size))
        return 0;
    error = error ?: make_directory(LX_STATE_DIRECTORY, 0755);
    error = error ?: make_directory(LX_LAST_GOOD_DIRECTORY, 0700);
    error = error ?: make_directory(directory, 0700);
    error = error ?: replace(path, bytes, size);
    return error ?: sync_directory(directory);
}

int lx_keeping_write(const struct lx_last_good *kept)
{
    char *bytes = NULL;
    size_t size;
    FILE *stream;
    int error;

    if (!lx_last_good_fits(kept))
        return -E2BIG;
    stream = open_memstream(&bytes, &size);
    if (!stream)
        return -ENOMEM;
    lx_last_good_write(kept, stream);
    error = ferror(stream) ? -ENOMEM : 0;
    if (fclose(stream))
        error = -ENOMEM;
    error = error ?: write_whole(kept->source, kept->interface, bytes, size);
    free(bytes);
    return error;
}

/* --- Forgetting -------------------------------------------------------------------------------------------------- */

void lx_keeping_forget(const char *source, const char *interface)
{
    char path[PATH_MAX];

    if (!path_of(source, interface, path))
        unlink(path);
    if (!directory_of(source, path))
        rmdir(path); /* stays while something else is in it */
}

static void forget_all(const char *source)
{
    struct lx_words interfaces = {0};

    lx_keeping_list(source, &interfaces);
    for (size_t i = 0; i < interfaces.count; i++)
        lx_keeping_forget(source, interfaces.items[i]);
    lx_words_free(&interfaces);
}

void lx_keeping_tidy(void)
{
    DIR *directory = opendir(LX_LAST_GOOD_DIRECTORY);
    char source[NAME_MAX + 1];
    struct dirent *entry;

    while (directory && (entry = readdir(directory))) {
        decode(entry->d_name, source);
        if (source[0] == '/' && access(source, F_OK) && errno == ENOENT)
            forget_all(source);
    }
    if (directory)
        closedir(directory);
}
