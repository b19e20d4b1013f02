/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a NIC must do for a policy: leave VLAN tags in their frames where it lists VLANs, since XDP sees no others; and
 * for a pair that forwards by itself also take in frames that are addressed to others, and hand them on as they came
 * and not several merged into one. What had to be changed for that is remembered in the metadata, and set back when
 * the attachment goes. The caller stands in the interfaces' namespace.
 */
#ifndef LYNCXDP_KERNEL_LINK_SETTINGS_H
#define LYNCXDP_KERNEL_LINK_SETTINGS_H

#include <lyncxdp/abi.h>

#include "interface.h"
#include "user/kernel/process/failure.h"

enum lx_link_need {
    LX_NEED_NOTHING = 0,
    LX_NEED_TAGS = 1,    /* VLAN tags stay in their frames */
    LX_NEED_FORWARD = 2, /* the pair forwards by itself */
};

/*
 * Adds to the metadata's `restore` what has to be changed on an interface and, if it is a pair, on the inner one (else
 * NULL); nothing is changed yet.
 */
int lx_link_settings_look(const struct lx_interface *outer, const struct lx_interface *inner, unsigned needs,
                          struct lx_metadata *metadata, struct lx_failure *failure);

/*
 * Changes what was written down. Returns 0 or -errno: -EOPNOTSUPP when a driver does not let go of a setting. With
 * `force`, tags that are taken off all the same are borne.
 */
int lx_link_settings_change(const struct lx_metadata *metadata, unsigned needs, bool force, struct lx_failure *failure);

enum lx_pair_side {
    LX_OUTER,
    LX_INNER,
};

/* Sets back what was written down of one side, whose index is given. An interface that is gone needs nothing. */
int lx_link_settings_restore(const struct lx_metadata *metadata, enum lx_pair_side side, unsigned ifindex,
                             struct lx_failure *failure);

/* Sets back what was written down in one's metadata and not in that of the other, which it was to follow. */
int lx_link_settings_undo(const struct lx_metadata *metadata, const struct lx_metadata *before,
                          struct lx_failure *failure);

/* Writes down that nothing was changed of an inner interface: there is another one now, or none. */
void lx_link_settings_forget_inner(struct lx_metadata *metadata);

/* Whether VLAN tags are taken off frames before XDP sees them on that interface: 1, 0, or -errno: it cannot be
 * determined. */
int lx_link_takes_tags(unsigned ifindex);

#endif
