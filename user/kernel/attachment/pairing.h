/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attachment is paired otherwise while it filters: its interface gets another inner side, or its first, or stands
 * alone from now on. What is in force, its counters and its flows go on.
 */
#ifndef LYNCXDP_KERNEL_PAIRING_H
#define LYNCXDP_KERNEL_PAIRING_H

#include "pair.h"
#include "update.h"

/* How it is paired now, but for the outer interface. */
struct lx_pair lx_pairing_of(const struct lx_metadata *metadata);

bool lx_pairing_is(const struct lx_metadata *metadata, const struct lx_pair *pair);

/*
 * Whether it can be paired so in place. What several interfaces share is paired by attaching anew, and so is a pair
 * that forwards by itself where what the role sends was not looked at before, or where the mode would be another.
 */
bool lx_pairing_fits(const struct lx_metadata *metadata, const struct lx_members *members, const struct lx_pair *pair);

/*
 * Pairs it so, under the lock of the update. The program of the new inner side is there before the outer one hands
 * anything to it, and the old inner side is let go last. On failure the attachment is as it was.
 */
int lx_pairing_change(struct lx_update *update, const struct lx_pair *pair, struct lx_failure *failure);

#endif
