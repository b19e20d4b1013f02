/* SPDX-License-Identifier: GPL-2.0-only */
/* The hosts that this machine knows to be behind an interface, by its bridge's table and its own neighbour tables. */
#ifndef LYNCXDP_KERNEL_NEIGHBOURS_H
#define LYNCXDP_KERNEL_NEIGHBOURS_H

#include "interface.h"

struct lx_seen_host {
    uint8_t card[6];
    bool has_address; /* else only its MAC address is known */
    struct lx_address address;
};

struct lx_seen_hosts {
    struct lx_seen_host *items; /* owned; a host is there once for each of its addresses */
    size_t count;
};

/*
 * Collects them: those that the interface's bridge has learned on that port, or, where it is no port, those that this
 * machine has spoken with through it. Returns 0 or -errno.
 */
int lx_neighbours_behind(const struct lx_interface *interface, struct lx_seen_hosts *hosts);

void lx_seen_hosts_free(struct lx_seen_hosts *hosts);

#endif
