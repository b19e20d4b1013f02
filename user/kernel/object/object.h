/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF objects that this binary carries, opened and shaped for one attachment but not loaded yet. */
#ifndef LYNCXDP_KERNEL_OBJECT_H
#define LYNCXDP_KERNEL_OBJECT_H

#include <bpf/libbpf.h>

#include "map_table.h"
#include "pins.h"

/* The name of an object's one program. */
const char *lx_program_name(enum lx_program program);

/*
 * Opens the object of a program and sets what must be set before loading: the constants, and the shapes of the maps. A
 * dry_run is the same program that answers instead of counting. Returns NULL with errno set on failure.
 */
struct bpf_object *lx_object_open(enum lx_program program, const struct lx_shape *shape, bool dry_run);

/* The same, with the maps of an attachment for its own. -EPROTO when they have another shape. */
struct bpf_object *lx_object_open_over(enum lx_program program, const struct lx_maps *maps, bool dry_run);

struct bpf_program *lx_object_program(const struct bpf_object *object, enum lx_program program);
struct bpf_map *lx_object_map(const struct bpf_object *object, enum lx_map map);

/* Explains why the kernel did not load an object. Returns -error. */
int lx_fail_to_load(int error, struct lx_failure *failure);

#endif
