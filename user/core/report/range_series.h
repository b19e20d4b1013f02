/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which ranges of ports have a time series of their own: those that rows name as a whole, such as 50000-59999 for
 * media, which would be nothing but a part of `other` by port. They are ranges of the role's own ports, whoever sends:
 * the peer's port is any for most of them. What a range has dropped is the sum over its ports, whenever it is chosen,
 * so that it never falls; a range once chosen stays.
 */
#ifndef LYNCXDP_CORE_RANGE_SERIES_H
#define LYNCXDP_CORE_RANGE_SERIES_H

#include "port_series.h"

/* The most ranges of one hook, both transports together. */
#define LX_RANGE_SERIES_LIMIT 64

struct lx_range_serie {
    uint16_t first, last;
    uint8_t transport; /* enum lx_transport */
    bool peer;         /* of the peer's ports, which outbound rows name: by destination, as ports are */
};

/* The chosen ranges of one hook, in the order of choosing. Zeroed: none. */
struct lx_range_series {
    struct lx_range_serie items[LX_RANGE_SERIES_LIMIT];
    size_t count;
};

/*
 * Chooses for a hook, as long as there is room, ranges of the rows in force that are no few single ports
 * (watch_ports.h): the role's own of all rows, and for what it sends those that it sends to.
 */
void lx_range_series_choose(struct lx_range_series *series, const struct lx_row_label *labels,
                            const struct lx_slot_set *rows, enum lx_hook hook);

/* What was dropped of a range at a hook, whose counters these are. */
struct lx_port_count lx_range_series_count(const struct lx_range_serie *serie, enum lx_hook hook,
                                           const struct lx_counters *counters);

/* "50000-59999" */
const char *lx_range_text(const struct lx_range_serie *serie, char text[12]);

#endif
