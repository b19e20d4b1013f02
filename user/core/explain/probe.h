/* SPDX-License-Identifier: GPL-2.0-only */
/* A probe: the packet that `explain` asks about, built as a real frame. */
#ifndef LYNCXDP_CORE_PROBE_H
#define LYNCXDP_CORE_PROBE_H

#include <lyncxdp/judge.h>

#include "user/core/policy/address.h"

struct lx_probe {
    enum lx_transport transport;
    struct lx_address source, destination;  /* of one family */
    uint16_t source_port, destination_port; /* host byte order; of LX_PORTLESS, the number of the protocol */
    uint8_t tcp_flags;                      /* enum lx_tcp_flag; ignored for UDP */
};

/* Longest frame that a probe makes. */
#define LX_PROBE_FRAME 128

/* Writes the frame, checksums included; returns its length. */
size_t lx_probe_frame(const struct lx_probe *probe, uint8_t frame[LX_PROBE_FRAME]);

/* Writes the question of a neighbour, `from`, where `target` is: ARP or a neighbour solicitation. Returns its length.
 */
size_t lx_probe_neighbour(const struct lx_address *from, const struct lx_address *target,
                          uint8_t frame[LX_PROBE_FRAME]);

/* What tags add to a frame. */
#define LX_PROBE_TAGS 8

/* Writes a frame with the tags of the VLANs that are not 0. Returns its length. */
size_t lx_probe_tag(const uint8_t *frame, size_t length, const uint16_t vlans[2], uint8_t *tagged);

/* The name of a reason ("no-row") and what it means, from the closed list; "unknown" for anything else. */
const char *lx_reason_name(uint32_t reason);
const char *lx_reason_meaning(uint32_t reason);

#endif
