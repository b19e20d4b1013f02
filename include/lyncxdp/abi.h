/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and userspace agree on: the pinned maps, what is in them, and the stamp that says so.
 * Every structure here has one definition, fixed-width fields, and its layout held by static assertions.
 */
#ifndef LYNCXDP_ABI_H
#define LYNCXDP_ABI_H

#include "reason.h"
#include "types.h"

/* Raised whenever anything in this header or in image.h changes its layout or meaning. */
#define LX_ABI_VERSION 11

/*
 * Raised when the programs change over maps and images that do not. An update replaces programs of another version in
 * place; maps of another ABI are refused.
 */
#define LX_PROGRAM_VERSION 2

#define LX_MAGIC 0x4c584450u /* "LXDP" */

/* Rows that one policy may have. */
#define LX_MAX_ROWS 1024
/* Row counters of an attachment: the rows in force and, during an update, the ones that replace them. */
#define LX_ROW_SLOTS 2048
#define LX_NO_ROW 0xffffu

/* Ranges of ports that one row may have. */
#define LX_LABEL_PORTS 16

/* Ports are counted in pages of so many, and so many pages make up all ports of a transport. */
#define LX_PORT_PAGE 256
#define LX_PORT_PAGES (65536 / LX_PORT_PAGE)

/* Images that an attachment can hold at a time: in force, fallback, shadow, and the one being built. */
#define LX_IMAGE_SLOTS 4

enum lx_hook {
    LX_HOOK_TO_ROLE = 0,   /* packets on their way to the role */
    LX_HOOK_FROM_ROLE = 1, /* packets that the role sends */
    LX_HOOK_COUNT
};

enum lx_transport {
    LX_TCP = 0,
    LX_UDP = 1,
    LX_TRANSPORT_COUNT, /* of those that have ports */
    LX_ECHO = 2,        /* ICMP echo, of either family: its identifier stands for both ports */
    LX_PORTLESS = 3,    /* any other protocol: its number does; in a row, echo is one of these (portless.h) */
};

/* A transport and a port in one number, by which tables of both are indexed: `transport` is LX_TCP or LX_UDP. */
lx_inline __u32 lx_service(__u8 transport, __u16 port)
{
    __u32 service = (__u32)transport << 16 | port;

    lx_opaque(service); /* or Linux 6.1 loses the bound */
    return service & 0x1ffff;
}

/* What becomes of packets from the role that its tables do not list. */
enum lx_egress {
    LX_EGRESS_OFF = 0,     /* no from-role hook: nothing is recorded, replies are not let in */
    LX_EGRESS_TRACK = 1,   /* recorded, passed, counted as would-drop */
    LX_EGRESS_ENFORCE = 2, /* dropped */
};

/*
 * Which image is in force: eight bytes, written with one atomic store, read once per packet.
 *   bits 0-7    active: the slot whose image judges packets
 *   bits 8-15   fallback: the slot to use once the deadline has passed, and the one that a rollback returns to; the
 *               active slot itself when there is none
 *   bits 16-23  shadow: 1 + the slot of a candidate that is judged beside the image in force, or 0
 *   bits 24-63  deadline: milliseconds of CLOCK_BOOTTIME, which goes on in suspend; 0 when no trial is pending
 */
struct lx_control {
    __u64 word;
    __u64 sampled_until; /* milliseconds of CLOCK_MONOTONIC until which a monitor wants samples; 0: there is none */
};

_Static_assert(sizeof(struct lx_control) == 16, "each is written with one store");

#define LX_NO_SHADOW 0xffu

/* The bits of the control word that are not all zero when there is a candidate. */
#define LX_CONTROL_SHADOW 0xff0000ull

lx_inline __u8 lx_control_active(__u64 word)
{
    return word & 0xff;
}

lx_inline __u8 lx_control_fallback(__u64 word)
{
    return word >> 8 & 0xff;
}

