/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of an attachment, each loaded over its maps. Only libxdp loads the to-role one that judges packets,
 * since it alone knows whether it becomes a component of a dispatcher.
 */
#ifndef LYNCXDP_KERNEL_PROGRAM_H
#define LYNCXDP_KERNEL_PROGRAM_H

#include "attachment.h"
#include "maps.h"

/*
 * Loads the program of a hook: the from-role one, for tc to take, or the twin of either, which answers and does not
 * count. Returns a file descriptor, or -errno.
 */
int lx_program_load(const struct lx_maps *maps, enum lx_hook hook, bool twin, struct lx_failure *failure);

/*
 * Attaches the to-role program. From this moment it judges packets. Returns a file descriptor of the program, or
 * -errno: -EBUSY or -EEXIST when another program is on the interface.
 */
int lx_program_attach(const struct lx_maps *maps, const struct lx_interface *interface, enum lx_mode_choice choice,
                      struct lx_failure *failure);

#endif
