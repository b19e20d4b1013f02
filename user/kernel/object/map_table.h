/* SPDX-License-Identifier: GPL-2.0-only */
/* Which maps an attachment has, what they are called, and what they have to hold. */
#ifndef LYNCXDP_KERNEL_MAP_TABLE_H
#define LYNCXDP_KERNEL_MAP_TABLE_H

#include <lyncxdp/abi.h>

#include <stdbool.h>
#include <stdint.h>

enum lx_map {
    LX_MAP_CONTROL,
    LX_MAP_IMAGES,
    LX_MAP_FLOWS,
    LX_MAP_FLOW_GATE,
    LX_MAP_FRAGMENTS,
    LX_MAP_PEERS,
    LX_MAP_LABELS,
    LX_MAP_METADATA,
    LX_MAP_PUBLICATIONS,
    LX_MAP_CHANGES,
    LX_MAP_COMPARISONS,
    LX_MAP_SAMPLES,
    LX_MAP_SAMPLE_FILTER,
    LX_MAP_SAMPLE_COUNTS,
    LX_MAP_TO_ROLE_COUNTERS, /* from here on each hook has its own; those before are shared */
    LX_MAP_TO_ROLE_PORTS,
    LX_MAP_FROM_ROLE_COUNTERS, /* absent without that hook, like the next */
    LX_MAP_FROM_ROLE_PORTS,
    LX_MAP_OWN_PORTS,
    LX_MAP_COUNT
};

/* What shapes the maps. */
struct lx_shape {
    uint32_t capacity; /* of an image, in bytes */
    uint32_t flows;    /* entries of the flow table */
    bool from_role;    /* counters and ports for that hook too */
    bool paired;       /* an inline pair, */
    bool forward;      /* that forwards by itself */
    bool behind;       /* the role is behind the interface */
};

/* File descriptors, owned; -1: not opened. */
struct lx_maps {
    struct lx_shape shape;
    int fds[LX_MAP_COUNT];
};

#define LX_MAPS_NONE                                                                                                   \
    (struct lx_maps)                                                                                                   \
    {                                                                                                                  \
        .fds = { [0 ... LX_MAP_COUNT - 1] = -1 }                                                                       \
    }

/* The counters of a hook. */
static inline enum lx_map lx_map_of_counters(enum lx_hook hook)
{
    return hook == LX_HOOK_TO_ROLE ? LX_MAP_TO_ROLE_COUNTERS : LX_MAP_FROM_ROLE_COUNTERS;
}

/* The dropped ports of a hook. */
static inline enum lx_map lx_map_of_ports(enum lx_hook hook)
{
    return hook == LX_HOOK_TO_ROLE ? LX_MAP_TO_ROLE_PORTS : LX_MAP_FROM_ROLE_PORTS;
}

/* A map's name, which is also that of its pin, and its sizes. */
struct lx_map_kind {
    const char *name;
    uint32_t key_size, value_size; /* value size 0: reported by the shape */
};

extern const struct lx_map_kind lx_map_kinds[LX_MAP_COUNT];

const char *lx_map_name(enum lx_map map);

#endif
