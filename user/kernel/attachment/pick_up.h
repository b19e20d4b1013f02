/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Picking up: conversations that were running before the filter came are put into the flow table, so that whoever
 * speaks first in them, they go on. What the tables list, always; what they do not, under `--egress track`, where
 * nobody but the role can have begun it.
 */
#ifndef LYNCXDP_KERNEL_PICK_UP_H
#define LYNCXDP_KERNEL_PICK_UP_H

#include "user/core/image/compile.h"
#include "user/kernel/link/interface.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/process/failure.h"

/*
 * Picks up what the kernel knows to be running, no more than the table holds, and lets the role's own packets do the
 * same for LX_PICK_UP_SECONDS. To be done when the role's packets are looked at already, and those to it are not. What
 * the kernel does not show is not picked up.
 */
void lx_pick_up(const struct lx_maps *maps, const struct lx_interface *interface, const struct lx_compiled *compiled);

/*
 * Ends all flows that were picked up, and the time in which unlisted ones are. What the tables list is picked up again
 * when the role next speaks. Returns 0 or -errno.
 */
int lx_forget_picked_up(const struct lx_maps *maps, struct lx_failure *failure);

#endif
