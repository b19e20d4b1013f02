/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds network namespaces, one by its inode or all there are. The kernel offers no such look-up on every version that
 * lyncxdp supports, so this asks each named namespace and each process; a namespace that neither holds has nobody's
 * traffic in it.
 */
#include "namespace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN "/proc/thread-self/ns/net"

uint64_t lx_namespace_own(void)
{
    struct stat status;

    return stat(OWN, &status) ? 0 : status.st_ino;
}

static int open_if(const char *path, uint64_t inode)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (!fstat(fd, &status) && status.st_ino == inode)
        return fd;
    close(fd);
    return -ENOENT;
}

/* Looks at DIRECTORY/NAME and then SUFFIX for every name in the directory. */
static int search(const char *directory, const char *suffix, uint64_t inode)
{
    char path[512];
    struct dirent *entry;
    int fd = -ENOENT;
    DIR *names = opendir(directory);

    if (!names)
        return -ENOENT;
    while (fd < 0 && (entry = readdir(names)))
        if (entry->d_name[0] != '.' &&
            snprintf(path, sizeof(path), "%s/%s%s", directory, entry->d_name, suffix) < (int)sizeof(path))
            fd = open_if(path, inode);
    closedir(names);
    return fd < 0 ? -ENOENT : fd;
}

int lx_namespace_enter(uint64_t inode)
{
    int own, other, error = 0;

    own = open(OWN, O_RDONLY | O_CLOEXEC);
    if (own < 0)
        return -errno;
    if (lx_namespace_own() == inode)
        return own;
    other = search("/run/netns", "", inode);
    if (other < 0)
        other = search("/proc", "/ns/net", inode);
    if (other < 0)
        error = other;
    else if (setns(other, CLONE_NEWNET))
        error = -errno;
    if (other >= 0)
        close(other);
    if (!error)
        return own;
    close(own);
    return error;
}

void lx_namespace_leave(int came_from)
{
    if (came_from < 0)
        return;
    /* Coming back to where one has just been fails only when the kernel is out of memory. */
    while (setns(came_from, CLONE_NEWNET) && errno == ENOMEM)
        usleep(1000);
    close(came_from);
}

/* The namespaces that have been visited, so that a host's many processes do not make it many visits. */
struct round {
    int (*visit)(void *data);
    void *data;
    uint64_t *seen; /* owned */
    size_t count;
    int result;
};

static bool seen_before(struct round *round, uint64_t inode)
{
    uint64_t *grown;

    for (size_t i = 0; i < round->count; i++)
        if (round->seen[i] == inode)
            return true;
    grown = reallocarray(round->seen, round->count + 1, sizeof(*grown));
    if (!grown)
        return false; /* once more, then */
    round->seen = grown;
    grown[round->count++] = inode;
    return false;
}

static void visit_namespace(struct round *round, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0)
        return;
    if (!fstat(fd, &status) && !seen_before(round, status.st_ino) &&
        (lx_namespace_own() == status.st_ino || !setns(fd, CLONE_NEWNET)))
        round->result = round->visit(round->data);
    close(fd);
}

static void visit_all(struct round *round, const char *directory, const char *suffix)
{
    DIR *names = opendir(directory);
    struct dirent *entry;
    char path[512];

    while (names && !round->result && (entry = readdir(names)))
        if (entry->d_name[0] != '.' &&
            snprintf(path, sizeof(path), "%s/%s%s", directory, entry->d_name, suffix) < (int)sizeof(path))
            visit_namespace(round, path);
    if (names)
        closedir(names);
}

int lx_namespace_each(int (*visit)(void *data), void *data)
{
    struct round round = {.visit = visit, .data = data};
    int own = open(OWN, O_RDONLY | O_CLOEXEC);

    if (own < 0)
        return 0;
    visit_namespace(&round, OWN);
    visit_all(&round, "/run/netns", "");
    visit_all(&round, "/proc", "/ns/net");
    free(round.seen);
    lx_namespace_leave(own);
    return round.result;
}

int lx_namespace_name(uint64_t inode, char *name, size_t room)
{
    DIR *names = opendir("/run/netns");
    struct dirent *entry;
    struct stat status;
    int error = -ENOENT;

    while (error && names && (entry = readdir(names)))
        if (entry->d_name[0] != '.' && !fstatat(dirfd(names), entry->d_name, &status, 0) && status.st_ino == inode &&
            snprintf(name, room, "%s", entry->d_name) < (int)room)
            error = 0;
    if (names)
        closedir(names);
    return error;
}
