/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The row that comes nearest to a packet which no row of an attachment allows. Rows that are closed or of the other
 * side are in no image: they are composed anew, from the words that asked for the policy and the files as they are now.
 */
#ifndef LYNCXDP_CLI_NEAREST_H
#define LYNCXDP_CLI_NEAREST_H

#include "user/core/explain/near_miss.h"
#include "user/kernel/attachment/attachment.h"

struct lx_nearest; /* the rows of one attachment */

/*
 * Composes them for a verb. NULL when they cannot be had, which is said as a warning; so is that the files have changed
 * since the policy was put in force.
 */
struct lx_nearest *lx_nearest_open(const char *verb, const struct lx_attachment *attachment);

/* The nearest miss, its rows borrowed, and in what the packet differs (the caller frees it; NULL when out of memory).
 */
struct lx_near_miss lx_nearest_find(const struct lx_nearest *nearest, const struct lx_probe *probe, enum lx_hook hook,
                                    char **text);

void lx_nearest_close(struct lx_nearest *nearest); /* NULL is none */

#endif
