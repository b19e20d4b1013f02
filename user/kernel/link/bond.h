/* SPDX-License-Identifier: GPL-2.0-only */
/* The ports of a bond (or of a team), and what is filtered twice, or not at all, because of them. */
#ifndef LYNCXDP_KERNEL_BOND_H
#define LYNCXDP_KERNEL_BOND_H

#include <stddef.h>

#include "interface.h"

/* The index of a port that is none of these and belongs to a bond that one of these belongs to; 0: there is none. */
unsigned lx_bond_port_beside(const unsigned *ports, size_t count);

/* Refuses a bond of which a port runs a program of ours, and a port of a bond that does. Returns 0 or -EEXIST. */
int lx_bond_refuse_twice(const struct lx_interface *interface, struct lx_failure *failure);

#endif
