/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interfaces of this network namespace as they stand on each other: the ports of bridges and bonds, the VLANs of a
 * card, the two ends of a veth. Asked by netlink: /sys shows the namespace that it was mounted in, which may be
 * another.
 */
#ifndef LYNCXDP_KERNEL_LINKS_H
#define LYNCXDP_KERNEL_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lx_link {
    unsigned index;
    unsigned master; /* the bridge or bond that it is a port of, or 0 */
    unsigned lower;  /* what it is made of (a VLAN of its card), or of a veth its far end; 0: that is elsewhere */
    int far;         /* of a veth: the id of the namespace that the far end is in; LX_FAR_HERE, LX_FAR_NONE: no veth */
    unsigned far_index;
    uint16_t vlan;   /* of a VLAN: its id */
    bool resolves;   /* neighbours are looked for by ARP and neighbour discovery */
    bool bridges;    /* a bridge */
    bool taps;       /* a tap, or a tun, */
    bool bonds;      /* a bond, or a team: its ports are ways to one place */
    bool partial;    /* a tap whose frames may come without their checksums, for the kernel to put in */
    bool takes_tags; /* what comes to it has lost its VLAN tags to what it is made of: not a card, and not a VLAN */
};

#define LX_FAR_HERE (-1)
#define LX_FAR_NONE (-2)

struct lx_links {
    struct lx_link *items; /* owned */
    size_t count;
};

/* Returns 0 or -errno. */
int lx_links_read(struct lx_links *links);
void lx_links_free(struct lx_links *links);

/* NULL when there is none of that index. */
const struct lx_link *lx_link_find(const struct lx_links *links, unsigned index);

/* The far end of a veth, in whose namespace the caller then is. */
struct lx_far_end {
    unsigned ifindex;
    int came_from; /* the namespace to return to, or -1 */
};

/* Goes there: 0, -ENOENT when the interface is none, or why it cannot be reached. The caller leaves it again. */
int lx_far_end_enter(unsigned ifindex, struct lx_far_end *end);
void lx_far_end_leave(const struct lx_far_end *end);

/*
 * What an interface is that leads on to others than this host: "a tap", "a port of a bridge", "an end of a veth"; NULL
 * for any other, or when that cannot be determined.
 */
const char *lx_link_leads_on(unsigned index);

/* More interfaces than stand on each other anywhere. */
#define LX_LINKS_DEPTH 8

/*
 * Whether an interface is another or stands on it, directly or with others between them. `vlans`, where not NULL,
 * receives the ids of the VLANs in between, the outermost first; 0 where there is none.
 */
bool lx_link_stands_on(const struct lx_links *links, unsigned upper, unsigned lower, uint16_t vlans[2]);

#endif
