/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ports as the tables print them: a number, a range, a list of either, or any. Host byte order. */
#ifndef LYNCXDP_CORE_PORTS_H
#define LYNCXDP_CORE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lx_port_range {
    uint16_t first, last; /* first <= last, both inclusive, never 0 */
};

#define LX_PORT_RANGES 16

struct lx_ports {
    size_t count; /* 0: any port */
    struct lx_port_range ranges[LX_PORT_RANGES];
};

#define LX_PORTS_TEXT (LX_PORT_RANGES * 12 + 1)

bool lx_ports_any(const struct lx_ports *ports);
bool lx_ports_contain(const struct lx_ports *ports, uint16_t port);
/* True when every port of `narrow` is one of `wide`. */
bool lx_ports_cover(const struct lx_ports *wide, const struct lx_ports *narrow);
/* True when a port is one of both. */
bool lx_ports_meet(const struct lx_ports *left, const struct lx_ports *right);

/*
 * The ports that are left when some are taken out of others. Returns 0, -ENOENT when none is left, or -E2BIG when what
 * is left has more ranges than ports may; the output is untouched unless 0.
 */
int lx_ports_subtract(const struct lx_ports *ports, const struct lx_ports *taken, struct lx_ports *left);

/*
 * Reads "443", "50000-59999", "443,3478" or "any". On failure returns -EINVAL, leaves the output untouched and points
 * `problem`, where not NULL, at a static sentence that says what is wrong and what to write instead.
 */
int lx_ports_parse(const char *text, struct lx_ports *ports, const char **problem);

/* Writes the canonical text, which parses back. Returns `text`. */
char *lx_ports_format(const struct lx_ports *ports, char text[LX_PORTS_TEXT]);

#endif
