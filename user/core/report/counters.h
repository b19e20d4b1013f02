/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a hook has counted, all CPUs together: the form in which every reader gets the counters. It begins as one CPU's
 * (abi.h) and has the ports of all pages behind that.
 */
#ifndef LYNCXDP_CORE_COUNTERS_H
#define LYNCXDP_CORE_COUNTERS_H

#include <lyncxdp/abi.h>

struct lx_counters {
    struct lx_counter reasons[LX_REASON_CAPACITY]; /* `row` included */
    struct lx_counter would_drop_reasons[LX_REASON_CAPACITY];
    struct lx_counter rows[LX_ROW_SLOTS];
    __u64 port_pages[LX_TRANSPORT_COUNT][LX_PORT_PAGES]; /* zero: nothing was counted for any port of the page */
    __u64 own_pages[LX_TRANSPORT_COUNT][LX_PORT_PAGES];  /* likewise of the role's own ports */
    __u64 flows_created;
    __u64 dropped[LX_TRANSPORT_COUNT][65536]; /* by destination port, host byte order */
    __u64 would_drop[LX_TRANSPORT_COUNT][65536];
    __u64 all_dropped[LX_TRANSPORT_COUNT]; /* the sum over the ports */
    __u64 all_would_drop[LX_TRANSPORT_COUNT];
    __u64 own_dropped[LX_TRANSPORT_COUNT][65536]; /* by the role's own port, of what it sends */
    __u64 own_would_drop[LX_TRANSPORT_COUNT][65536];
    struct lx_counter rows_gone; /* of rows whose counters went to others since the first reading */
};

_Static_assert(offsetof(struct lx_counters, flows_created) == offsetof(struct lx_cpu_counters, flows_created),
               "begins as one CPU's counters");

#endif
