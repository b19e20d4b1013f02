/* SPDX-License-Identifier: GPL-2.0-only */
/* One lyncxdp command at a time changes an attachment: a lock file of its own for each. */
#ifndef LYNCXDP_KERNEL_LOCK_H
#define LYNCXDP_KERNEL_LOCK_H

#include "failure.h"
#include "pins.h"

struct lx_lock {
    int fd;
    char path[64];
};

/*
 * Takes the lock, waiting a few seconds for another command to finish. Returns 0, -EWOULDBLOCK with LX_EXIT_BUSY, or
 * another -errno. The kernel frees the lock of a process that dies.
 */
int lx_lock_take(const struct lx_pin_name *name, struct lx_lock *lock, struct lx_failure *failure);

/* Frees the lock and removes its file. */
void lx_lock_free(struct lx_lock *lock);

#endif
