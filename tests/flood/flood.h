/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flood: millions of frames a second from each core, put into an interface of this network namespace as if its peer's
 * wire had carried them there. For tests that want to know what becomes of traffic which nobody asked for.
 */
#ifndef LYNCXDP_TESTS_FLOOD_FLOOD_H
#define LYNCXDP_TESTS_FLOOD_FLOOD_H

#include <signal.h>

#include "shape.h"
#include "user/core/policy/address.h"

#define LX_FLOOD_CPUS 16

struct lx_flood {
    const char *interface;    /* a veth whose peer has XDP or `gro on` */
    struct lx_prefix source;  /* what lies beyond its length is drawn for each frame */
    struct lx_address target; /* of the same family */
    __u32 *ports;             /* LX_FLOOD_TARGET()s, taken in turn; owned by the caller */
    __u32 port_count;         /* 1 to LX_FLOOD_TARGETS */
    __u16 source_port;        /* 0: drawn from 1024 up */
    __u8 tcp_flags;           /* as in the header */
    __u8 from_mac[6], to_mac[6];
    __u16 vlan;              /* 0: none */
    __u16 size;              /* of a frame, without FCS; at most LX_FLOOD_LONGEST; 0: the shortest possible */
    __u64 frames;            /* 0: until it is stopped */
    double seconds;          /* the same */
    __u64 rate;              /* frames a second; 0: as fast as can be */
    __u64 seed;              /* of what is drawn */
    int cpus[LX_FLOOD_CPUS]; /* where to run, all at once; veth's receiver is then on the same one */
    unsigned cpu_count;      /* 0: one, anywhere */
};

#define LX_FLOOD_LONGEST 3400 /* what a test run takes in one buffer */

/* What came of it. Frames may be lost before the receiver's XDP when its ring is full; `taken` it has all seen. */
struct lx_flood_sent {
    __u64 made, taken, lost;
    double seconds;
    double speed; /* frames a second while they were made, all CPUs together: without cleaning up and keeping a rate */
};

struct lx_flooder;

/* Loads what sends such a flood: 0 or -errno; needs root. `flood` stays the caller's, and has to stay, until closed. */
int lx_flood_open(const struct lx_flood *flood, struct lx_flooder **flooder);
void lx_flood_close(struct lx_flooder *flooder);

/* Sends until one of the limits, or `*stop`; may be called again, for other sources. Returns 0 or -errno. */
int lx_flood_send(struct lx_flooder *flooder, const volatile sig_atomic_t *stop, struct lx_flood_sent *sent);

/* The sum of an interface's ethtool statistics that begin and end so ("rx_queue_", "_xdp_packets"): 0 or -errno. */
int lx_flood_statistic(const char *interface, const char *begin, const char *end, __u64 *sum);

#endif
