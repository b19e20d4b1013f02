/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of the from-role hook, put back where somebody took them off while the to-role program goes on: nothing
 * is open in between, and no counter and no flow is lost.
 */
#ifndef LYNCXDP_KERNEL_RESTORE_H
#define LYNCXDP_KERNEL_RESTORE_H

#include "user/kernel/link/interface.h"
#include "user/kernel/object/maps.h"

/*
 * To be called under the lock, in the interface's namespace; `interface` is the outer one as it is now. Returns 1 when
 * a program was put back, 0 when none was missing, or -errno.
 */
int lx_restore_from_role(const struct lx_maps *maps, const char *directory, const struct lx_interface *interface,
                         struct lx_metadata *metadata, struct lx_failure *failure);

/*
 * The same of an interface that is one of several, and of its to-role program, too. One that is gone (its index is 0)
 * joins again when there is one of its name. Results as above.
 */
int lx_restore_member(const struct lx_maps *maps, const char *directory, struct lx_metadata *metadata,
                      struct lx_failure *failure);

#endif
