/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of an attachment, each loaded over its maps. Only libxdp loads the ones that judge packets by
 * XDP, since it alone knows whether it becomes a component of a dispatcher.
 */
#ifndef LYNCXDP_KERNEL_PROGRAM_H
#define LYNCXDP_KERNEL_PROGRAM_H

#include "interface.h"
#include "running.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/object/pins.h"

/* How a person wants the program to run. */
enum lx_mode_choice {
    LX_MODE_AUTO, /* native, else generic */
    LX_MODE_ONLY_NATIVE = LX_MODE_NATIVE,
    LX_MODE_ONLY_GENERIC = LX_MODE_GENERIC,
};

/* What leads to the mode again that a program runs in. */
static inline enum lx_mode_choice lx_mode_again(uint32_t mode)
{
    return mode == LX_MODE_GENERIC ? LX_MODE_ONLY_GENERIC : mode == LX_MODE_NATIVE ? LX_MODE_ONLY_NATIVE : LX_MODE_AUTO;
}

/*
 * Loads a program: the from-role one, for tc to take, or the dry run of any, which answers and does not count. Returns
 * a file descriptor, or -errno.
 */
int lx_program_load(const struct lx_maps *maps, enum lx_program program, bool dry_run, struct lx_failure *failure);

/*
 * Attaches the to-role program, or on the inner interface of a pair its own. From this moment it judges packets.
 * Returns a file descriptor of the program, or -errno: -EBUSY or -EEXIST when another program is on the interface.
 */
int lx_program_attach(const struct lx_maps *maps, enum lx_program program, const struct lx_interface *interface,
                      enum lx_mode_choice choice, struct lx_failure *failure);

/*
 * Puts a program of XDP over these maps in the place of one that runs. No packet passes between them unjudged: the
 * kernel exchanges one for the other, or the dispatcher runs both until the old one goes, so that for this moment what
 * passes is counted twice. Results as above.
 */
int lx_program_replace(const struct lx_maps *maps, enum lx_program which, const struct lx_interface *interface,
                       const struct lx_running *running, struct lx_failure *failure);

#endif
