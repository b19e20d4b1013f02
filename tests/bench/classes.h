/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The classes of packets whose cost is recorded and measured, and the policy that judges them: the A/V Edge's external
 * interface, with rows of the site's own for a crowd of partners and outward.
 */
#ifndef LYNCXDP_BENCH_CLASSES_H
#define LYNCXDP_BENCH_CLASSES_H

#include "user/core/explain/probe.h"
#include "user/core/image/compile.h"

#define LX_EDGE "10.45.16.30"
#define LX_EDGE6 "2001:db8::30"

/* What is done to the probe's frame before it is put to the program. */
enum lx_change {
    LX_AS_IT_IS,
    LX_TAGGED,
    LX_TRUNCATED,
    LX_FRAGMENT,
    LX_OPTIONS,
    LX_AS_ARP,
    LX_OTHER_ETHERTYPE,
    LX_PORT_UNREACHABLE
};

struct lx_packet_class {
    const char *name;
    enum lx_hook hook;
    enum lx_transport transport;
    const char *source;
    uint16_t source_port;
    const char *destination;
    uint16_t destination_port;
    uint8_t flags;
    enum lx_change change;
};

/* In the order in which they are put to the programs: what the role sends makes the flows that replies pass by. */
#define LX_PACKET_CLASSES 35
extern const struct lx_packet_class lx_packet_classes[LX_PACKET_CLASSES];

#define LX_CLASS_FRAME (2 * LX_PROBE_FRAME)

/* Writes the frame of a class; returns its length. */
size_t lx_class_frame(const struct lx_packet_class *class, uint8_t frame[LX_CLASS_FRAME]);

/* The policy, and by how much it is more than the role's own rows. */
struct lx_measured {
    uint32_t partners;   /* addresses that may reach port 8443: 198.18.0.1 and on, LX_PARTNER(index) */
    uint32_t extra_rows; /* each a UDP port of its own, LX_EXTRA_PORT and on */
    bool audit;
};

#define LX_PARTNER(index) (0xc6120000u + (index) / 250 * 256 + (index) % 250 + 1) /* host byte order */
#define LX_EXTRA_PORT 20000

/* Compiles it. Returns 0 or -errno, which is -EINVAL when the policies in the working directory are not as expected. */
int lx_measured_compile(const struct lx_measured *measured, struct lx_compiled *compiled);

#endif
