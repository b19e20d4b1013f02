/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes beside the file under a name that does not end like it, and renames. */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

int lx_text_file_replace(const char *path, void (*print)(const void *context, FILE *stream), const void *context)
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
