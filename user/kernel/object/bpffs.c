/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks for bpffs at the one place where everyone expects it, and mounts it there as systemd would. In mounts of its
 * own (ip netns exec, unshare --mount) a process sees another one, or none; /proc shows who sees which.
 */
#include "bpffs.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "user/kernel/process/namespace.h"

bool lx_bpffs_mounted(void)
{
    struct statfs status;

    return !statfs(LX_BPFFS, &status) && (unsigned long)status.f_type == BPF_FS_MAGIC;
}

int lx_bpffs_prepare(struct lx_failure *failure)
{
    if (lx_bpffs_mounted())
        return 0;
    if (!mount("bpf", LX_BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME, "mode=0700"))
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, errno,
                   "the BPF file system is not mounted at " LX_BPFFS " and cannot be mounted there: %s; "
                   "mount it with: mount -t bpf bpf " LX_BPFFS,
                   strerror(errno));
}

/* A line of mountinfo names a BPF file system in that place: this one, or (0) any. */
static bool names_device(const char *line, dev_t device)
{
    const char *rest = strstr(line, " - bpf ");
    unsigned major, minor;
    char point[64];

    return rest && sscanf(line, "%*d %*d %u:%u %*s %63s", &major, &minor, point) == 3 && !strcmp(point, LX_BPFFS) &&
           (!device || device == makedev(major, minor));
}

/* Whether a process has such a one: 1, 0, or -errno when it cannot be determined. */
static int has_mounted(int process, dev_t device)
{
    char path[64], *line = NULL;
    size_t size = 0;
    FILE *mounts;
    int found = 0;

    snprintf(path, sizeof(path), "/proc/%d/mountinfo", process);
    mounts = fopen(path, "re");
    if (!mounts)
        return -errno;
    while (!found && getline(&line, &size, mounts) > 0)
        found = names_device(line, device);
    free(line);
    fclose(mounts);
    return found;
}

/* Those that run one command and end with it. */
static bool only_waits(int process)
{
    static const char *const waiting[] = {"ip",   "unshare", "nsenter", "sudo",  "su",
                                          "doas", "timeout", "strace",  "setsid"};
    char path[64], name[32] = "";
    FILE *stream;

    snprintf(path, sizeof(path), "/proc/%d/comm", process);
    stream = fopen(path, "re");
    if (!stream)
        return true; /* it has ended already */
    if (fscanf(stream, "%31s", name) != 1)
        name[0] = '\0';
    fclose(stream);
    for (size_t i = 0; i < sizeof(waiting) / sizeof(*waiting); i++)
        if (!strcmp(name, waiting[i]))
            return true;
    return false;
}

/* A process that sees the same as this one and outlives it, or 0. */
static int find_holder(dev_t device)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    int holder = 0;

    while (processes && !holder && (entry = readdir(processes))) {
        int process = atoi(entry->d_name);

        if (process > 0 && process != getpid() && has_mounted(process, device) == 1 && !only_waits(process))
            holder = process;
    }
    if (processes)
        closedir(processes);
    return holder;
}

int lx_bpffs_lasts(enum lx_bpffs_lasts *lasts, int *holder, struct lx_failure *failure)
{
    bool mounted = lx_bpffs_mounted();
    int error = lx_bpffs_prepare(failure);
    struct stat own;
    int first;

    if (error)
        return error;
    *lasts = LX_BPFFS_LASTS;
    if (stat(LX_BPFFS, &own) || has_mounted(getpid(), own.st_dev) != 1)
        return 0;
    first = getpid() == 1 ? 0 : has_mounted(1, own.st_dev);
    /* A service may not look at others (ProtectProc): what was there before it was somebody's. */
    if (first == 1 || (first < 0 && mounted))
        return 0;
    *holder = find_holder(own.st_dev);
    if (!*holder)
        *lasts = LX_BPFFS_ENDS_WITH_PROCESS;
    else if (!mounted) /* who mounted it knows what it is for */
        *lasts = LX_BPFFS_LASTS_A_WHILE;
    if (!*holder && !mounted)
        umount(LX_BPFFS);
    return 0;
}

static bool same(const char *one, const char *other)
{
    struct stat left, right;

    return !stat(one, &left) && !stat(other, &right) && left.st_ino == right.st_ino && left.st_dev == right.st_dev;
}

char *lx_bpffs_entrance(char text[LX_BPFFS_ENTRANCE])
{
    char path[LX_NAMESPACE_PATH], net[64], mnt[64];
    bool mounts;

    /* Who typed the command stands where it does, but for what it was given on the way. */
    snprintf(net, sizeof(net), "/proc/%d/ns/net", getppid());
    snprintf(mnt, sizeof(mnt), "/proc/%d/ns/mnt", getppid());
    mounts = same("/proc/self/ns/mnt", mnt);
    if (same("/proc/self/ns/net", net) || lx_namespace_path(lx_namespace_own(), path))
        path[0] = '\0';
    snprintf(text, LX_BPFFS_ENTRANCE, "%s%s%s%s%s", path[0] || mounts ? "nsenter " : "", path[0] ? "--net=" : "", path,
             path[0] ? " " : "", mounts ? "--mount=/proc/1/ns/mnt " : "");
    return text;
}

int lx_bpffs_refuse_hidden(struct lx_failure *failure)
{
    char entrance[LX_BPFFS_ENTRANCE];

    if (lx_bpffs_mounted() || has_mounted(1, 0) != 1)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, ENOTSUP,
                   "this command was given mounts of its own (by ip netns exec, say), in which the machine's BPF file "
                   "system and all that is attached are out of sight; run it as: %slyncxdp ...",
                   lx_bpffs_entrance(entrance));
}
