/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of an attachment. The twins are loaded first and bring the maps into being; the programs that judge
 * packets share them. Only libxdp loads the to-role one, since it alone knows whether it becomes a component of a
 * dispatcher.
 */
#ifndef LYNCXDP_KERNEL_PROGRAM_H
#define LYNCXDP_KERNEL_PROGRAM_H

#include <stdint.h>

#include "attachment.h"

struct bpf_object;

/* The maps that all programs of an attachment share. The counters are each hook's own. */
enum lx_shared_map {
    LX_MAP_CONTROL,
    LX_MAP_IMAGES,
    LX_MAP_FLOWS,
    LX_MAP_FLOW_GATE,
    LX_MAP_FRAGMENTS,
    LX_MAP_LABELS,
    LX_MAP_METADATA,
    LX_SHARED_MAP_COUNT
};

/* What shapes the maps. */
struct lx_shape {
    uint32_t capacity; /* of an image */
    uint32_t flows;    /* entries of the flow table */
};

/* Loaded twins. The file descriptors are borrowed from the objects. */
struct lx_twins {
    struct lx_shape shape;
    struct bpf_object *objects[LX_HOOK_COUNT]; /* owned; NULL: no such hook */
    int programs[LX_HOOK_COUNT], counters[LX_HOOK_COUNT];
    int maps[LX_SHARED_MAP_COUNT];
};

/* Loads the twin of the to-role hook with fresh maps and, if asked for, that of the other hook. Returns 0 or -errno. */
int lx_twins_load(const struct lx_shape *shape, bool from_role, struct lx_twins *twins, struct lx_failure *failure);

void lx_twins_free(struct lx_twins *twins);

/*
 * Loads the from-role program over the twins' maps, for tc to take. Returns a file descriptor of the program, or
 * -errno.
 */
int lx_program_load_from_role(const struct lx_twins *twins, struct lx_failure *failure);

/*
 * Attaches the to-role program over the twins' maps. From this moment it judges packets. Returns a file descriptor of
 * the program, or -errno: -EBUSY or -EEXIST when another program is on the interface.
 */
int lx_program_attach(const struct lx_twins *twins, const struct lx_interface *interface, enum lx_mode_choice choice,
                      struct lx_failure *failure);

#endif
