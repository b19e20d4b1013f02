/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The image: a compiled policy as one flat, immutable, position-independent block of bytes. This header is its layout;
 * user/core/image/compile.c writes it, classify.h reads it. All offsets count bytes from the start of the image.
 *
 * A packet is classified field by field (recursive flow classification): each field is first reduced to a small class,
 * then the combination of classes is looked up. The cost does not depend on the number of rows or addresses.
 *
 *   destination port  -> class   two-level page table, per transport; a protocol without ports: one page
 *   destination host  -> class   hash tables by prefix length
 *   (port, host)      -> entry   a row, nothing, or "the source matters":
 *   source host       -> class   hash tables by prefix length
 *   source port       -> class   two-level page table, per transport
 */
#ifndef LYNCXDP_IMAGE_H
#define LYNCXDP_IMAGE_H

#include "abi.h"

/*
 * An image lives in a buffer of capacity + LX_IMAGE_SLACK bytes, capacity being a power of two. Every computed offset
 * is masked with capacity - 1 before use, and nothing read at an offset is larger than the slack: a damaged image can
 * give a wrong verdict, never a wild read.
 */
#define LX_IMAGE_SLACK 64
#define LX_IMAGE_MIN_CAPACITY (64u << 10)
#define LX_IMAGE_MAX_CAPACITY (16u << 20)

/* Built-in cases that a site can switch: bits of lx_image.built_ins. */
enum lx_built_in {
    LX_BUILT_IN_ARP = 1u << 0,
    LX_BUILT_IN_NEIGHBOUR_DISCOVERY = 1u << 1,
    LX_BUILT_IN_ROUTER_ADVERTISEMENT = 1u << 2,
    LX_BUILT_IN_ROUTER_SOLICITATION = 1u << 3,
    LX_BUILT_IN_MLD = 1u << 4,
    LX_BUILT_IN_DHCP = 1u << 5,
    LX_BUILT_IN_ECHO = 1u << 6,
    LX_BUILT_IN_IP_OPTIONS = 1u << 7, /* IPv4 options are let through to the rest of the checks */
    LX_BUILT_IN_ICMP_ERROR = 1u << 8,
    LX_BUILT_IN_FRAGMENTS = 1u << 9, /* later fragments of a first one that passed */
    LX_BUILT_IN_L2_CONTROL = 1u << 10,
    LX_BUILT_IN_WIRE = 1u << 11,         /* no switch: for a pair that forwards by itself (link_control.h) */
    LX_BUILT_IN_ROUTER_ALERT = 1u << 12, /* no switch: a row lists IGMP, which has this IPv4 option (portless.h) */
    LX_BUILT_IN_BEHIND = 1u << 13,       /* no switch: for an interface behind which the role is (own_name.h) */
};

/* Addresses cut to one length, in a hash table without collisions. */
struct lx_hosts {
    __u32 seed;        /* of the hash */
    __u32 group_shift; /* 63 to 32: from a hash to its group (hash.h) */
    __u32 slot_mask;   /* 4 * (number of slots - 1): from a hash to its slot */
    __u32 pilots;      /* offset of a __u16 for each group */
    __u32 slots; /* offset of the first struct lx_host4 or lx_host6; or, with `class`, of the first IPv4 address */
    __u32 class; /* 1 + the class that all of them have; 0: each slot says its own. IPv6: 0 */
};

/* Where a search goes on. */
union lx_next {
    struct {
        __u32 hit, miss; /* offset of the next node, or 0 */
    };
    __u64 any; /* 0: neither */
};

/*
 * One prefix length of an address table, a node of a binary search over the lengths in use: look the address, cut to
 * this length, up in this node's hosts; found, its class is the best so far and a longer length may follow (hit);
 * not found, a shorter one may (miss). A table of hosts alone is a single node.
 */
struct lx_length4 {
    __u32 mask; /* of this length, network byte order */
    __u32 pad;
    struct lx_hosts hosts;
    union lx_next next;
};

struct lx_length6 {
    __u64 mask[2]; /* network byte order */
    struct lx_hosts hosts;
    union lx_next next;
};

/*
 * A slot of a hash table, the only one where an address can be. In an unused one is an address that has another slot,
 * so that it is never found.
 */
struct lx_host4 {
    __u32 address; /* network byte order */
    __u32 class;
};

struct lx_host6 {
    __u64 address[2]; /* network byte order */
    __u32 class;
    __u32 pad;
};

_Static_assert(sizeof(struct lx_length4) == 40, "ABI");
_Static_assert(sizeof(struct lx_length6) == 48, "ABI");
_Static_assert(sizeof(struct lx_host4) == 8, "ABI");
_Static_assert(sizeof(struct lx_host6) == 24, "ABI");
_Static_assert(sizeof(struct lx_length6) <= LX_IMAGE_SLACK, "a node fits the slack");

/* A search over n lengths takes ceil(log2(n + 1)) steps: at most 6 for IPv4's 33 lengths, 8 for IPv6's 129. */
#define LX_SEARCH_STEPS4 6
#define LX_SEARCH_STEPS6 8

/*
 * Addresses -> class. Class 0 is any address that no prefix of the policy covers. The bits in which all prefixes of a
 * family agree come first, for they are all that need be looked at of most addresses that no prefix covers; where there
 * is no prefix, no address has them. `outside` is class 0: read from here, it is to the verifier a class like any
 * other, not a case of its own.
 */
