/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tc filter on an interface's egress, where a program stands that judges what leaves: found, put there beside those
 * of others, and taken off, with the clsact qdisc that carries it. All in this network namespace.
 */
#ifndef LYNCXDP_KERNEL_FILTER_H
#define LYNCXDP_KERNEL_FILTER_H

#include <stdint.h>

#include "interface.h"
#include "user/kernel/process/failure.h"

struct lx_filter {
    uint32_t handle;
    uint16_t priority;
    uint32_t program; /* id */
};

/* The filter whose program uses the map with that id: 0, -ENOENT, or another -errno when it cannot be determined. */
int lx_filter_with_map(unsigned ifindex, uint32_t map_id, struct lx_filter *filter);

/* A filter of ours by its program's name, whatever its maps. Needs no root. Results as above. */
int lx_filter_by_name(unsigned ifindex, struct lx_filter *filter);

/* Puts a program in front of what is there. The clsact qdisc must be there. Returns 0 or -errno. */
int lx_filter_attach(const struct lx_interface *interface, int program, struct lx_failure *failure);

/* Puts a program in the place of a filter's, at once. Returns 0 or -errno. */
int lx_filter_replace(unsigned ifindex, const struct lx_filter *filter, int program, struct lx_failure *failure);

int lx_filter_detach(unsigned ifindex, const struct lx_filter *filter, struct lx_failure *failure);

/* 0 when the interface has a clsact qdisc, -ENOENT, -EEXIST when another kind stands in its place, or another -errno.
 */
int lx_clsact_look(unsigned ifindex);

/* Creates the qdisc. Returns 1 when it was created, 0 when it was there already, or -errno. */
int lx_clsact_create(const struct lx_interface *interface, struct lx_failure *failure);

/* Removes the qdisc unless a filter stands on it. Returns 0 or -errno. */
int lx_clsact_remove(unsigned ifindex, struct lx_failure *failure);

#endif
