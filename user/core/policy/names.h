/* SPDX-License-Identifier: GPL-2.0-only */
/* What is one of a few, by its name: one table each, which files and options are read by and reports are written by. */
#ifndef LYNCXDP_CORE_NAMES_H
#define LYNCXDP_CORE_NAMES_H

#include <lyncxdp/abi.h>

#include <stddef.h>

enum lx_side {
    LX_SIDE_NONE, /* the role has no sides, or the row belongs to both */
    LX_SIDE_EXTERNAL,
    LX_SIDE_INTERNAL,
    LX_SIDES
};

/* How a load balancer spreads what arrives. */
enum lx_lb {
    LX_LB_ANY, /* the row belongs to both ways */
    LX_LB_HARDWARE,
    LX_LB_DNS,
    LX_LBS
};

#define LX_EGRESSES (LX_EGRESS_ENFORCE + 1)
#define LX_MODES (LX_MODE_GENERIC + 1)

/* Indexed by their enums. The first of sides and of ways of load balancing has no name: NULL. */
extern const char *const lx_side_names[LX_SIDES];
extern const char *const lx_lb_names[LX_LBS];
extern const char *const lx_egress_names[LX_EGRESSES];
/* The first is the one that leaves the choice to lyncxdp: "auto". */
extern const char *const lx_mode_names[LX_MODES];

/* The index of a name, or -1. */
int lx_name_index(const char *name, const char *const *names, size_t count);

/* "external", "internal", or NULL for LX_SIDE_NONE. */
const char *lx_side_name(enum lx_side side);

/* "hardware", "dns", or NULL for LX_LB_ANY. */
const char *lx_lb_name(enum lx_lb lb);

/* "off", "track" or "enforce". */
const char *lx_egress_name(enum lx_egress egress);

/* How a program runs: "native", "generic", or "unknown". */
const char *lx_mode_name(enum lx_mode mode);

/* "to-role" or "from-role". */
const char *lx_hook_name(enum lx_hook hook);

/* "tcp", "udp" or "echo". */
const char *lx_transport_name(enum lx_transport transport); /* not of LX_PORTLESS: lx_protocol_name */

#endif
