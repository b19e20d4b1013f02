/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where an attachment's programs run now. Pins are named after the place where they were made; since then the interface
 * may have been renamed, moved to another network namespace, or gone, and another may have come in its place.
 */
#ifndef LYNCXDP_KERNEL_LOCATION_H
#define LYNCXDP_KERNEL_LOCATION_H

#include <lyncxdp/abi.h>

#include "user/kernel/link/interface.h"
#include "user/kernel/object/pins.h"

/*
 * 0 when all programs of a hook, which use those counters, are where the metadata says, in this namespace; -ENOENT, or
 * another -errno: it cannot be determined. Users who may not look at programs get as good an answer as there is.
 */
int lx_location_runs(const struct lx_metadata *metadata, enum lx_hook hook, uint32_t counters_id);

/*
 * Finds the interface of the attachment with those pins and corrects the metadata's namespace, index and name. The
 * interface is the one that runs a program of the attachment, or else the one of that name in its old place. Returns 0,
 * or -ENOENT when there is none any more (then nothing is corrected).
 */
int lx_location_find(const char *directory, struct lx_metadata *metadata);

/* The same of the inner interface of a pair: metadata that describes it as if it were one by itself. */
int lx_location_find_inner(const char *directory, struct lx_metadata *metadata);

/* Whether an interface is the inner side of a pair with those pins: by its program, or else by its place. */
bool lx_location_is_inner(const struct lx_interface *interface, const char *directory);

/*
 * Whether an interface is, or is the inner side of, one that is filtered with that of the attachment with those pins.
 * `member` receives what is known of it.
 */
bool lx_location_is_member(const struct lx_interface *interface, const char *directory, struct lx_metadata *member);

/*
 * The directory of an interface's attachment, made here or moved here with it, or of the pair whose inner side it is;
 * its own, perhaps absent, when there is none. Returns `path`.
 */
char *lx_location_directory(const struct lx_interface *interface, char path[LX_PINS_PATH]);

/*
 * What filters another VLAN of the interface than the attachment with those pins, or the whole, of which that one
 * filters a VLAN. `beside` receives what is known of it, `path` the directory of its pins.
 */
bool lx_location_beside(const struct lx_interface *interface, const char *directory, struct lx_metadata *beside,
                        char path[LX_PINS_PATH]);

/* Fails for an interface, or VLAN of it, to which nothing is attached, while that is. Returns -ENOENT. */
int lx_fail_for_beside(const struct lx_interface *interface, const struct lx_metadata *beside,
                       struct lx_failure *failure);

/* False for what a command that was killed did not let join an attachment to its end. */
bool lx_location_joined(const char *directory, const struct lx_metadata *member);

/* Whether an attachment stands on several interfaces and still runs on one that is not in this place of its metadata.
 */
bool lx_location_goes_on(const char *directory, uint32_t without);

/*
 * The next interface of this namespace after `index`, in the order of their indices, that runs a program of ours whose
 * pins are lost. Returns its index, or 0.
 */
unsigned lx_orphan_after(unsigned index, char name[LX_INTERFACE_NAME]);

#endif
