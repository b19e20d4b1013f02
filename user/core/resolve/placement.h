/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy owes to where it stands: on the role's own host, or inline in front of it. */
#ifndef LYNCXDP_CORE_PLACEMENT_H
#define LYNCXDP_CORE_PLACEMENT_H

#include <stdbool.h>

#include "policy.h"

/*
 * The egress mode where nobody names one: `track` on a host. Inline, `enforce` for the roles of the perimeter (the
 * Edges and the reverse proxy, whose documents list what they send, too), `track` if there is any other among them.
 */
enum lx_egress lx_default_egress(const struct lx_words *roles, bool is_inline);

/* Switches off what belongs to a host alone: nobody behind a pair asks for an address through it. */
void lx_place_inline(struct lx_policy *policy);

#endif
