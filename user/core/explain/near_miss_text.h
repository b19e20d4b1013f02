/* SPDX-License-Identifier: GPL-2.0-only */
/* A near miss in words: what the nearest row would have allowed, and what to write where that can be changed. */
#ifndef LYNCXDP_CORE_NEAR_MISS_TEXT_H
#define LYNCXDP_CORE_NEAR_MISS_TEXT_H

#include "near_miss.h"

/*
 * Half a sentence that goes on after the row's id ("would allow it, but its option redirect is closed (leave out
 * --without redirect)") or, where no row has the port, a whole one. `site` may be NULL. The caller frees it; NULL when
 * out of memory.
 */
char *lx_near_miss_text(const struct lx_near_miss *miss, const struct lx_probe *probe, const struct lx_request *request,
                        const struct lx_site *site);

#endif
