/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two hooks of an attachment, and where they stand (enum lx_placement). Whether their programs are there, and
 * taking them off. The caller stands in the interface's network namespace.
 */
#ifndef LYNCXDP_KERNEL_HOOKS_H
#define LYNCXDP_KERNEL_HOOKS_H

#include <lyncxdp/abi.h>

#include <stdbool.h>
#include <stdint.h>

#include "place.h"
#include "user/kernel/link/interface.h"
#include "user/kernel/link/tcx.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/object/pins.h"
#include "user/kernel/process/failure.h"

/* Writes down which XDP program of an attachment runs on its interface, and how. Returns 0, or why that is unknown. */
int lx_metadata_complete(struct lx_metadata *metadata, enum lx_program program, const struct lx_maps *maps);

/* The interface that metadata describes, as far as it does. */
static inline struct lx_interface lx_interface_of(const struct lx_metadata *metadata)
{
    struct lx_interface interface = {.index = metadata->ifindex, .netns = metadata->netns, .vlan = metadata->vlan};

    __builtin_memcpy(interface.device, metadata->interface, sizeof(interface.device));
    __builtin_memcpy(interface.name, lx_called(metadata->interface, metadata->vlan).text, sizeof(interface.name));
    return interface;
}

/*
 * The first TCX program that packets meet before a filter of an attachment, on any interface of it: 0, -ENOENT when
 * there is none, or another -errno.
 */
int lx_hooks_tcx(const struct lx_metadata *metadata, const struct lx_members *members, struct lx_tcx *first);

/*
 * Takes off what runs on an interface of the attachment with those pins, as the metadata has it (zeroed but for
 * its index: nothing is known): the XDP program, the tc filter, the clsact qdisc if attaching created it and nothing
 * else stands on it; and sets back what was changed of the interface's settings. `orphans` takes off programs of ours
 * that lost their pins, too. Returns 0 when there was a program, -ENOENT when there was none, -EUCLEAN when all of ours
 * is off but not libxdp's dispatcher (running.h), or another -errno.
 */
int lx_hooks_stop(const struct lx_metadata *metadata, const char *directory, bool orphans, struct lx_failure *failure);

/* The same of the inner interface of a pair, whose index is given. */
int lx_hooks_stop_inner(const struct lx_metadata *metadata, unsigned ifindex, const char *directory,
                        struct lx_failure *failure);

/* Both sides of a place of an attachment; that there was nothing is no failure. */
int lx_hooks_stop_both(const struct lx_metadata *metadata, const char *directory, struct lx_failure *failure);

/* What is left of an attachment at all of its places, and its pins. */
int lx_hooks_remove(const struct lx_metadata *metadata, const char *directory, struct lx_failure *failure);

#endif
