/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses to classes: hash tables by prefix length, searched by halving the lengths (image.h, struct lx_length4). */
#ifndef LYNCXDP_CORE_ADDRESS_TABLE_H
#define LYNCXDP_CORE_ADDRESS_TABLE_H

#include "host_table.h"
#include "image_writer.h"
#include "rule_set.h"
#include "user/core/resolve/policy.h"

enum lx_address_end {
    LX_SOURCE_ADDRESS,
    LX_DESTINATION_ADDRESS,
};

/*
 * Writes the table of one end of a section. A host's class is the id in `sets` of the rules that name it at this end;
 * class 0 is the set of rules that take any address. Returns 0, -ENOMEM or -E2BIG.
 */
int lx_address_table_write(struct lx_image_writer *writer, const struct lx_rule *const *rules, size_t count,
                           enum lx_address_end end, struct lx_rule_sets *sets, struct lx_address_table *table);

/* Writes a table that distinguishes members of one set (class 1) from all other addresses (class 0). */
int lx_address_members_write(struct lx_image_writer *writer, const struct lx_prefix_set *set,
                             struct lx_address_table *table);

/*
 * Writes a table of prefixes that have their classes already, in order, each once, of both families together. Of two
 * that hold an address the longer one counts.
 */
int lx_address_classes_write(struct lx_image_writer *writer, const struct lx_classed_prefix *prefixes, size_t count,
                             struct lx_address_table *table);

#endif
