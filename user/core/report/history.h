/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last minutes of every hook: how much it had passed and dropped at regular moments, so that who opens the page
 * sees what has been and not only what comes. Bounded: a ring of moments, a line for each hook that is there.
 */
#ifndef LYNCXDP_CORE_HISTORY_H
#define LYNCXDP_CORE_HISTORY_H

#include <jansson.h>

#include "observed.h"

#define LX_HISTORY_SECONDS 5
#define LX_HISTORY_MOMENTS 121 /* ten minutes and where they begin */

/* Packets since the attachment began. */
struct lx_moment {
    uint64_t passed, dropped, would_drop;
};

struct lx_history_line {
    struct lx_called called;
    uint64_t netns;
    enum lx_hook hook;
    size_t count; /* of moments, the last ones */
    struct lx_moment moments[LX_HISTORY_MOMENTS];
};

/* Zeroed: nothing recorded. */
struct lx_history {
    uint64_t times[LX_HISTORY_MOMENTS]; /* of the moments: milliseconds of CLOCK_MONOTONIC */
    size_t next;                        /* where the next one goes, in all arrays */
    size_t count;
    struct lx_history_line **lines; /* owned */
    size_t line_count;
};

/* What a hook has done with packets. What it let pass although it would drop it is in `would_drop` alone. */
struct lx_moment lx_moment_of(const struct lx_counters *counters);

/* Records a moment. Returns 0 or -ENOMEM. */
int lx_history_record(struct lx_history *history, uint64_t time, const struct lx_observations *seen);

/*
 * The moments of one hook as an object of four arrays, oldest first: `ago` (milliseconds before `now`), `passed`,
 * `dropped`, `would_drop`. A new value; NULL when out of memory.
 */
json_t *lx_history_report(const struct lx_history *history, const struct lx_observed *observed, enum lx_hook hook,
                          uint64_t now);

void lx_history_free(struct lx_history *history); /* what it owns, not the history itself */

#endif
