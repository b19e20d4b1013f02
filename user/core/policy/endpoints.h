/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The addresses of a service in the cloud, from the list that its vendor publishes: a JSON array of objects with an id,
 * a serviceArea and, where addresses are published, ips (https://endpoints.office.com/endpoints/worldwide).
 */
#ifndef LYNCXDP_CORE_ENDPOINTS_H
#define LYNCXDP_CORE_ENDPOINTS_H

#include <stdio.h>

#include "prefix_text.h"
#include "user/core/text/words.h"

/* Which entries: of any of these areas and with any of these ids; where none is named, all. */
struct lx_endpoints_wish {
    struct lx_words areas, ids;
    bool required; /* only those without which the service does not work */
};

/*
 * Reads the prefixes of the entries, sorted, each once. A wish that no entry meets is a mistake, and so is a list
 * without an address. Returns 0, -EINVAL after diagnostics, -ENOMEM or -EIO; the output is untouched unless 0.
 */
int lx_endpoints_read(FILE *stream, const char *name, const struct lx_endpoints_wish *wish, struct lx_prefix_list *list,
                      struct lx_diagnostics *diagnostics);

#endif
