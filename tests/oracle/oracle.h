/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle: what the design says about a frame and a policy, written byte by byte and row by row, for the tests
 * alone. It shares no code with the data plane (only the list of reasons, limits, and the policy it reads), so that the
 * two can be held against each other; it is slow on purpose, and aborts rather than read a byte that the frame does not
 * have.
 */
#ifndef LYNCXDP_TESTS_ORACLE_H
#define LYNCXDP_TESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lyncxdp/abi.h>
#include <lyncxdp/image.h>
#include <lyncxdp/reason.h>

#include "user/core/resolve/policy.h"

/* What rows are about. An IPv4 address is the first four bytes. Ports are in host byte order. */
struct oracle_tuple {
    bool ipv6;
    uint8_t source[16], destination[16];
    unsigned transport; /* enum lx_transport; of an echo, both ports are its identifier; of LX_PORTLESS, its protocol */
    uint16_t source_port, destination_port;
};

/* A frame as read from its bytes; a defect is known by its reason as soon as it is met, and nothing after it is read.
 */
struct oracle_packet {
    bool defective;
    uint32_t defect; /* enum lx_reason, when defective */
    bool group_mac, broadcast_mac;
    uint8_t source_mac[6];
    bool arp, link_control;
    uint8_t arp_sender[4], arp_target[4];
    struct oracle_tuple tuple; /* the addresses, once defects are ruled out and it is not ARP; */
    bool has_ports;            /* the transport and ports, when TCP or UDP (even of a frame defective after them) */
    bool portless;             /* neither TCP, UDP nor ICMP */
    uint8_t tcp_flags;
    bool icmp; /* ICMP, or ICMPv6 over IPv6 */
    uint8_t icmp_type, icmp_code;
    uint16_t icmp_identifier; /* where an echo has it */
    size_t icmp_length;       /* bytes of the ICMP message, its header included */
    uint8_t neighbour[16];    /* the target of neighbour discovery, where the message has one */
    bool quotes;              /* the message quotes a packet whose conversation can be told: */
    struct oracle_tuple quoted;
    uint8_t hop_limit; /* or TTL */
    size_t extension_headers;
    bool first_fragment, later_fragment; /* of a later one, no more than the addresses and the next three: */
    uint8_t protocol;
    uint32_t identification;
    size_t fragment_offset;  /* bytes */
    size_t fragment_headers; /* of a first one: bytes from where its datagram's fragments count, headers all of them */
};

struct oracle_verdict {
    uint32_t reason; /* enum lx_reason */
    uint32_t row;    /* slot, or LX_NO_ROW */
    /* Where a drop is counted by port. */
    bool has_ports;
    unsigned transport;
    uint16_t source_port, destination_port;
};

/*
 * Reads a frame (oracle_frame.c). One that the site bypasses on this hook is told like a defect: by its reason, and
 * read no further.
 */
struct oracle_packet oracle_read_frame(const struct lx_policy *policy, enum lx_hook hook, const uint8_t *frame,
                                       size_t length);

/* Whether a frame has VLANs, and the site bypasses all of them (oracle_bypass.c). */
bool oracle_vlans_bypassed(const struct lx_policy *policy, const unsigned *ids, unsigned tags);

/*
 * Whether a frame is not to be judged by the policy: by its VLANs, or by whom it is for or from. `reason` receives what
 * it is counted by, which is not a pass where its source is the role's. What the ethertype speaks of begins at `at`.
 */
bool oracle_is_bypassed(const struct lx_policy *policy, enum lx_hook hook, const uint8_t *frame, size_t length,
                        size_t at, uint16_t ethertype, bool by_vlan, uint32_t *reason);

/*
 * Reads the packet that an ICMP error quotes, in the bytes that it has for it (oracle_quoted.c). Returns whether it is
 * one whose conversation can be told: TCP, UDP, an echo request, another protocol than ICMP; with a header that the
 * policy lets through.
 */
bool oracle_read_quoted(const struct lx_policy *policy, const uint8_t *bytes, size_t length, bool ipv6,
                        struct oracle_tuple *quoted);

/*
 * Whether a frame is link control (oracle_link.c): its ethertype or length is known, and what that speaks of begins at
 * `at`. The frame has an Ethernet header.
 */
bool oracle_is_link_control(const struct lx_policy *policy, const uint8_t *frame, size_t length, size_t at,
                            uint16_t ethertype);

/* Whether a row of either hook lists a protocol without ports (oracle_portless.c). */
bool oracle_lists_protocol(const struct lx_policy *policy, uint8_t protocol);

/* Whether IPv4 options are Router Alert alone, of IGMP, which a row lists. */
bool oracle_is_router_alert(const struct lx_policy *policy, uint8_t protocol, const uint8_t *options, size_t size);

/* Whether a packet without ports is sent to a group of its protocol's own. */
bool oracle_is_own_group(const struct oracle_packet *packet);

/* What the rows are asked about an echo between a tuple's addresses. */
struct oracle_tuple oracle_echo_rows(const struct oracle_tuple *tuple);

/* The slot of the first rule of a hook's own rows that matches, or LX_NO_ROW (oracle_rows.c). */
uint32_t oracle_first_row(const struct lx_policy *policy, enum lx_hook hook, const struct oracle_tuple *tuple);

/* Whether a set's prefixes cover an address of a family; `any` covers every address. */
bool oracle_set_covers(const struct lx_prefix_set *set, bool ipv6, const uint8_t *address);

/* Whether the site has said which addresses are behind the role, and this is one of them. */
bool oracle_is_protected(const struct lx_policy *policy, bool ipv6, const uint8_t *address);

/* Whether a role behind an interface may send what would pass for that reason on its own host (oracle_name.c). */
bool oracle_may_claim(const struct lx_policy *policy, const struct oracle_packet *packet, uint32_t reason);

/* The same conversation, seen from its other end. */
struct oracle_tuple oracle_turned(const struct oracle_tuple *tuple);

/* What ICMP and ICMPv6 use for requests, answers and errors that are let through at all. */
bool oracle_is_echo_request(const struct oracle_packet *packet);
bool oracle_is_echo_reply(const struct oracle_packet *packet);
bool oracle_is_error(const struct oracle_packet *packet);

/* The verdict of a hook when nothing is remembered: no flow was begun, no first fragment has passed. */
struct oracle_verdict oracle_judge(const struct lx_policy *policy, enum lx_hook hook, const uint8_t *frame,
                                   size_t length);

/* The same of a frame that was read; `opened` tells whether it got as far as what the policy says of its kind. */
struct oracle_verdict oracle_judge_packet(const struct lx_policy *policy, enum lx_hook hook,
                                          const struct oracle_packet *packet, bool *opened);

#endif
