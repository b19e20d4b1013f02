/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The row that comes nearest to a packet which no row of an attachment allows. Rows that are closed or of the other
 * side are in no image: they are composed anew, from the words that asked for the policy and the files as they are now.
 */
#ifndef LYNCXDP_CLI_NEAREST_H
#define LYNCXDP_CLI_NEAREST_H

#include "../core/near_miss.h"
#include "../kernel/attachment.h"

struct lx_nearest; /* the rows of one attachment */

/* Composes them. NULL when they cannot be had, which is said as a warning. */
struct lx_nearest *lx_nearest_open(const struct lx_attachment *attachment);

/* The row's id (borrowed; NULL: no row has the port) and in what the packet differs (the caller frees it), or NULLs. */
void lx_nearest_find(const struct lx_nearest *nearest, const struct lx_probe *probe, enum lx_hook hook,
                     const char **row, char **text);

void lx_nearest_close(struct lx_nearest *nearest); /* NULL is none */

#endif
