/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies a row, so that a policy outlives the file that it was read from. */
#ifndef LYNCXDP_CORE_ROW_COPY_H
#define LYNCXDP_CORE_ROW_COPY_H

#include "row.h"

/*
 * Copies everything but the place, whose file name belongs to the file. Returns 0 or -ENOMEM; the output is untouched
 * unless 0. Free the copy with lx_row_free.
 */
int lx_row_copy(const struct lx_row *row, struct lx_row *copy);

/* The same for one end of a row; a copy that failed is freed as well. */
int lx_endpoint_copy(const struct lx_endpoint *endpoint, struct lx_endpoint *copy);

#endif
