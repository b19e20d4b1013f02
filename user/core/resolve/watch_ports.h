/* SPDX-License-Identifier: GPL-2.0-only */
/* Which ports a policy gives a name to in metrics, even while nothing was dropped there. */
#ifndef LYNCXDP_CORE_WATCH_PORTS_H
#define LYNCXDP_CORE_WATCH_PORTS_H

#include "policy.h"
#include "user/core/policy/site_file.h"

/* A range of more ports than these is one service that moves around, such as media, and stays out. */
#define LX_WATCHED_RANGE 16

/*
 * Fills in policy->watch_ports, ascending: the destination ports of its rules, and the site's watch-ports or, where it
 * lists none (or there is no site: NULL), what scanners like. Returns 0 or -ENOMEM.
 */
int lx_watch_ports(const struct lx_site *site, struct lx_policy *policy);

#endif
