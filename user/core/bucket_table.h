/* SPDX-License-Identifier: GPL-2.0-only */
/* One hash table of the image: addresses of one length, two buckets to choose from, two slots a bucket. */
#ifndef LYNCXDP_CORE_BUCKET_TABLE_H
#define LYNCXDP_CORE_BUCKET_TABLE_H

#include "address.h"
#include "image_writer.h"

struct lx_classed_host {
    struct lx_address address;
    uint16_t class;
};

struct lx_bucket_table {
    uint32_t offset, buckets, seed;
};

/* Sorts `hosts`, removes repeats, and writes them. Returns 0, -ENOMEM or -E2BIG. */
int lx_bucket_table_write(struct lx_image_writer *writer, struct lx_classed_host *hosts, size_t count, bool ipv4,
                          struct lx_bucket_table *table);

#endif
