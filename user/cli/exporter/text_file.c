/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes beside the file under a name that does not end like it, and renames. */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/cli/print/output.h"

static int fail(const char *path, int error)
{
    lx_print_error("cannot write %s: %s", path, strerror(error));
    return LX_EXIT_FAILED;
}

static int write_all(int fd, void (*print)(const void *context, FILE *stream), const void *context)
{
    FILE *stream = fdopen(fd, "w");
    int error = 0;

    if (!stream) {
        error = -errno;
        close(fd);
        return error;
    }
    print(context, stream);
    if (fflush(stream) || ferror(stream) || fchmod(fd, 0644))
        error = errno ? -errno : -EIO;
    if (fclose(stream) && !error)
        error = -errno;
    return error;
}

/*
 * The file that is to be replaced: the one that a symbolic link leads to, and not the link. A device or a pipe would be
 * gone for everybody. Caller frees; NULL after it has said why not.
 */
static char *file_at(const char *path)
{
    struct stat status;
    char *real = NULL;

    if (stat(path, &status) == 0) {
        if (!S_ISREG(status.st_mode))
            lx_print_error("%s is not a regular file, which could be replaced; - writes to standard output", path);
        else if (!(real = realpath(path, NULL)))
            fail(path, errno);
    } else if (lstat(path, &status) == 0) {
        lx_print_error("%s is a symbolic link to what is not there; make that file first, or name it", path);
    } else if (errno != ENOENT) {
        fail(path, errno);
    } else if (!(real = strdup(path))) {
        lx_memory_error();
    }
    return real;
}

static int replace(const char *path, void (*print)(const void *context, FILE *stream), const void *context)
{
    char *beside;
    int fd, error;

    if (asprintf(&beside, "%s.XXXXXX", path) < 0)
        return -ENOMEM;
    fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) {
        error = -errno;
        free(beside);
        return error;
    }
    error = write_all(fd, print, context);
    if (!error && rename(beside, path))
        error = -errno;
    if (error)
        unlink(beside);
    free(beside);
    return error;
}

int lx_text_file_replace(const char *path, void (*print)(const void *context, FILE *stream), const void *context)
{
    char *real;
    int error;

    if (!strcmp(path, "-")) {
        print(context, stdout);
        return fflush(stdout) || ferror(stdout) ? fail("to standard output", errno ?: EIO) : LX_EXIT_DONE;
    }
    real = file_at(path);
    if (!real)
        return LX_EXIT_FAILED;
    error = replace(real, print, context);
    free(real);
    return error ? fail(path, -error) : LX_EXIT_DONE;
}
