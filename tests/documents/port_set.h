/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports as sets: what several lines or rows open together. */
#ifndef LYNCXDP_TESTS_PORT_SET_H
#define LYNCXDP_TESTS_PORT_SET_H

#include <stdint.h>

#include "user/core/policy/ports.h"

struct port_set {
    uint64_t bits[65536 / 64];
};

/* No ports mean any. */
void add_ports(struct port_set *set, const struct lx_ports *ports);

/* The first of the ports that the set lacks, or 0. */
unsigned first_lacking(const struct port_set *set, const struct lx_ports *ports);

/* Whether some ports are all among others. */
bool within(const struct lx_ports *inner, const struct lx_ports *outer);

#endif