struct lx_address_table {
    __u32 common4_mask, common4; /* network byte order */
    __u32 class4;                /* of an address with the common bits, as far as the search finds no other */
    __u32 root4;                 /* offset of a struct lx_length4, or 0: nothing to search */
    __u32 outside;
    __u32 root6;
    __u32 class6;
    __u32 pad;
    __u64 common6_mask[2], common6[2];
};

_Static_assert(sizeof(struct lx_address_table) == 64, "ABI");

/*
 * Ports -> class: for each transport and port / 256 where its page of 256 __u16 classes begins, in units of
 * LX_PAGE_UNIT bytes. Equal pages are shared by all tables of an image. Pages follow the header, within the reach of
 * such an offset.
 */
struct lx_port_table {
    __u16 page[LX_TRANSPORT_COUNT * 256];
};

#define LX_PAGE_UNIT 64

/*
 * An entry of the combination tables: what to do with a packet whose classes led here.
 * The two top bits are its kind, the rest its value.
 */
enum lx_entry_kind {
    LX_ENTRY_ROW = 0u,         /* value: row slot, or LX_NO_ROW */
    LX_ENTRY_SOURCE = 1u,      /* value: index of the first of a run of entries, indexed by source class */
    LX_ENTRY_SOURCE_PORT = 2u, /* value: index of the first of a run of entries, indexed by source port class */
};

#define LX_ENTRY_KIND_SHIFT 30
#define LX_ENTRY_VALUE_MASK ((1u << LX_ENTRY_KIND_SHIFT) - 1)

lx_inline __u32 lx_entry(enum lx_entry_kind kind, __u32 value)
{
    return (__u32)kind << LX_ENTRY_KIND_SHIFT | value;
}

/* The rows of one direction, by who begins: inbound rows (to the role) or outbound rows (from the role). */
struct lx_section {
    __u32 rows;                /* number of rows; 0: nothing matches */
    __u32 destination_classes; /* number of destination host classes */
    __u32 entries;             /* offset of the entries: port class * destination_classes + destination class first */
    __u32 protocols;           /* offset of a page of port classes, by protocol without ports; 0: no row lists any */
    struct lx_address_table destinations;
    struct lx_address_table sources;
    struct lx_port_table destination_ports;
    struct lx_port_table source_ports;
};

_Static_assert(offsetof(struct lx_section, destination_ports) == 144, "ABI");
_Static_assert(sizeof(struct lx_section) == 2192, "ABI");

/*
 * What is asked of a frame before the policy, where a site lists VLANs or bypasses neighbours, or one VLAN of a trunk
 * is filtered. Bitmaps of 4096 VLAN ids; id 0: untagged or priority-tagged.
 */
struct lx_scope {
    __u8 judged[512];                   /* all where the site lists none */
    __u8 bypassed[512];                 /* pass unjudged */
    struct lx_address_table neighbours; /* class 0: judged; the others: enum lx_neighbour */
    __u32 cards;                        /* offset of the struct lx_cards of class LX_NEIGHBOUR_BOUND and those after */
    __u32 bypasses;                     /* 0: VLANs are listed, and all else is judged */
    __u32 vlan;                         /* the one VLAN of a trunk that is filtered, or 0 */
    __u32 pad;
    __u8 inside[512]; /* what may be inside that; `judged` and `bypassed` then leave all to it */
};

_Static_assert(offsetof(struct lx_scope, neighbours) == 1024, "ABI");
_Static_assert(sizeof(struct lx_scope) == 1616, "ABI");

enum lx_neighbour {
    LX_NEIGHBOUR_ANY_CARD = 1, /* bypassed behind whatever MAC address */
    LX_NEIGHBOUR_BOUND = 2,    /* and above: bypassed behind one of its own alone */
};

#define LX_NEIGHBOUR_CARDS 4

/* The MAC addresses of a neighbour, 16 bits at a time as they lie in a frame, then 0. Where there are fewer, one
 * repeats. */
struct lx_cards {
    __u16 card[LX_NEIGHBOUR_CARDS][4];
};

_Static_assert(sizeof(struct lx_cards) == 32, "ABI");

/* The image begins with this header. */
struct lx_image {
    __u32 magic;       /* LX_MAGIC */
    __u32 abi_version; /* LX_ABI_VERSION */
    __u32 size;        /* bytes in use, this header included */
    __u32 built_ins;   /* enum lx_built_in */
    __u32 scope;       /* offset of a struct lx_scope, or 0: every frame is judged */
    __u32 generation;  /* of this image within its attachment; flows judged by another one are judged anew */
    __u8 egress;       /* enum lx_egress */
    __u8 permissive;   /* hooks that drop nothing but count what they would have: bits 1 << enum lx_hook */
    __u8 protects;     /* 1 when `protected` has any address: it is known what is behind the role */
    __u8 pad[5];
    struct lx_address_table protected; /* the addresses behind the role; class 0: not one of them */
    struct lx_section inbound;
    struct lx_section outbound;
};

_Static_assert(offsetof(struct lx_image, inbound) == 96, "ABI");
_Static_assert(sizeof(struct lx_image) == 4480, "ABI");
_Static_assert(sizeof(struct lx_image) < LX_IMAGE_MIN_CAPACITY, "the header always fits");

#endif
