/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the exporter's page shows, as one JSON value: every attachment with its hooks, their last minutes, and the most
 * of what each has dropped.
 */
#ifndef LYNCXDP_CORE_PAGE_STATE_H
#define LYNCXDP_CORE_PAGE_STATE_H

#include <jansson.h>

#include "history.h"
#include "observed.h"
#include "user/core/policy/row.h"

struct lx_page_input {
    struct lx_observations seen;
    const struct lx_history *history;
    const struct lx_words *troubles; /* sentences */
    const char *failure;             /* why nothing could be seen, or NULL */
    const char *version;
    uint64_t now; /* when it was seen: milliseconds of CLOCK_MONOTONIC */
};

/* A new value; NULL when out of memory. */
json_t *lx_page_state(const struct lx_page_input *input);

#endif
