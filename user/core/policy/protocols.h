/* SPDX-License-Identifier: GPL-2.0-only */
/* Protocols without ports, as rows, `show` and `explain` name them: by the words that have one, else by number. */
#ifndef LYNCXDP_CORE_PROTOCOLS_H
#define LYNCXDP_CORE_PROTOCOLS_H

#include <stdint.h>

#include "address.h"

/* "vrrp", "echo", or a number that has no name. */
struct lx_protocol_text {
    char text[8];
};

struct lx_protocol_text lx_protocol_name(uint8_t protocol);

/* All names, in the order in which they are listed to people. */
#define LX_PROTOCOL_NAMES 9
extern const char *const lx_protocol_names[LX_PROTOCOL_NAMES];

/*
 * Reads a name or a number. On failure returns -EINVAL, leaves the output untouched and points `problem` at what to
 * write instead of a number that rows do not take, or at NULL where it is no number of a protocol at all.
 */
int lx_protocol_parse(const char *word, uint8_t *protocol, const char **problem);

/* The groups that are a protocol's own, of both families. Writes the first `room` of them; returns how many there are.
 */
size_t lx_protocol_groups(uint8_t protocol, struct lx_prefix *groups, size_t room);

#endif
