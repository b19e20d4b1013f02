/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which ranges of ports have a time series of their own: those that rows name as a whole, such as 50000-59999 for
 * media, which would be nothing but a part of `other` by port. What a range has dropped is the sum over its ports,
 * whenever it is chosen, so that it never falls; a range once chosen stays.
 */
#ifndef LYNCXDP_CORE_RANGE_SERIES_H
#define LYNCXDP_CORE_RANGE_SERIES_H

#include "port_series.h"

/* The most ranges of one hook, both transports together. */
#define LX_RANGE_SERIES_LIMIT 64

struct lx_range_serie {
    uint16_t first, last;
    uint8_t transport; /* enum lx_transport */
};

/* The chosen ranges of one hook, in the order of choosing. Zeroed: none. */
struct lx_range_series {
    struct lx_range_serie items[LX_RANGE_SERIES_LIMIT];
    size_t count;
};

/* Chooses the ranges of a hook's rows that are in force, if their ports are not all told by themselves
 * (watch_ports.h), as long as there is room. */
void lx_range_series_choose(struct lx_range_series *series, const struct lx_row_label *labels,
                            const struct lx_slot_set *rows, enum lx_hook hook);

struct lx_port_count lx_range_series_count(const struct lx_range_serie *serie, const struct lx_counters *counters);

/* "50000-59999" */
const char *lx_range_text(const struct lx_range_serie *serie, char text[12]);

#endif