/* The candidate's slot, or LX_NO_SHADOW. */
lx_inline __u8 lx_control_shadow(__u64 word)
{
    return (word >> 16) - 1;
}

lx_inline __u64 lx_control_deadline(__u64 word)
{
    return word >> 24;
}

/* The slot in force at a moment, in milliseconds of CLOCK_BOOTTIME, which matters only while a trial is pending. */
lx_inline __u8 lx_control_in_force(__u64 word, __u64 now_ms)
{
    return lx_control_deadline(word) && now_ms >= lx_control_deadline(word) ? lx_control_fallback(word)
                                                                            : lx_control_active(word);
}

/* `shadow` is a slot or LX_NO_SHADOW. */
lx_inline __u64 lx_control_word(__u8 active, __u8 fallback, __u8 shadow, __u64 deadline_ms)
{
    return (__u64)active | (__u64)fallback << 8 | (__u64)(__u8)(shadow + 1) << 16 | deadline_ms << 24;
}

/* Bytes are frame lengths from the destination MAC address to the last byte before the FCS. */
struct lx_counter {
    __u64 packets;
    __u64 bytes;
};

/*
 * One CPU's counters of one hook; the map holds one per possible CPU, so that no two CPUs write one cache line.
 * A packet credited to a row is counted there, and not again under its reason when that reason is `row`: the sum of
 * reason `row` is worked out by the reader. `would_drop*` count what audit mode or `--egress track` let pass.
 */
struct lx_cpu_counters {
    struct lx_counter reasons[LX_REASON_CAPACITY];
    struct lx_counter would_drop_reasons[LX_REASON_CAPACITY];
    struct lx_counter rows[LX_ROW_SLOTS];
    __u64 port_pages[LX_TRANSPORT_COUNT][LX_PORT_PAGES]; /* the sum over each page of ports */
    __u64 own_pages[LX_TRANSPORT_COUNT][LX_PORT_PAGES];  /* the same of the role's own ports, at the from-role hook */
    __u64 flows_created;
    __u8 pad[1528];    /* to a whole number of pages of memory: two CPUs never share one */
    __u64 scratch[64]; /* the program's own, of the packet in hand */
};

_Static_assert(offsetof(struct lx_cpu_counters, rows) == 2048, "ABI");
_Static_assert(offsetof(struct lx_cpu_counters, port_pages) == 34816, "ABI");
_Static_assert(sizeof(struct lx_cpu_counters) == 11 * 4096, "ABI; whole pages");

/*
 * A port is counted for every dropped packet whose TCP or UDP ports could be read, in a map beside the counters: one
 * CPU's take a megabyte for each transport, of which a reader wants the pages that have grown since it last looked, as
 * the sums in `port_pages` show. Each CPU has its pages at lx_port_page().
 */
struct lx_port_page {
    __u64 dropped[LX_PORT_PAGE]; /* by destination port modulo LX_PORT_PAGE, host byte order */
    __u64 would_drop[LX_PORT_PAGE];
};

_Static_assert(sizeof(struct lx_port_page) == 4096, "ABI; whole pages");

/* The entry of the ports map that has a port. `transport` is LX_TCP or LX_UDP. */
lx_inline __u32 lx_port_page(__u32 cpu, __u32 transport, __u32 port)
{
    return (cpu * LX_TRANSPORT_COUNT + transport) * LX_PORT_PAGES + port / LX_PORT_PAGE;
}

/*
 * What the role sends is counted by its own port as well, which shows of a range of the policy what the peer's port,
 * anything for media, does not. Once for all CPUs, so that the memory does not grow with them: few packets come there.
 */
#define LX_OWN_PAGES (LX_TRANSPORT_COUNT * LX_PORT_PAGES)

/*
 * What the policy in force and the candidate do not agree about: `changes` counts packets by this. Packets without
 * ports, and those whose headers alone decided, have transport LX_NO_TRANSPORT and port 0.
 */
