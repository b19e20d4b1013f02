/* SPDX-License-Identifier: GPL-2.0-only */
/* By which interfaces the packets of a conversation may go, as the kernel's routes say. */
#ifndef LYNCXDP_KERNEL_ROUTE_H
#define LYNCXDP_KERNEL_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "user/core/policy/address.h"

/* More next hops than anybody spreads one route over. */
#define LX_ROUTE_INTERFACES 64

struct lx_route {
    unsigned interfaces[LX_ROUTE_INTERFACES]; /* indices, each once */
    size_t count;                             /* 0: there is no route */
    bool local;                               /* the address is this host's */
};

/*
 * The route to an address, from one of the host's own. Every next hop of it, where it has several; and where rules
 * choose the table (policy routing), by marks or ports perhaps, those of every table. Returns 0 or -errno.
 */
int lx_route_find(const struct lx_address *to, const struct lx_address *from, struct lx_route *route);

/* Whether the default route over IPv6 comes from a router advertisement. */
bool lx_route_advertised(unsigned ifindex);

#endif
