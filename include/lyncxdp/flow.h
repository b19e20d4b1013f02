/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows: conversations that the protected side began. Only a packet of the role makes or refreshes one, so nothing that
 * the Internet sends takes memory. A reply passes while its flow lives and the policy in force still lists the flow.
 */
#ifndef LYNCXDP_FLOW_H
#define LYNCXDP_FLOW_H

#include "classify.h"
#include "packet.h"

/* Who speaks with whom, as the role sees it. Addresses in network byte order, IPv4 as ::ffff:a.b.c.d. */
struct lx_flow_ends {
    __u32 role[4] __attribute__((aligned(8)));
    __u32 remote[4] __attribute__((aligned(8)));
    union {
        struct {
            __u16 role_port;   /* host byte order; of an echo, its identifier */
            __u16 remote_port; /* the same */
            __u8 transport;    /* enum lx_transport, LX_ECHO included */
            __u8 ipv4;         /* 0 or 1 */
            __u8 pad[2];
        };
        __u64 kind; /* all of these */
    };
};

_Static_assert(sizeof(struct lx_flow_ends) == 40, "ABI");
_Static_assert(offsetof(struct lx_flow_ends, kind) == 32, "ABI");

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
    struct lx_flow_ends ends;
};

_Static_assert(sizeof(struct lx_flow) == 64, "ABI");
_Static_assert(offsetof(struct lx_flow, judged) == 16, "ABI");

/* Flows that an attachment keeps unless `--flows` says otherwise, and datagrams in fragments. */
#define LX_DEFAULT_FLOWS 65536
#define LX_FRAGMENTED_DATAGRAMS 4096

/* TCP, UDP, echo, and one to make it a power of two, so that an index needs no more than a mask. */
#define LX_FLOW_TRANSPORTS 4

/* A bit for each port of the role that has had a flow, in host byte order; of an echo, its identifier. */
struct lx_flow_gate {
    __u64 ports[LX_FLOW_TRANSPORTS][1024];
    __u64 seed; /* of the flows' hash, drawn when the table is made */
};

_Static_assert(sizeof(struct lx_flow_gate) == 32776, "ABI");

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

/*
 * What a packet of the role does to its flow, at most once a second. `fresh` is the flow that it would make if there
 * were none; its state does not matter.
 */
lx_inline void lx_flow_refresh(const struct lx_packet *packet, struct lx_flow *flow, struct lx_flow *fresh)
{
    bool expired = lx_flow_expired(flow, fresh->seen);
    __u8 state = lx_flow_next_state(packet, expired ? LX_FLOW_STATE_COUNT : flow->state);

    if (state == flow->state && flow->generation == fresh->generation && fresh->seen - flow->seen < LX_SECOND)
        return;
    if (expired)
        flow->created = fresh->seen;
    flow->seen = fresh->seen;
    fresh->state = state;
    *(volatile __u64 *)&flow->judged = fresh->judged;
}

/* The flow that a packet belongs to, in the packet's own memory. */
struct lx_packet_flow {
    const __u32 *role, *remote;
    __u64 kind;
    bool ipv4;
};

/* `from_role` says which end of the packet's tuple is the role. */
lx_inline struct lx_packet_flow lx_flow_of(const struct lx_packet *packet, bool from_role, bool ipv4)
{
    const struct lx_tuple *tuple = &packet->tuple;
    __u32 role_port = from_role ? tuple->source_port : tuple->destination_port;
    __u32 remote_port = from_role ? tuple->destination_port : tuple->source_port;

    return (struct lx_packet_flow){
        .role = from_role ? tuple->source : tuple->destination,
        .remote = from_role ? tuple->destination : tuple->source,
        .kind = role_port | remote_port << 16 | ((__u64)packet->transport | (__u64)ipv4 << 8) << 32,
        .ipv4 = ipv4,
    };
}

/* The same of a flow's own ends. */
lx_inline struct lx_packet_flow lx_flow_between(const struct lx_flow_ends *ends)
{
    return (struct lx_packet_flow){ends->role, ends->remote, ends->kind, ends->ipv4};
}

/*
 * The key of a flow in its table: a hash of its ends, for one of 8 bytes is found much quicker than one of 40. The flow
 * has its ends with it, and is compared before it counts. Of two with one hash, the later is not recorded; nobody can
 * bring that about who does not know the seed.
 */
lx_inline __u64 lx_flow_key(const struct lx_packet_flow *flow, __u64 seed)
{
    __u64 role[2], remote[2];

    if (flow->ipv4)
        return lx_hash_word(lx_hash_word(seed, flow->role[3] | (__u64)flow->remote[3] << 32), flow->kind);
    lx_address_words(flow->role, role);
    lx_address_words(flow->remote, remote);
    /* Side by side, so that the one need not wait for the other. */
    return lx_hash_word(lx_hash_words(seed, role) * LX_HASH_FACTOR2 + lx_hash_words(~seed, remote), flow->kind);
}

/* True when the flow that the table has under a hash is this one. */
lx_inline bool lx_is_flow(const struct lx_flow *flow, const struct lx_packet_flow *wanted)
{
    __u64 role[2], remote[2], its_role[2], its_remote[2];

    if (wanted->ipv4)
        return flow->ends.kind == wanted->kind && flow->ends.role[3] == wanted->role[3] &&
               flow->ends.remote[3] == wanted->remote[3];
    lx_address_words(wanted->role, role);
    lx_address_words(wanted->remote, remote);
    lx_address_words(flow->ends.role, its_role);
    lx_address_words(flow->ends.remote, its_remote);
    return flow->ends.kind == wanted->kind && role[0] == its_role[0] && role[1] == its_role[1] &&
           remote[0] == its_remote[0] && remote[1] == its_remote[1];
}

lx_inline void lx_flow_ends(const struct lx_packet_flow *wanted, struct lx_flow_ends *ends)
{
    ends->kind = wanted->kind;
    if (wanted->ipv4) {
        ends->role[0] = ends->role[1] = ends->remote[0] = ends->remote[1] = 0;
        ends->role[2] = ends->remote[2] = LX_MAPPED_PREFIX;
        ends->role[3] = wanted->role[3];
        ends->remote[3] = wanted->remote[3];
    } else {
        __builtin_memcpy(ends->role, wanted->role, sizeof(ends->role));
        __builtin_memcpy(ends->remote, wanted->remote, sizeof(ends->remote));
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

/* What a flow lets in is dropped all the same when its sender is behind the role. */
lx_inline __u32 lx_unless_spoofed(__u32 judgement, bool spoofed)
{
    return spoofed && lx_reason_verdict(judgement & 0xffff) == LX_PASS ? LX_JUDGED(LX_REASON_SPOOFED) : judgement;
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
