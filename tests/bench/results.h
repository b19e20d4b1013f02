/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures of a benchmark: several rounds of one measurement, and what is said of them as JSON. */
#ifndef LYNCXDP_BENCH_RESULTS_H
#define LYNCXDP_BENCH_RESULTS_H

#include <jansson.h>
#include <stddef.h>

#define LX_MOST_ROUNDS 64

struct lx_rounds {
    double values[LX_MOST_ROUNDS];
    size_t count;
};

void lx_rounds_add(struct lx_rounds *rounds, double value); /* at most LX_MOST_ROUNDS */
double lx_rounds_median(const struct lx_rounds *rounds);

/* The median of the quotients round by round: what the machine did meanwhile, it did to both. */
double lx_rounds_ratio(const struct lx_rounds *rounds, const struct lx_rounds *base);

/*
 * {"part", "packet", "subject", "unit", "median", "min", "max"}, for the caller to add to; a new reference. NULL
 * without memory.
 */
json_t *lx_rounds_json(const char *part, const char *packet, const char *subject, const char *unit,
                       const struct lx_rounds *rounds);

/* Writes an array of them to standard output and lets go of it. Returns 0 or -EIO. */
int lx_results_write(json_t *results);

/* Says on a terminal how far it is; `done` of `all`. */
void lx_show_progress(const char *what, size_t done, size_t all);

#endif
