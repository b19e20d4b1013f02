/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the programs of an attachment stand, by its placement (enum lx_placement), as its metadata shows. */
#ifndef LYNCXDP_KERNEL_PLACE_H
#define LYNCXDP_KERNEL_PLACE_H

#include <lyncxdp/abi.h>

#include <stdbool.h>

#include "user/kernel/object/pins.h"

static inline bool lx_is_behind(const struct lx_metadata *metadata)
{
    return metadata->placement == LX_PLACEMENT_BEHIND;
}

/* The hook whose program stands at the interface's tc egress, if one does, and that program. */
static inline enum lx_hook lx_filter_hook(const struct lx_metadata *metadata)
{
    return lx_is_behind(metadata) ? LX_HOOK_TO_ROLE : LX_HOOK_FROM_ROLE;
}

static inline enum lx_program lx_filter_program(const struct lx_metadata *metadata)
{
    return lx_is_behind(metadata) ? LX_PROGRAM_TO_ROLE_TC : LX_PROGRAM_FROM_ROLE_TC;
}

/* Whether one does. On a pair that forwards by itself none does. */
static inline bool lx_has_filter(const struct lx_metadata *metadata)
{
    return lx_is_behind(metadata) || (metadata->from_role && !metadata->forward);
}

static inline bool lx_has_filter_of(const struct lx_metadata *metadata, enum lx_hook hook)
{
    return lx_has_filter(metadata) && hook == lx_filter_hook(metadata);
}

/* The interface where a program of XDP stands; 0 where the attachment has no such program. */
static inline unsigned lx_place_of_xdp(const struct lx_metadata *metadata, enum lx_program program)
{
    if (program == LX_PROGRAM_TO_ROLE_XDP)
        return lx_is_behind(metadata) ? 0 : metadata->ifindex;
    if (program != LX_PROGRAM_FROM_ROLE_XDP || !metadata->from_role)
        return 0;
    return lx_is_behind(metadata) ? metadata->ifindex : metadata->pair_ifindex;
}

/* Whether that is the inner one of a pair. */
static inline bool lx_is_at_inner(const struct lx_metadata *metadata, enum lx_program program)
{
    return program == LX_PROGRAM_FROM_ROLE_XDP && !lx_is_behind(metadata);
}

#endif
