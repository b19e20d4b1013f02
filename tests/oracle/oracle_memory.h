/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the oracle remembers from packet to packet: a plain list of the flows that the role has begun, and one of the
 * datagrams whose first fragment has passed. Its clock is whatever the test says.
 */
#ifndef LYNCXDP_TESTS_ORACLE_MEMORY_H
#define LYNCXDP_TESTS_ORACLE_MEMORY_H

#include "oracle.h"

enum oracle_flow_state {
    ORACLE_HALF_OPEN,
    ORACLE_ESTABLISHED,
    ORACLE_CLOSING,
    ORACLE_DATAGRAMS,
    ORACLE_ECHO,
    ORACLE_RESET,
};

struct oracle_flow {
    struct oracle_tuple tuple; /* the role is its source */
    uint64_t created, seen;    /* nanoseconds */
    enum oracle_flow_state state;
    uint32_t row;    /* that lists it, or LX_NO_ROW */
    unsigned policy; /* that said so */
    bool picked_up;  /* its beginning was not seen */
};

struct oracle_datagram {
    enum lx_hook hook;
    struct oracle_tuple ends; /* the addresses alone */
    uint8_t protocol;         /* of IPv4; over IPv6 the identification is enough (RFC 8200, section 4.5) */
    uint32_t identification;
    uint64_t passed;      /* nanoseconds */
    size_t headers;       /* bytes that belong to the first fragment alone */
    bool group, everyone; /* it was sent to a group of stations, to all of them */
};

/* Begins as all zeros. */
struct oracle_memory {
    uint64_t now;           /* nanoseconds; set by the test */
    unsigned policy;        /* another number for every policy put in force; set by the test */
    uint64_t pick_up_until; /* until then, what no row lists may have run before; set by the test */
    bool answers[65536];    /* TCP ports of the role that have answered a SYN before that time */
    struct oracle_flow *flows;
    size_t flow_count, flow_room;
    struct oracle_datagram *datagrams;
    size_t datagram_count, datagram_room;
};

/* The verdict of a hook on the next frame that it sees; remembers what is to be remembered of it. */
struct oracle_verdict oracle_watch(struct oracle_memory *memory, const struct lx_policy *policy, enum lx_hook hook,
                                   const uint8_t *frame, size_t length);

/* The flow with exactly these ends, live or not, or NULL. */
struct oracle_flow *oracle_find_flow(const struct oracle_memory *memory, const struct oracle_tuple *tuple);

/* Forgets everything and frees it; the memory is as new. */
void oracle_forget(struct oracle_memory *memory);

#endif
