/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows: conversations that the protected side began. Only a packet of the role makes or refreshes one, so nothing that
 * the Internet sends takes memory. A reply passes while its flow lives and the policy in force still lists the flow.
 */
#ifndef LYNCXDP_FLOW_H
#define LYNCXDP_FLOW_H

#include "classify.h"
#include "packet.h"

/* A flow as the role sees it. Addresses in network byte order, IPv4 as ::ffff:a.b.c.d; ports in host byte order. */
struct lx_flow_key {
    __u32 role[4] __attribute__((aligned(8)));
    __u32 remote[4] __attribute__((aligned(8)));
    __u16 role_port;
    __u16 remote_port;
    __u8 transport; /* enum lx_transport, LX_ECHO included */
    __u8 pad[3];
};

_Static_assert(sizeof(struct lx_flow_key) == 40, "no hole in a key");

enum lx_flow_state {
    LX_FLOW_HALF_OPEN,   /* TCP: the role has sent a SYN and nothing since */
    LX_FLOW_ESTABLISHED, /* TCP */
    LX_FLOW_CLOSING,     /* TCP: the role has sent a FIN or RST */
    LX_FLOW_DATAGRAMS,   /* UDP */
    LX_FLOW_ECHO,
    LX_FLOW_STATE_COUNT
};

struct lx_flow {
    __u64 created; /* nanoseconds of CLOCK_MONOTONIC (coarse) */
    __u64 seen;    /* the role's last packet, to within a second */
    union {
        struct {
            __u32 generation; /* of the image that judged it last */
            __u16 row;        /* slot of the row it belongs to, or LX_NO_ROW: no row lists it */
            __u8 state;       /* enum lx_flow_state */
            __u8 pad;
        };
        __u64 judged; /* all of these, which change together: a row is the row of its generation on every CPU */
    };
};

_Static_assert(sizeof(struct lx_flow) == 24, "ABI");
_Static_assert(offsetof(struct lx_flow, judged) == 16, "ABI");

/* Flows that an attachment keeps unless `--flows` says otherwise, and datagrams in fragments. */
#define LX_DEFAULT_FLOWS 65536
#define LX_FRAGMENTED_DATAGRAMS 4096

/* TCP, UDP, echo, and one to make it a power of two, so that an index needs no more than a mask. */
#define LX_FLOW_TRANSPORTS 4

/* A bit for each port of the role that has had a flow, in host byte order; of an echo, its identifier. */
struct lx_flow_gate {
    __u64 ports[LX_FLOW_TRANSPORTS][1024];
};

_Static_assert(sizeof(struct lx_flow_gate) == 32768, "ABI");

#define LX_SECOND 1000000000ull

/* How long a flow lives without a packet of the role, in nanoseconds (RFC 5382: TCP 2 h 4 min; RFC 4787: UDP 5 min). */
lx_inline __u64 lx_flow_idle(__u8 state)
{
    switch (state) {
    case LX_FLOW_HALF_OPEN:
        return 60 * LX_SECOND;
    case LX_FLOW_ESTABLISHED:
        return (2 * 60 + 4) * 60 * LX_SECOND;
    case LX_FLOW_CLOSING:
        return 10 * LX_SECOND;
    case LX_FLOW_DATAGRAMS:
        return 300 * LX_SECOND;
    default:
        return 30 * LX_SECOND;
    }
}

lx_inline bool lx_flow_expired(const struct lx_flow *flow, __u64 now)
{
    /* The clocks of two CPUs may differ by a tick, so that a flow can seem to have been seen in the future. */
    return (__s64)(now - flow->seen) > (__s64)lx_flow_idle(flow->state);
}

/* The state after a packet of the role; `state` is the one before, or LX_FLOW_STATE_COUNT for a new flow. */
lx_inline __u8 lx_flow_next_state(const struct lx_packet *packet, __u8 state)
{
    if (packet->transport == LX_UDP)
        return LX_FLOW_DATAGRAMS;
    if (packet->transport == LX_ECHO)
        return LX_FLOW_ECHO;
    if (packet->tcp_flags & (LX_TCP_FIN | LX_TCP_RST))
        return LX_FLOW_CLOSING;
    if (packet->tcp_flags & LX_TCP_SYN)
        return LX_FLOW_HALF_OPEN;
    return state == LX_FLOW_CLOSING ? LX_FLOW_CLOSING : LX_FLOW_ESTABLISHED;
}

