/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attachment made anew in its own place while it filters, because its maps or programs must be others: a larger
 * image, the from-role hook, programs of another version. Counters and flows go on, and so does the policy.
 */
#ifndef LYNCXDP_KERNEL_REBUILD_H
#define LYNCXDP_KERNEL_REBUILD_H

#include "user/kernel/object/maps.h"
#include "user/kernel/process/failure.h"

/* What is made anew, as the holder of its lock has it open. Borrowed. */
struct lx_predecessor {
    unsigned ifindex; /* of its interface as it is now */
    const char *directory;
    const struct lx_maps *maps;
    const struct lx_metadata *metadata;
    const struct lx_members *members;
};

/* What it is to be. */
struct lx_successor {
    struct lx_shape shape;
    struct lx_metadata metadata; /* of its own interface, which may have another inner side */
    unsigned needs;              /* what that inner side needs of its cards (link_settings.h) */
};

/*
 * Makes the successor beside the attachment, with the same images in the same slots, and puts it in its place: programs
 * first, each by one exchange, then the pins by another. The caller opens the attachment anew then. On failure the
 * attachment is as it was.
 */
int lx_rebuild(const struct lx_predecessor *old, const struct lx_successor *successor, struct lx_failure *failure);

/*
 * Finishes or undoes what a killed command left, by what runs: once the successor's to-role program stands on the
 * interface, there is only the way forward. To be called under the lock, in the interface's namespace, before anything
 * else looks at the pins. Returns 0 or -errno.
 */
int lx_rebuild_recover(unsigned ifindex, const char *directory, struct lx_failure *failure);

#endif
