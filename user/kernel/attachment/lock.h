/* SPDX-License-Identifier: GPL-2.0-only */
/* One lyncxdp command at a time changes an attachment: a lock file of its own for each. */
#ifndef LYNCXDP_KERNEL_LOCK_H
#define LYNCXDP_KERNEL_LOCK_H

#include "user/kernel/object/pins.h"
#include "user/kernel/process/failure.h"

struct lx_lock {
    int fd; /* -1: none could be made there */
    char path[64];
    int spare; /* beside the pins; -1: it was not needed */
    char spare_path[LX_PINS_PATH + 8];
};

/*
 * Takes the lock, waiting a few seconds for another command to finish. Returns 0, -EWOULDBLOCK with LX_EXIT_BUSY, or
 * another -errno. The kernel frees the lock of a process that dies.
 */
int lx_lock_take(const struct lx_pin_name *name, struct lx_lock *lock, struct lx_failure *failure);

/* Frees the lock and removes what it was taken on. */
void lx_lock_free(struct lx_lock *lock);

/* The locks of all interfaces of an attachment. */
struct lx_locks {
    struct lx_lock locks[2 * LX_MEMBERS + 1];
    size_t count;
};

/*
 * Takes the locks of interfaces of the attachment's namespace, by their indices (0: none): all or none, the lowest
 * first, so that no two commands wait for each other. Of one VLAN of a trunk, its own last: the interface is
 * everybody's whose VLAN comes by it. Results as above.
 */
int lx_locks_take(const struct lx_pin_name *of, const unsigned *ifindexes, size_t count, struct lx_locks *locks,
                  struct lx_failure *failure);
void lx_locks_free(struct lx_locks *locks);

#endif
