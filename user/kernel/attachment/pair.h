/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An inline pair: the outer interface, which the attachment is named after, and the inner one, behind which the role
 * is. The kernel bridges or routes between them, or the programs forward by themselves.
 */
#ifndef LYNCXDP_KERNEL_PAIR_H
#define LYNCXDP_KERNEL_PAIR_H

#include <lyncxdp/abi.h>

#include "user/kernel/link/interface.h"
#include "user/kernel/process/failure.h"

/* Refuses what cannot be a pair: one interface twice, or two that forward frames of different sizes. */
int lx_pair_check(const struct lx_interface *outer, const struct lx_interface *inner, bool forward,
                  struct lx_failure *failure);

/*
 * Whether the kernel hands frames as long as these interfaces take natively from one to the other. Linux before 6.3
 * does not if they lie in several pieces.
 */
bool lx_pair_fits_natively(const struct lx_interface *outer);

/* Tells the programs where each side's packets go out. `peers` is the map of that name. */
int lx_pair_connect(int peers, const struct lx_metadata *metadata, struct lx_failure *failure);

/*
 * Whether the kernel carries packets between the two: a bridge stands on both, or it routes. Returns false, too, when
 * that cannot be told.
 */
bool lx_pair_carried(const struct lx_interface *outer, const struct lx_interface *inner);

#endif
