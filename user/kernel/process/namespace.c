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
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlink.h"

#define OWN "/proc/thread-self/ns/net"

uint64_t lx_namespace_own(void)
{
    struct stat status;

    return stat(OWN, &status) ? 0 : status.st_ino;
}

/* Which namespace is looked for: by what is known of it. */
struct wanted {
    uint64_t inode;
    int id; /* the id that it has in this namespace, where the inode is 0 */
};

static int see_id(const struct nlmsghdr *message, void *data)
{
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct rtgenmsg))
    {
        if (mnl_attr_get_type(attribute) == NETNSA_NSID)
            *(int *)data = (int)mnl_attr_get_u32(attribute);
    }
    return MNL_CB_OK;
}

/* The id that a namespace has in this one, or -1. */
static int id_of(int fd)
{
    const struct {
        struct rtgenmsg header;
        struct nlattr attribute __attribute__((aligned(4)));
        uint32_t fd;
    } question = {.attribute = {.nla_len = sizeof(question.attribute) + sizeof(question.fd), .nla_type = NETNSA_FD},
                  .fd = (uint32_t)fd};
    int id = -1;

    return lx_netlink_ask(RTM_GETNSID, &question, sizeof(question), see_id, &id) ? -1 : id;
}

static bool is_wanted(int fd, const struct wanted *wanted)
{
    struct stat status;

    return wanted->inode ? !fstat(fd, &status) && status.st_ino == wanted->inode : id_of(fd) == wanted->id;
}

static int open_if(const char *path, const struct wanted *wanted)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (is_wanted(fd, wanted))
        return fd;
    close(fd);
    return -ENOENT;
}

/* Looks at DIRECTORY/NAME and then SUFFIX for every name in the directory. `path` receives what was found. */
static int search(const char *directory, const char *suffix, const struct wanted *wanted, char path[LX_NAMESPACE_PATH])
{
    struct dirent *entry;
    int fd = -ENOENT;
    DIR *names = opendir(directory);

    if (!names)
        return -ENOENT;
    while (fd < 0 && (entry = readdir(names)))
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "self") != 0 &&
            strcmp(entry->d_name, "thread-self") != 0 &&
            snprintf(path, LX_NAMESPACE_PATH, "%s/%s%s", directory, entry->d_name, suffix) < LX_NAMESPACE_PATH)
            fd = open_if(path, wanted);
    closedir(names);
    return fd < 0 ? -ENOENT : fd;
}

static int find(const struct wanted *wanted, char path[LX_NAMESPACE_PATH])
{
    int fd = search("/run/netns", "", wanted, path);

    return fd < 0 ? search("/proc", "/ns/net", wanted, path) : fd;
}

int lx_namespace_path(uint64_t inode, char path[LX_NAMESPACE_PATH])
{
    int fd = find(&(struct wanted){.inode = inode ?: UINT64_MAX}, path);

    if (fd >= 0)
        close(fd);
    return fd < 0 ? fd : 0;
}

static int enter(const struct wanted *wanted)
{
    char path[LX_NAMESPACE_PATH];
    int own, other, error = 0;

    own = open(OWN, O_RDONLY | O_CLOEXEC);
    if (own < 0)
        return -errno;
    if (wanted->inode && lx_namespace_own() == wanted->inode)
        return own;
    other = find(wanted, path);
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

int lx_namespace_enter(uint64_t inode)
{
    return enter(&(struct wanted){.inode = inode ?: UINT64_MAX});
}

int lx_namespace_enter_id(int id)
{
    return enter(&(struct wanted){.id = id});
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
