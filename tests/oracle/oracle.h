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

#include "user/core/policy.h"

/* What rows are about. An IPv4 address is the first four bytes. Ports are in host byte order. */
struct oracle_tuple {
    bool ipv6;
    uint8_t source[16], destination[16];
    unsigned transport; /* enum lx_transport */
    uint16_t source_port, destination_port;
};

/* A frame as read from its bytes; a defect is known by its reason as soon as it is met, and nothing after it is read.
 */
struct oracle_packet {
    bool defective;
    uint32_t defect; /* enum lx_reason, when defective */
    bool group_mac, broadcast_mac;
    bool arp;
    struct oracle_tuple tuple; /* the addresses, once defects are ruled out and it is not ARP; */
    bool has_ports;            /* the transport and ports, when TCP or UDP (even of a frame defective after them) */
    bool icmp;                 /* ICMP, or ICMPv6 over IPv6 */
    uint8_t icmp_type, icmp_code;
    size_t icmp_length; /* bytes of the ICMP message, its header included */
    uint8_t hop_limit;  /* or TTL */
    size_t extension_headers;
};

struct oracle_verdict {
    uint32_t reason; /* enum lx_reason */
    uint32_t row;    /* slot, or LX_NO_ROW */
    /* Where a drop is counted by port. */
    bool has_ports;
    unsigned transport;
    uint16_t destination_port;
};

/* Reads a frame (oracle_frame.c). */
struct oracle_packet oracle_read_frame(const struct lx_policy *policy, const uint8_t *frame, size_t length);

/* The slot of the first rule of a hook's own rows that matches, or LX_NO_ROW (oracle_rows.c). */
uint32_t oracle_first_row(const struct lx_policy *policy, enum lx_hook hook, const struct oracle_tuple *tuple);

/* Whether a set's prefixes cover an address of a family; `any` covers every address. */
bool oracle_set_covers(const struct lx_prefix_set *set, bool ipv6, const uint8_t *address);

/* The verdict of the to-role hook without flows. */
struct oracle_verdict oracle_judge_to_role(const struct lx_policy *policy, const uint8_t *frame, size_t length);

#endif
