/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks for bpffs at the one place where everyone expects it, and mounts it there as systemd would. */
#include "bpffs.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>

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
