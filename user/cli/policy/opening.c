/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens files, and keeps what is in them before it is read. Opens what was kept in their place, and nothing beside it.
 */
#include "opening.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/cli/print/output.h"
#include "user/core/text/limits.h"

#ifndef LYNCXDP_POLICY_DIR
#define LYNCXDP_POLICY_DIR "/usr/local/share/lyncxdp/policies"
#endif

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

const char *lx_policy_directory(const struct lx_last_good *kept, char buffer[PATH_MAX])
{
    const char *chosen = getenv("LYNCXDP_POLICIES");

    if (kept && kept->whole)
        return kept->policies;
    if (chosen && *chosen)
        return chosen;
    return own_directory(buffer) ? buffer : LYNCXDP_POLICY_DIR;
}

/* A file on the disk, opened to read. Returns 0, or an error after pointing `problem` at why not. */
static int open_original(const char *path, FILE **stream, const char **problem)
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

/* fmemopen refuses an empty buffer. */
FILE *lx_kept_text_open(const struct lx_kept_text *text)
{
    return text->size ? fmemopen(text->bytes, text->size, "r") : fopen("/dev/null", "re");
}

/* Keeps what a stream holds. Returns 0 or -errno. */
static int keep(struct lx_last_good *kept, const char *path, FILE *stream)
{
    char *bytes = malloc(LX_FILE_LIMIT + 1); /* one more than a file may have */
    char *identity = realpath(path, NULL), buffer[PATH_MAX];
    struct stat status = {0};
    size_t size = bytes ? fread(bytes, 1, LX_FILE_LIMIT + 1, stream) : 0;
    int error = !bytes ? -ENOMEM : ferror(stream) ? -EIO : 0;

    if (!kept->policies && !(kept->policies = strdup(lx_policy_directory(kept, buffer))))
        error = -ENOMEM;
    if (fstat(fileno(stream), &status) || status.st_mtime < 0)
        status.st_mtime = 0;
    error = error ?: lx_last_good_add(kept, path, identity ?: path, (uint64_t)status.st_mtime, bytes, size);
    free(bytes);
    free(identity);
    return error;
}

/* The same of a file whose text is kept: before it is read, or since an earlier time. */
static int open_kept(struct lx_last_good *kept, const char *path, FILE **stream, const char **problem)
{
    const struct lx_kept_text *text = lx_last_good_find(kept, path);
    int error = 0;

    if (!text && kept->whole) {
        *problem = "it was not kept";
        return -ENOENT;
    }
    if (!text) {
        error = open_original(path, stream, problem);
        if (error)
            return error;
        error = keep(kept, path, *stream);
        fclose(*stream);
        text = lx_last_good_find(kept, path);
    }
    *stream = error ? NULL : lx_kept_text_open(text);
    error = error ?: *stream ? 0 : -ENOMEM;
    *problem = strerror(-error);
    return error;
}

int lx_text_open(struct lx_last_good *kept, const char *path, FILE **stream, const char **problem)
{
    return kept ? open_kept(kept, path, stream, problem) : open_original(path, stream, problem);
}

FILE *lx_open_input(const char *path, struct lx_last_good *kept)
{
    FILE *stream = NULL;
    const char *problem;

    if (!lx_text_open(kept, path, &stream, &problem))
        return stream;
    lx_print_error("'%s' cannot be read: %s", path, problem);
    return NULL;
}

bool lx_text_is_file(const struct lx_last_good *kept, const char *path)
{
    struct stat status;

    if (kept && kept->whole)
        return lx_last_good_find(kept, path);
    return !stat(path, &status) && !S_ISDIR(status.st_mode);
}

char *lx_text_identity(const struct lx_last_good *kept, const char *path)
{
    const struct lx_kept_text *text = kept ? lx_last_good_find(kept, path) : NULL;

    return text ? strdup(text->identity) : realpath(path, NULL);
}

uint64_t lx_text_modified(const struct lx_last_good *kept, const char *path)
{
    const struct lx_kept_text *text = kept ? lx_last_good_find(kept, path) : NULL;
    struct stat status;

    if (text)
        return text->modified;
    return stat(path, &status) || status.st_mtime < 0 ? 0 : (uint64_t)status.st_mtime;
}