struct lx_divergence {
    __u8 newly;     /* enum lx_verdict: what the candidate would do, and the policy in force does not */
    __u8 reason;    /* enum lx_reason that the candidate gives */
    __u16 row;      /* slot: of what would newly pass the candidate's row, of what would newly be dropped the one that
                       lets it pass now; or LX_NO_ROW */
    __u16 port;     /* destination, host byte order */
    __u8 transport; /* enum lx_transport or LX_NO_TRANSPORT */
    __u8 pad;
};

#define LX_NO_TRANSPORT 0xffu

_Static_assert(sizeof(struct lx_divergence) == 8, "no hole in a key");

/* More than there are ports of both transports. What finds no room is counted in lx_comparison all the same. */
#define LX_CHANGES 131072

/* One CPU's sums of what was compared at one hook. */
struct lx_comparison {
    __u64 packets; /* judged by both */
    __u64 pad;
    struct lx_counter newly[2]; /* of those, by enum lx_verdict of lx_divergence.newly */
    __u64 line[2];              /* to a whole cache line */
};

_Static_assert(sizeof(struct lx_comparison) == 64, "ABI");

/* The map of comparisons holds one of these per possible CPU. */
struct lx_comparisons {
    struct lx_comparison hooks[LX_HOOK_COUNT];
};

/* Which samples a monitor wants of packets that are dropped, or would be: the one entry of the map `sample_filter`. */
struct lx_sample_filter {
    __u64 reasons;    /* a bit for each enum lx_reason; 0: any */
    __u64 interval;   /* nanoseconds from one sample to the next, */
    __u64 burst;      /* and so many of them ahead of time */
    __u64 next;       /* nanoseconds of CLOCK_MONOTONIC: the program's own */
    __u32 service;    /* lx_service() of the destination, or only its port (LX_SAMPLE_PORT), or LX_SAMPLE_ANY */
    __u32 prefixed;   /* 1: source or destination is in this prefix, the sender of an ICMP error included */
    __u32 address[4]; /* network byte order, IPv4 as ::ffff:a.b.c.d; zeroes beyond the prefix */
    __u32 mask[4];
};

#define LX_SAMPLE_ANY (~0u)
#define LX_SAMPLE_PORT(port) ((__u32)(port) | 1u << 31)

_Static_assert(sizeof(struct lx_sample_filter) == 72, "ABI");

/* One CPU's part of what became of packets that the monitor wants; the map `sample_counts` holds one per possible CPU.
 */
struct lx_sample_counts {
    __u64 wanted;  /* packets, */
    __u64 samples; /* of which so many were sent, */
    __u64 lost;    /* and so many were not because the monitor was too slow; the rest would have been too many */
    __u64 line[5];
};

_Static_assert(sizeof(struct lx_sample_counts) == 64, "a whole cache line");

#define LX_SAMPLE_BYTES 256

/* A packet that was dropped, or would have been. What was not read of it is zero. */
struct lx_sample {
    __u64 time;                          /* nanoseconds of CLOCK_MONOTONIC */
    __u32 judgement;                     /* packed */
    __u32 length;                        /* of the frame, as it is counted */
    __u32 captured;                      /* bytes of it that are here */
    __u8 hook;                           /* enum lx_hook */
    __u8 passes;                         /* 1: it passed all the same */
    __u16 ethertype;                     /* host byte order */
    __u8 protocol;                       /* IPPROTO_ of what is read, or 0 */
    __u8 has_ports;                      /* 1: TCP or UDP, */
    __u16 source_port, destination_port; /* host byte order; of an echo its identifier */
    __u8 tcp_flags;
    __u8 pad;
    __u32 source[4], destination[4]; /* network byte order; IPv4: the last word alone */
    __u8 bytes[LX_SAMPLE_BYTES];
};

_Static_assert(sizeof(struct lx_sample) == 320, "ABI");

/* Bytes of a monitor's ring buffer. */
#define LX_SAMPLE_RING (256u << 10)

/* Ports from one to another, host byte order. */
struct lx_label_range {
    __u16 first, last;
};

