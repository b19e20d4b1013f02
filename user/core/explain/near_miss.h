/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why no row allows a packet: the row that comes nearest to it, and in what the two differ. A row that has the packet's
 * port differs in other ways; where none has it, the port is in no table of the roles at all.
 */
#ifndef LYNCXDP_CORE_NEAR_MISS_H
#define LYNCXDP_CORE_NEAR_MISS_H

#include "near_rows.h"
#include "probe.h"

/* In what a packet and a row differ. Of two rows with equally many differences, the one with the lighter ones wins. */
enum lx_difference {
    LX_DIFFERENT_CLOSED = 1u << 0, /* the row is closed (enum lx_closed) */
    LX_DIFFERENT_GROUP = 1u << 1,  /* the row's group has no addresses */
    LX_DIFFERENT_SIDE = 1u << 2,
    LX_DIFFERENT_HOOK = 1u << 3,
    LX_DIFFERENT_TRANSPORT = 1u << 4,
    LX_DIFFERENT_SELF = 1u << 5,    /* the role's end has another address */
    LX_DIFFERENT_PARTNER = 1u << 6, /* so has the other end */
    LX_DIFFERENT_SOURCE_PORT = 1u << 7,
};

struct lx_near_miss {
    const struct lx_near_row *near_row; /* borrowed; NULL: no row has the port */
    unsigned differences;               /* enum lx_difference bits */
    bool reply; /* the hook differs, and the packet looks like a reply to what the row lets the other side begin */
};

/* The nearest miss of a packet that no row allows, at one of the hooks. Of equals the first one. */
struct lx_near_miss lx_near_miss_find(const struct lx_near_rows *near_rows, const struct lx_probe *probe,
                                      enum lx_hook hook);

/*
 * Its kind: "port" where no row has it; else after the difference that matters most, "side", "direction", "transport",
 * "address" or "source-port"; "group", "option", "workload" or "lb" where the row only has to be opened.
 */
const char *lx_near_miss_kind(const struct lx_near_miss *miss);

#endif
