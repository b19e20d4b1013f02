/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which interfaces, or pairs, are filtered with that of an attachment: they come and go while the others filter, and
 * what is in force is in force at all of them.
 */
#ifndef LYNCXDP_KERNEL_MEMBERS_H
#define LYNCXDP_KERNEL_MEMBERS_H

#include "attach.h"
#include "update.h"

/* Whether they are these, in any order. */
bool lx_members_are(const struct lx_members *members, const struct lx_wire *wires, size_t count);

/* Lets those join that have not. On failure none has. */
int lx_members_add(struct lx_update *update, const struct lx_wire *wires, size_t count, struct lx_failure *failure);

/* Lets those leave that have joined since, and join again, where they can, that have left. */
void lx_members_take_back(struct lx_update *update, const struct lx_members *before);

/* Lets all others leave. */
int lx_members_keep(struct lx_update *update, const struct lx_wire *wires, size_t count, struct lx_failure *failure);

#endif
