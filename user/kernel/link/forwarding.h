/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is lost where a pair forwards natively, at an end that is no real card: frames whose checksums are left to the
 * one who sends them on, which nobody does then; and frames that a veth takes for its far end only if that is ready.
 */
#ifndef LYNCXDP_KERNEL_FORWARDING_H
#define LYNCXDP_KERNEL_FORWARDING_H

#include "interface.h"

struct lx_forwarding_end {
    bool partial;                /* what comes in by it may have no checksums */
    bool deaf;                   /* it takes no frames */
    bool elsewhere;              /* its far end is in another network namespace */
    char far[LX_INTERFACE_NAME]; /* the name of its far end; empty: it is no veth, or that end cannot be reached */
};

/* Nothing is lost where that cannot be determined. The caller stands in the interface's namespace. */
void lx_forwarding_look(unsigned ifindex, struct lx_forwarding_end *end);

#endif
