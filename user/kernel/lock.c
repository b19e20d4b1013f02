/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock of an attachment: flock on a file under /run. The file goes when the lock does, so that no trace stays; the
 * price is that a lock counts only if its file is still the one that the path names.
 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "/run/lyncxdp"
#define PATIENCE_MS 5000
#define PAUSE_MS 50

/* Opens the lock file, which the holder before us may be removing, its directory too. */
static int open_file(const char *path)
{
    int fd;

    for (int attempt = 0; attempt < 100; attempt++) {
        if (mkdir(DIRECTORY, 0755) && errno != EEXIST)
            return -errno;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd >= 0)
            return fd;
        if (errno != ENOENT)
            return -errno;
    }
    return -ENOENT;
}

static bool still_named(int fd, const char *path)
{
    struct stat ours, named;

    return !fstat(fd, &ours) && !stat(path, &named) && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* Returns the locked file, -EWOULDBLOCK while another holds it, -ESTALE when it was removed under us, or an error. */
static int try(const char *path)
{
    int error, fd = open_file(path);

    if (fd < 0)
        return fd;
    if (flock(fd, LOCK_EX | LOCK_NB))
        error = errno == EWOULDBLOCK ? -EWOULDBLOCK : -errno;
    else if (still_named(fd, path))
        return fd;
    else
        error = -ESTALE;
    close(fd);
    return error;
}

int lx_lock_take(const struct lx_pin_name *name, struct lx_lock *lock, struct lx_failure *failure)
{
    char path[sizeof(lock->path)];
    int fd;

    snprintf(path, sizeof(path), DIRECTORY "/%" PRIu64 "-%u.lock", name->netns, name->ifindex);
    fd = try(path);
    for (int waited = 0; (fd == -EWOULDBLOCK || fd == -ESTALE) && waited < PATIENCE_MS; waited += PAUSE_MS) {
        usleep(PAUSE_MS * 1000);
        fd = try(path);
    }
    if (fd == -EWOULDBLOCK || fd == -ESTALE)
        return lx_fail(failure, LX_EXIT_BUSY, EWOULDBLOCK,
                       "another lyncxdp command is at work on this interface; try again when it has finished");
    if (fd < 0)
        return lx_fail(failure, LX_EXIT_FAILED, -fd, "cannot lock %s: %s; this needs root, so run it with sudo", path,
                       strerror(-fd));
    lock->fd = fd;
    snprintf(lock->path, sizeof(lock->path), "%s", path);
    return 0;
}

void lx_lock_free(struct lx_lock *lock)
{
    unlink(lock->path);
    close(lock->fd);
    lock->fd = -1;
    rmdir(DIRECTORY); /* stays while other locks are in it */
}

int lx_locks_take(const struct lx_pin_name *name, unsigned pair, struct lx_locks *locks, struct lx_failure *failure)
{
    const struct lx_pin_name lower = {name->netns, pair && pair < name->ifindex ? pair : name->ifindex};
    const struct lx_pin_name upper = {name->netns, pair > name->ifindex ? pair : name->ifindex};
    struct lx_locks taken = {.count = 1};
    int error = lx_lock_take(&lower, &taken.locks[0], failure);

    if (error)
        return error;
    if (upper.ifindex != lower.ifindex) {
        error = lx_lock_take(&upper, &taken.locks[taken.count], failure);
        taken.count += !error;
    }
    if (error)
        lx_locks_free(&taken);
    else
        *locks = taken;
    return error;
}

void lx_locks_free(struct lx_locks *locks)
{
    while (locks->count)
        lx_lock_free(&locks->locks[--locks->count]);
}
