/* SPDX-License-Identifier: GPL-2.0-only */
/* Medians and spreads of a benchmark's rounds, and how they are written down. */
#include "results.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void lx_rounds_add(struct lx_rounds *rounds, double value)
{
    if (rounds->count < LX_MOST_ROUNDS)
        rounds->values[rounds->count++] = value;
}

static int compare(const void *left, const void *right)
{
    const double *l = left, *r = right;

    return (*l > *r) - (*l < *r);
}

/* In order; returns the median. */
static double sort(struct lx_rounds *rounds)
{
    qsort(rounds->values, rounds->count, sizeof(rounds->values[0]), compare);
    return rounds->count ? rounds->values[rounds->count / 2] : 0;
}

double lx_rounds_median(const struct lx_rounds *rounds)
{
    struct lx_rounds sorted = *rounds;

    return sort(&sorted);
}

double lx_rounds_ratio(const struct lx_rounds *rounds, const struct lx_rounds *base)
{
    struct lx_rounds quotients = {0};

    for (size_t i = 0; i < rounds->count && i < base->count; i++)
        lx_rounds_add(&quotients, base->values[i] > 0 ? rounds->values[i] / base->values[i] : 0);
    return sort(&quotients);
}

json_t *lx_rounds_json(const char *part, const char *packet, const char *subject, const char *unit,
                       const struct lx_rounds *rounds)
{
    struct lx_rounds sorted = *rounds;
    double median = sort(&sorted);

    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:f}", "part", part, "packet", packet, "subject", subject, "unit",
                     unit, "median", median, "min", sorted.values[0], "max",
                     sorted.values[sorted.count ? sorted.count - 1 : 0]);
}

int lx_results_write(json_t *results)
{
    int error = json_dumpf(results, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(4)) ? -EIO : 0;

    puts("");
    json_decref(results);
    return error;
}

void lx_show_progress(const char *what, size_t done, size_t all)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (done == all)
        fputs("\r\033[K", stderr);
    else
        fprintf(stderr, "\r%s: %zu of %zu", what, done + 1, all);
}
