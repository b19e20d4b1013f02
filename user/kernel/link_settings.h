/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a NIC must do for a pair that forwards by itself: take in frames that are addressed to others, and hand them on
 * as they came, with their VLAN tags inside and not several merged into one. What had to be changed for that is
 * remembered in the metadata, and set back when the attachment goes. The caller stands in the interfaces' namespace.
 */
#ifndef LYNCXDP_KERNEL_LINK_SETTINGS_H
#define LYNCXDP_KERNEL_LINK_SETTINGS_H

#include <lyncxdp/abi.h>

#include "failure.h"
#include "interface.h"

/* Writes down in the metadata's `restore` what has to be changed on either side; nothing is changed yet. */
int lx_link_settings_look(const struct lx_interface *outer, const struct lx_interface *inner,
                          struct lx_metadata *metadata, struct lx_failure *failure);

/* Changes what was written down. Returns 0 or -errno: -EOPNOTSUPP when a driver does not let go of a setting. */
int lx_link_settings_change(const struct lx_metadata *metadata, struct lx_failure *failure);

enum lx_pair_side {
    LX_OUTER,
    LX_INNER,
};

/* Sets back what was written down of one side, whose index is told. An interface that is gone needs nothing. */
int lx_link_settings_restore(const struct lx_metadata *metadata, enum lx_pair_side side, unsigned ifindex,
                             struct lx_failure *failure);

#endif
