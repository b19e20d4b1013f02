/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows beside each other: whether one opens all that another does, and whether they differ in nothing but ports. */
#ifndef LYNCXDP_CORE_ROW_COVER_H
#define LYNCXDP_CORE_ROW_COVER_H

#include "row.h"

/*
 * True when `wide` passes every packet that `narrow` does, whatever a site says: the same hook, every field contained,
 * and open whenever `narrow` is. False says nothing; groups are compared by name.
 */
bool lx_row_covers(const struct lx_row *wide, const struct lx_row *narrow);

/* True when the rows would be one but for their ids, their destination ports and where they come from. */
bool lx_rows_alike(const struct lx_row *left, const struct lx_row *right);

/* True when every address that one end may be is one that the other may be, as far as their names say. */
bool lx_endpoint_covers(const struct lx_endpoint *wide, const struct lx_endpoint *narrow);

#endif
