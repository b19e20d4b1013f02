/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A first site for roles, from the addresses of this machine's interfaces: what `self` means, and by name whom their
 * rows speak of, for somebody to fill in.
 */
#ifndef LYNCXDP_CORE_SITE_DRAFT_H
#define LYNCXDP_CORE_SITE_DRAFT_H

#include <stdio.h>

#include "selection.h"

/* One of the role's networks: what an interface has there. */
struct lx_draft_side {
    const char *interface; /* NULL: none was given */
    const struct lx_address *addresses;
    size_t count;
    struct lx_selection selection; /* the rows of that side */
};

struct lx_site_draft {
    const char *name;             /* of the site */
    struct lx_draft_side side[2]; /* external and internal; of roles without sides the first is all there is */
};

/* Writes the site as YAML. Returns 0, -ENOMEM, or -EIO when the stream took no more. */
int lx_site_draft_print(const struct lx_site_draft *draft, FILE *stream);

#endif
