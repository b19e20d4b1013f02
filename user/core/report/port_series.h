/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which ports have a time series of their own. Ports are 65,536 and anybody may send to all of them, so that metrics
 * name a chosen few and put the rest together as `other`, which must never fall: a port that is chosen later leaves
 * there what it had until then, and a port once chosen stays.
 */
#ifndef LYNCXDP_CORE_PORT_SERIES_H
#define LYNCXDP_CORE_PORT_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"

/* The most ports of one hook with a series of their own, both transports together. */
#define LX_PORT_SERIES_LIMIT 1024

struct lx_port_serie {
    uint16_t port;
    uint8_t transport;          /* enum lx_transport */
    uint64_t dropped_before;    /* when it was chosen: stays with `other` */
    uint64_t would_drop_before; /* likewise */
};

/* The chosen ports of one hook. Zeroed: none. */
struct lx_port_series {
    struct lx_port_serie *items; /* owned; in the order of choosing */
    size_t count;
    uint8_t chosen[LX_TRANSPORT_COUNT][65536 / 8]; /* bitmap of them */
};

/* What a series, or `other`, has counted. */
struct lx_port_count {
    uint64_t dropped, would_drop;
};

/*
 * Chooses a port, as long as there is room. `shown` are the counters that were last shown, in which the port was part
 * of `other`, or NULL when it never was. Returns 0 or -ENOMEM.
 */
int lx_port_series_choose(struct lx_port_series *series, const struct lx_counters *shown, enum lx_transport transport,
                          uint16_t port);

/* Chooses every port that has counted something, which must be done each time before these counters are shown. */
int lx_port_series_choose_counted(struct lx_port_series *series, const struct lx_counters *counters);

struct lx_port_count lx_port_series_count(const struct lx_port_serie *serie, const struct lx_counters *counters);

/* What the ports of a transport that are not chosen have counted, and the chosen ones before they were. */
struct lx_port_count lx_port_series_other(const struct lx_port_series *series, const struct lx_counters *counters,
                                          enum lx_transport transport);

void lx_port_series_free(struct lx_port_series *series); /* what it owns, not the series itself */

#endif
