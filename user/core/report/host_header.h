/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a request came by a name that the server knows as its own. A page of a stranger's can make a browser ask any
 * address under the stranger's own name (DNS rebinding), and then read the answer; the Host header gives that name
 * away.
 */
#ifndef LYNCXDP_CORE_HOST_HEADER_H
#define LYNCXDP_CORE_HOST_HEADER_H

#include <stdbool.h>

#include "user/core/policy/address.h"
#include "user/core/policy/row.h"

/*
 * `header` is NAME or ADDRESS, with or without a port. True when it is one of the names, or an address that is among
 * them or is the one that the request was sent to (`own`; NULL: not known).
 */
bool lx_host_header_known(const char *header, const struct lx_words *names, const struct lx_address *own);

#endif
