/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting a policy where the packet path finds it: the image into a slot, what its rows are called and what is known of
 * it beside it, and then, with one store, the control word that puts the slot in force.
 */
#ifndef LYNCXDP_KERNEL_PUBLISH_H
#define LYNCXDP_KERNEL_PUBLISH_H

#include <stdint.h>

#include "user/core/image/compile.h"
#include "user/core/resolve/policy.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/process/failure.h"

/* A policy on its way into a slot, which must not be in force. */
struct lx_publishing {
    const struct lx_policy *policy;
    const struct lx_compiled *compiled;
    const struct lx_words *request;      /* the words that asked for it; NULL: not known */
    const struct lx_slot_set *reclaimed; /* slots of its rows whose counters begin anew; NULL: none */
    uint32_t slot;
    uint64_t generation;
};

/*
 * Puts a policy into its slot: publication, image and labels. Nothing changes for packets until the control word
 * does. Its image may be smaller than those of the attachment. Returns 0 or -errno: -E2BIG when a request or the names
 * of the roles are too long to be kept.
 */
int lx_publish(const struct lx_maps *maps, const struct lx_publishing *publishing, struct lx_failure *failure);

/* Puts an image of the attachment's capacity into a slot that is not in force. */
int lx_publish_image(const struct lx_maps *maps, uint32_t slot, const void *image, struct lx_failure *failure);

/* Into the place that it has. */
int lx_publish_metadata(int map, const struct lx_metadata *metadata, struct lx_failure *failure);

/* Stores the control word: the next packet sees the new one, whole. */
int lx_publish_control(int control, uint64_t word, struct lx_failure *failure);

#endif
