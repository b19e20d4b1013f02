/* SPDX-License-Identifier: GPL-2.0-only */
/* Classed prefixes of one family into the image: one hash table a length, arranged for a binary search over lengths. */
#ifndef LYNCXDP_CORE_HOST_TABLE_H
#define LYNCXDP_CORE_HOST_TABLE_H

#include "image_writer.h"
#include "user/core/policy/address.h"

struct lx_classed_prefix {
    struct lx_prefix prefix;
    uint32_t class;
    uint32_t around; /* index + 1 of the longest prefix around it, or 0 */
};

/*
 * Writes the tables for `count` distinct prefixes of one family, ordered by lx_prefix_compare. `root` receives the
 * offset of the first node of the search. Returns 0, -ENOMEM or -E2BIG.
 */
int lx_host_tables_write(struct lx_image_writer *writer, const struct lx_classed_prefix *prefixes, size_t count,
                         bool ipv4, uint32_t *root);

#endif