/* The flow of a packet; `from_role` says which end of its tuple is the role. */
lx_inline void lx_flow_key(const struct lx_packet *packet, bool from_role, bool ipv4, struct lx_flow_key *key)
{
    const struct lx_tuple *tuple = &packet->tuple;
    const __u32 *role = from_role ? tuple->source : tuple->destination;
    const __u32 *remote = from_role ? tuple->destination : tuple->source;

    *key = (struct lx_flow_key){.role_port = from_role ? tuple->source_port : tuple->destination_port,
                                .remote_port = from_role ? tuple->destination_port : tuple->source_port,
                                .transport = packet->transport};
    if (ipv4) {
        key->role[2] = key->remote[2] = LX_MAPPED_PREFIX;
        key->role[3] = role[3];
        key->remote[3] = remote[3];
    } else {
        __builtin_memcpy(key->role, role, sizeof(key->role));
        __builtin_memcpy(key->remote, remote, sizeof(key->remote));
    }
}

lx_inline void lx_tuple_swap(const struct lx_tuple *tuple, bool ipv4, struct lx_tuple *swapped)
{
    if (ipv4) {
        swapped->source[3] = tuple->destination[3];
        swapped->destination[3] = tuple->source[3];
    } else {
        __builtin_memcpy(swapped->source, tuple->destination, sizeof(swapped->source));
        __builtin_memcpy(swapped->destination, tuple->source, sizeof(swapped->destination));
    }
    swapped->source_port = tuple->destination_port;
    swapped->destination_port = tuple->source_port;
}

/* The slot of the outbound row that lists the flow which a packet on its way to the role answers, or LX_NO_ROW. */
lx_inline __u32 lx_row_answered(const struct lx_view *view, const struct lx_packet *packet, bool ipv4)
{
    struct lx_tuple begun;

    lx_tuple_swap(&packet->tuple, ipv4, &begun);
    return lx_classify(view, &view->image->outbound, &begun, lx_service(packet->transport, begun.destination_port),
                       ipv4);
}

/*
 * Judges a reply by its flow, which exists and which this image has judged. Returns a packed judgement; `reason` is
 * what the packet gets if the flow does not help it.
 */
lx_inline __u32 lx_judge_known_reply(const struct lx_view *view, const struct lx_packet *packet,
                                     const struct lx_flow *flow, __u64 now, __u32 reason)
{
    __u32 row = flow->row;

    if (lx_flow_expired(flow, now))
        return LX_JUDGED(reason);
    if (row == LX_NO_ROW && packet->transport == LX_ECHO && view->image->built_ins & LX_BUILT_IN_ECHO)
        return LX_JUDGED(packet->kind == LX_KIND_ICMP_ERROR ? LX_REASON_ICMP_ERROR : LX_REASON_ECHO);
    if (row == LX_NO_ROW && view->image->egress != LX_EGRESS_TRACK)
        return LX_JUDGED(reason);
    if (packet->kind == LX_KIND_ICMP_ERROR)
        return LX_JUDGED(LX_REASON_ICMP_ERROR);
    return row == LX_NO_ROW ? LX_JUDGED(LX_REASON_REPLY_UNLISTED) : LX_JUDGEMENT(LX_REASON_FLOW, row);
}

/*
 * The same whichever image judged the flow last: by this one its row may be gone, or another row may list it now, which
 * is `answered` (lx_row_answered). `records` keeps what came out with the flow.
 */
lx_inline __u32 lx_judge_reply(const struct lx_view *view, const struct lx_packet *packet, struct lx_flow *flow,
                               __u64 now, __u32 answered, __u32 reason, bool records)
{
    struct lx_flow anew = {.judged = *(volatile __u64 *)&flow->judged};
    __u64 before = anew.judged;

    if (anew.generation != view->image->generation && !lx_flow_expired(flow, now)) {
        anew.row = answered;
        anew.generation = view->image->generation;
        if (records)
            __sync_val_compare_and_swap(&flow->judged, before, anew.judged);
        anew.created = flow->created;
        anew.seen = flow->seen;
        return lx_judge_known_reply(view, packet, &anew, now, reason);
    }
    return lx_judge_known_reply(view, packet, flow, now, reason);
}

#endif
