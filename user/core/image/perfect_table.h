/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of one length as a hash table of the image in which each has a slot of its own, found at the first look. */
#ifndef LYNCXDP_CORE_PERFECT_TABLE_H
#define LYNCXDP_CORE_PERFECT_TABLE_H

#include "image_writer.h"
#include "user/core/policy/address.h"

struct lx_classed_host {
    struct lx_address address;
    uint16_t class;
};

/*
 * Sorts `hosts`, removes repeats, and writes them. `table` receives where they are. Returns 0, -ENOMEM or -E2BIG, with
 * `table` untouched on failure.
 */
int lx_perfect_table_write(struct lx_image_writer *writer, struct lx_classed_host *hosts, size_t count, bool ipv4,
                           struct lx_hosts *table);

#endif
