/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known while a site is read. Only the modules that read site files share it. */
#ifndef LYNCXDP_CORE_SITE_READER_H
#define LYNCXDP_CORE_SITE_READER_H

#include "site_file.h"
#include "user/core/text/schema.h"

struct site_reader {
    struct lx_reader reader;
    const struct lx_opener *opener; /* NULL: nothing can be opened */
    struct lx_site site;
};

/* Opens what a node names; a mistake there says why not. `instead` says what to write. */
bool lx_site_open_named(struct site_reader *site, const struct lx_node *node, enum lx_opened_as as, const char *instead,
                        struct lx_opened *opened);

/* Reads what stands behind `include:`; the site's own rows have been read. */
void lx_site_read_includes(struct site_reader *site, const struct lx_node *node);

#endif
