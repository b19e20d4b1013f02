/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands at an interface's tc egress by TCX (Linux 6.6 and later): the kernel runs it before all tc filters, when
 * ever it came, and comes to those only where each of its programs says TCX_NEXT.
 */
#ifndef LYNCXDP_KERNEL_TCX_H
#define LYNCXDP_KERNEL_TCX_H

#include "interface.h"

/* The first of an interface's TCX programs. */
struct lx_tcx {
    char interface[LX_INTERFACE_NAME];
    char name[64];
    uint32_t id;
};

/* Returns 0, -ENOENT when there is none, or another -errno: it cannot be determined, by this user perhaps. */
int lx_tcx_at_egress(unsigned ifindex, struct lx_tcx *first);

#endif
