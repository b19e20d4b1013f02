/* SPDX-License-Identifier: GPL-2.0-only */
/* The file system that pins live in: whether it is there, and mounting it where it is not. */
#ifndef LYNCXDP_KERNEL_BPFFS_H
#define LYNCXDP_KERNEL_BPFFS_H

#include <stdbool.h>

#include "failure.h"

#define LX_BPFFS "/sys/fs/bpf"

bool lx_bpffs_mounted(void);

/* Mounts it unless it is. Returns 0 or -errno. It stays mounted whatever comes after: others may have begun to use it.
 */
int lx_bpffs_prepare(struct lx_failure *failure);

#endif