/* What a row slot stands for; slots without a row have an empty id. Text is UTF-8 and ends with a zero byte. */
struct lx_row_label {
    char id[96];
    char source[160];                                   /* document and place, or empty */
    struct lx_label_range ports[LX_LABEL_PORTS];        /* destination ports */
    struct lx_label_range source_ports[LX_LABEL_PORTS]; /* source ports */
    __u8 port_count;                                    /* of `ports` in use; 0: any port */
    __u8 source_port_count;                             /* of `source_ports`, likewise */
    __u8 transports;                                    /* bits 1 << enum lx_transport */
    __u8 hook;                                          /* enum lx_hook */
    __u8 pad[4];
    char override[96]; /* the lines of a site that have changed the row, or empty */
};

_Static_assert(offsetof(struct lx_row_label, ports) == 256, "ABI");
_Static_assert(sizeof(struct lx_row_label) == 488, "ABI");

/* A set of row slots: a bit for each. */
struct lx_slot_set {
    __u64 words[LX_ROW_SLOTS / 64];
};

enum lx_mode {
    LX_MODE_NATIVE = 1,
    LX_MODE_GENERIC = 2,
};

/* Interfaces, or pairs, that one attachment may stand on. */
#define LX_MEMBERS 8

/* Where the interface of an attachment stands to the role. */
enum lx_placement {
    LX_PLACEMENT_HOST = 0,   /* it is the role's own: to-role is XDP, from-role tc egress */
    LX_PLACEMENT_PAIR = 1,   /* the outer one of an inline pair: from-role is XDP on the inner one, too */
    LX_PLACEMENT_BEHIND = 2, /* the role is behind it: to-role is tc egress, from-role XDP */
    LX_PLACEMENTS
};

/*
 * The metadata map: its first entry says what this attachment is, whatever its policy; the entries behind it say the
 * same of the interfaces, or pairs, that are filtered with the first one, each as if it stood alone. One without the
 * magic number is of none. Written before the program is attached. What is here now stays in its place in every
 * version, so that any can recognise what another attached, and take it off.
 */
struct lx_metadata {
    __u32 magic;
    __u32 abi_version;
    __u32 ifindex;
    __u32 mode;           /* enum lx_mode */
    __u64 netns;          /* inode of the network namespace */
    __u64 image_capacity; /* bytes, a power of two */
    __u32 program_id;     /* of the program that runs on the interface */
    __u32 dispatcher;     /* 1 when libxdp's dispatcher calls it */
    __u32 from_role;      /* 1 when there is a from-role hook */
    __u32 flow_capacity;  /* entries of the flow table */
    __u32 clsact;         /* 1 when attaching created the clsact qdisc, which then goes with the attachment */
    __u32 pair_ifindex;   /* of the inner interface of an inline pair, or 0 */
    char interface[16];
    char pair[16];         /* the inner interface's name */
    __u32 forward;         /* 1 when the pair forwards by itself */
    __u32 restore;         /* what attaching changed on the interfaces and detaching sets back */
    __u32 program_version; /* LX_PROGRAM_VERSION of the programs */
    __u32 pair_mode;       /* of the program on the inner interface: enum lx_mode, */
    __u32 pair_program_id; /* its id, */
    __u32 pair_dispatcher; /* and 1 when libxdp's dispatcher calls it */
    __u32 member;          /* the place of this entry in the map */
    __u32 joining;         /* 1 until what joins later has joined, which its to-role program shows, too */
    __u32 placement;       /* enum lx_placement */
    __u32 vlan;            /* the one VLAN of a trunk that is filtered, or 0: whatever comes by the interface */
    __u8 reserved[128];
};

_Static_assert(offsetof(struct lx_metadata, interface) == 56, "ABI");
_Static_assert(offsetof(struct lx_metadata, program_version) == 96, "ABI");
_Static_assert(sizeof(struct lx_metadata) == 256, "ABI");

