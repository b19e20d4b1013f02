/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports to classes: the page tables of one section of an image. */
#ifndef LYNCXDP_CORE_PORT_TABLE_H
#define LYNCXDP_CORE_PORT_TABLE_H

#include "image_writer.h"
#include "rule_set.h"
#include "user/core/resolve/policy.h"

enum lx_port_end {
    LX_SOURCE_PORT,
    LX_DESTINATION_PORT,
};

/* Ports to classes, not yet in an image: one class a port and transport. */
struct lx_port_classes {
    uint16_t of[LX_TRANSPORT_COUNT][65536];
    uint16_t protocols[256]; /* likewise of those without ports */
};

/*
 * Gives every port its class: the id in `sets` of the rules that name it at this end. Class 0 is the empty set.
 * `rules` are the section's. Returns 0, -ENOMEM or -E2BIG (more than 65,535 classes).
 */
int lx_port_classes_build(const struct lx_rule *const *rules, size_t count, enum lx_port_end end,
                          struct lx_rule_sets *sets, struct lx_port_classes *classes);

/* Writes the page of protocols without ports, where there is any; `page` receives its offset, else 0. */
int lx_protocol_page_write(struct lx_image_writer *writer, const uint16_t classes[256], uint32_t *page);

/*
 * Writes one transport's pages, and where they are into its part of a table's directory; equal pages anywhere in the
 * image are shared. Nothing but pages may be in the image yet, the header excepted.
 */
int lx_port_table_write(struct lx_image_writer *writer, const uint16_t classes[65536], uint16_t directory[256]);

#endif
