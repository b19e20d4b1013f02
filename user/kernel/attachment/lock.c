/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock of an attachment: flock on a file under /run that root alone can open. Where /run is full or read-only it is
 * a directory beside the pins instead: the way out of an emergency needs nothing that fails in one. Either goes when
 * the lock does, so that no trace stays; the price is that a lock counts only if it is still what the path names.
 */
#include "lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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
        if (mkdir(DIRECTORY, 0700) && errno != EEXIST)
            return -errno;
        chmod(DIRECTORY, 0700); /* an earlier version let everybody in */
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 && errno == EROFS)
            fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0)
            return fd;
        if (errno != ENOENT)
            return -errno;
    }
    return -ENOENT;
}

static int open_beside_pins(const char *path)
{
    int error = -ENOENT, fd;

    if (!lx_bpffs_mounted())
        return -ENOENT;
    for (int attempt = 0; attempt < 100 && error == -ENOENT; attempt++) {
        error = lx_pins_create_root();
        if (!error && mkdir(path, 0700) && errno != EEXIST)
            error = -errno;
        fd = error ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0)
            return fd;
        error = error ?: -errno;
    }
    return error;
}

static bool still_named(int fd, const char *path)
{
    struct stat ours, named;

    return !fstat(fd, &ours) && !stat(path, &named) && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* Whether a process of root's has the file open, as another file descriptor than ours. */
static bool has_open(const char *process, const struct stat *file, int ours)
{
    char path[300];
    struct stat status;
    struct dirent *entry;
    bool found = false;
    DIR *open_files;

    snprintf(path, sizeof(path), "/proc/%s/fd", process);
    if (stat(path, &status) || status.st_uid || !(open_files = opendir(path)))
        return false;
    while (!found && (entry = readdir(open_files)))
        found = (atoi(process) != getpid() || atoi(entry->d_name) != ours) &&
                !fstatat(dirfd(open_files), entry->d_name, &status, 0) && status.st_ino == file->st_ino &&
                status.st_dev == file->st_dev;
    closedir(open_files);
    return found;
}

static bool held_by_root(const struct stat *file, int ours)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    bool found = !processes;

    while (!found && (entry = readdir(processes)))
        found = atoi(entry->d_name) > 0 && has_open(entry->d_name, file, ours);
    if (processes)
        closedir(processes);
    return found;
}

/* Whoever could open a file that an earlier version left can hold its lock for ever. */
static bool held_by_a_stranger(int fd)
{
    struct stat file;

    return !fstat(fd, &file) && (file.st_mode & 077) && !held_by_root(&file, fd);
}

/* Returns what is locked, -EWOULDBLOCK while another holds it, -ESTALE when it was removed under us, or an error. */
static int try(const char *path, int (*open_path)(const char *path))
{
    int error, fd = open_path(path);

    if (fd < 0)
        return fd;
    if (!flock(fd, LOCK_EX | LOCK_NB)) {
        if (still_named(fd, path))
            return fd;
        error = -ESTALE;
    } else {
        error = -errno;
        if (error == -EWOULDBLOCK && held_by_a_stranger(fd) && !unlink(path))
            error = -ESTALE;
    }
    close(fd);
    return error;
}

static int wait_for(const char *path, int (*open_path)(const char *path))
{
    int fd = try(path, open_path);

    for (int waited = 0; (fd == -EWOULDBLOCK || fd == -ESTALE) && waited < PATIENCE_MS; waited += PAUSE_MS) {
        usleep(PAUSE_MS * 1000);
        fd = try(path, open_path);
    }
    return fd == -ESTALE ? -EWOULDBLOCK : fd;
}

static int fail_to_lock(int error, const char *path, struct lx_failure *failure)
{
    if (error == -EWOULDBLOCK)
        return lx_fail(failure, LX_EXIT_BUSY, EWOULDBLOCK,
                       "another lyncxdp command is at work on this interface; try again when it has finished");
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot lock %s: %s%s", path, strerror(-error),
                   error == -EACCES || error == -EPERM ? "; this needs root, so run it with sudo" : "");
}

int lx_lock_take(const struct lx_pin_name *name, struct lx_lock *lock, struct lx_failure *failure)
{
    struct lx_lock taken = {.fd = -1, .spare = -1};
    char pins[LX_PINS_PATH];
    int error = 0;

    lx_pins_path(name, pins);
    snprintf(taken.path, sizeof(taken.path), DIRECTORY "/%.44s.lock", pins + strlen(LX_PINS_ROOT "/"));
    snprintf(taken.spare_path, sizeof(taken.spare_path), "%s-lock", pins);
    taken.fd = wait_for(taken.path, open_file);
    if (taken.fd == -EWOULDBLOCK)
        return fail_to_lock(taken.fd, taken.path, failure);
    /* Somebody may have found /run full before it was not. */
    if (taken.fd < 0 || !access(taken.spare_path, F_OK)) {
        taken.spare = wait_for(taken.spare_path, open_beside_pins);
        error = taken.spare == -EWOULDBLOCK || taken.fd < 0 ? taken.spare : 0;
    }
    if (error >= 0) {
        *lock = taken;
        return 0;
    }
    if (error != -EWOULDBLOCK && taken.fd < 0)
        error = taken.fd;
    lx_lock_free(&taken);
    return fail_to_lock(error, taken.path, failure);
}

void lx_lock_free(struct lx_lock *lock)
{
    if (lock->spare >= 0) {
        rmdir(lock->spare_path);
        close(lock->spare);
        rmdir(LX_PINS_ROOT); /* stays while anything else is in it */
    }
    if (lock->fd >= 0) {
        unlink(lock->path);
        close(lock->fd);
        rmdir(DIRECTORY); /* stays while other locks are in it */
    }
    lock->fd = lock->spare = -1;
}

/* The lowest of them that is above another, or 0. */
static unsigned next_above(unsigned ifindex, const unsigned *ifindexes, size_t count)
{
    unsigned next = 0;

    for (size_t i = 0; i < count; i++)
        if (ifindexes[i] > ifindex && (!next || ifindexes[i] < next))
            next = ifindexes[i];
    return next;
}

int lx_locks_take(const struct lx_pin_name *of, const unsigned *ifindexes, size_t count, struct lx_locks *locks,
                  struct lx_failure *failure)
{
    struct lx_pin_name name = {.netns = of->netns};
    int error = 0;

    locks->count = 0;
    while (!error && (name.ifindex = next_above(name.ifindex, ifindexes, count))) {
        error = lx_lock_take(&name, &locks->locks[locks->count], failure);
        locks->count += !error;
    }
    if (!error && of->vlan) {
        error = lx_lock_take(of, &locks->locks[locks->count], failure);
        locks->count += !error;
    }
    if (error)
        lx_locks_free(locks);
    return error;
}

void lx_locks_free(struct lx_locks *locks)
{
    while (locks->count)
        lx_lock_free(&locks->locks[--locks->count]);
}
