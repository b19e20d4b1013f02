/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting a policy where the packet path finds it: the image into a slot, what its rows are called beside it, and then,
 * with one store, the control word that puts the slot in force.
 */
#ifndef LYNCXDP_KERNEL_PUBLISH_H
#define LYNCXDP_KERNEL_PUBLISH_H

#include <stdint.h>

#include "../core/compile.h"
#include "../core/policy.h"
#include "failure.h"

/*
 * Puts an image into a slot that is not in force, in a fresh map of its own, as that generation of its attachment.
 * Returns 0 or -errno.
 */
int lx_publish_image(int images, uint32_t slot, const struct lx_compiled *compiled, uint32_t generation,
                     struct lx_failure *failure);

/* Labels the row slots that the policy uses. */
int lx_publish_labels(int labels, const struct lx_policy *policy, struct lx_failure *failure);

int lx_publish_metadata(int map, const struct lx_metadata *metadata, struct lx_failure *failure);

/* Stores the control word: the next packet sees the new one, whole. */
int lx_publish_control(int control, uint64_t word, struct lx_failure *failure);

#endif
