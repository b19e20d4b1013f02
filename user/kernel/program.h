/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The to-role program: its twin is loaded first and brings the maps into being; the one that is attached shares them.
 * Only libxdp loads the latter, since it alone knows whether it becomes a component of a dispatcher.
 */
#ifndef LYNCXDP_KERNEL_PROGRAM_H
#define LYNCXDP_KERNEL_PROGRAM_H

#include <stdint.h>

#include "attachment.h"

struct to_role; /* the skeleton */

/* A loaded twin. The file descriptors are borrowed from the skeleton. */
struct lx_twin {
    struct to_role *skeleton; /* owned */
    uint32_t capacity;        /* of its images */
    int program, control, images, counters, labels, metadata;
};

/* Loads the twin with fresh maps for images of that capacity. Returns 0 or -errno. */
int lx_twin_load(uint32_t capacity, struct lx_twin *twin, struct lx_failure *failure);

void lx_twin_free(struct lx_twin *twin);

/*
 * Attaches the program over the twin's maps. From this moment it judges packets. Returns a file descriptor of the
 * program, or -errno: -EBUSY or -EEXIST when another program is on the interface.
 */
int lx_program_attach(const struct lx_twin *twin, const struct lx_interface *interface, enum lx_mode_choice choice,
                      struct lx_failure *failure);

#endif