/* What a publication has room for: words of a request with their zero bytes, ports that metrics name, lists. */
#define LX_REQUEST_TEXT 26880
#define LX_WATCH_PORTS 1024
#define LX_GROUP_DATES 32

/* A group whose addresses come from a list, and of when that is. */
struct lx_group_date {
    char group[48];
    __u64 date; /* seconds of CLOCK_REALTIME; 0: no group, nor are there more behind it */
};

_Static_assert(sizeof(struct lx_group_date) == 56, "ABI");

/* What there is to be watched while a policy is in force. */
enum lx_trait {
    LX_TRAIT_ANY_SELF = 1 << 0,  /* nobody gave the role an address: its rows hold for any */
    LX_TRAIT_VLANS = 1 << 1,     /* it lists VLANs, so that tags must stay in their frames */
    LX_TRAIT_BYPASS = 1 << 2,    /* neighbours behind the pair pass unjudged, */
    LX_TRAIT_UNBOUND = 1 << 3,   /* and some of them behind whatever MAC address, or a VLAN */
    LX_TRAIT_LAST_GOOD = 1 << 4, /* it is what applied well last: what is declared cannot be had; */
    LX_TRAIT_CLOSED = 1 << 5,    /* nor can that: nothing passes but what must, and the way in for whoever mends it */
};

/*
 * A policy as published in one image slot: what can be known of it without looking into its image, which takes root.
 * Written before the control word makes the slot active, and never while it may be in force.
 */
struct lx_publication {
    __u64 generation;
    __u64 digest;    /* of the policy */
    __u64 published; /* seconds of CLOCK_REALTIME */
    __u32 egress;    /* enum lx_egress */
    __u16 audit;     /* 1: everything passes, and what would have been dropped is counted */
    __u16 traits;    /* enum lx_trait bits */
    char edition[32];
    char side[16];           /* empty for a role without sides */
    char roles[256];         /* separated by commas */
    __u32 request_size;      /* bytes of `request` in use */
    __u32 watch_port_count;  /* of `watch_ports` in use */
    struct lx_slot_set rows; /* the slots that its rows count in */
    __u16 watch_ports[LX_WATCH_PORTS];
    char request[LX_REQUEST_TEXT]; /* the words that asked for it, each with its zero byte: updates start from them */
    struct lx_group_date groups[LX_GROUP_DATES];
};

_Static_assert(offsetof(struct lx_publication, edition) == 32, "ABI");
_Static_assert(offsetof(struct lx_publication, request) == 2648, "ABI");
_Static_assert(offsetof(struct lx_publication, groups) == 29528, "ABI");
_Static_assert(sizeof(struct lx_publication) == 31320, "ABI");

/* What the data plane says of a packet. */
struct lx_judgement {
    __u32 reason; /* enum lx_reason; lx_reason_verdict() shows pass or drop */
    __u32 row;    /* slot of the row that is credited, or LX_NO_ROW */
};

_Static_assert(sizeof(struct lx_judgement) == 8, "ABI");

/*
 * A judgement in one word, as the packet path carries it in one register, and as the dry run of a program returns it
 * from a test run (so that no two questions can mix their answers).
 */
#define LX_JUDGEMENT(reason, row) ((__u32)(row) << 16 | (__u32)(reason))
#define LX_JUDGED(reason) LX_JUDGEMENT(reason, LX_NO_ROW)

lx_inline __u32 lx_judgement_reason(__u32 word)
{
    return word & 0xffff;
}

lx_inline __u32 lx_judgement_row(__u32 word)
{
    return word >> 16;
}

lx_inline bool lx_judgement_passes(__u32 word)
{
    return lx_reason_verdict(lx_judgement_reason(word)) == LX_PASS;
}

lx_inline struct lx_judgement lx_judgement_unpack(__u32 word)
{
    return (struct lx_judgement){.reason = lx_judgement_reason(word), .row = lx_judgement_row(word)};
}

#endif
