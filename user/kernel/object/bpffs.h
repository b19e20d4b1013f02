/* SPDX-License-Identifier: GPL-2.0-only */
/* The file system that pins live in: whether it is there, and mounting it where it is not. */
#ifndef LYNCXDP_KERNEL_BPFFS_H
#define LYNCXDP_KERNEL_BPFFS_H

#include <stdbool.h>

#include "user/kernel/process/failure.h"

#define LX_BPFFS "/sys/fs/bpf"

bool lx_bpffs_mounted(void);

/* Mounts it unless it is. Returns 0 or -errno. It stays mounted whatever comes after: others may have begun to use it.
 */
int lx_bpffs_prepare(struct lx_failure *failure);

/* How long what is pinned there lasts: as long as a process that sees the same file system in the same place. */
enum lx_bpffs_lasts {
    LX_BPFFS_LASTS, /* process 1 sees it, or somebody mounted it for others, too, or nothing can be determined */
    LX_BPFFS_LASTS_A_WHILE,    /* mounted just now, in mounts of their own that others hold, a shell perhaps */
    LX_BPFFS_ENDS_WITH_PROCESS /* none does but this process, or those that wait for it to end and end then, too */
};

/*
 * Mounts it unless it is, and shows how long it lasts. Where it ends with this process, it is not left mounted.
 * `holder` receives the id of a process that holds it for a while.
 */
int lx_bpffs_lasts(enum lx_bpffs_lasts *lasts, int *holder, struct lx_failure *failure);

/* Refuses where this process sees no BPF file system and process 1 does, so that every pin is out of sight. 0 or
 * -ENOTSUP. */
int lx_bpffs_refuse_hidden(struct lx_failure *failure);

#define LX_BPFFS_ENTRANCE 600

/*
 * What to put before a command so that it stands in this network namespace and sees process 1's BPF file system, when
 * it is typed where this one was: "nsenter --net=/run/netns/NAME ", or nothing. Returns `text`.
 */
char *lx_bpffs_entrance(char text[LX_BPFFS_ENTRANCE]);

#endif
