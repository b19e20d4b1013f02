/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows: conversations that the protected side began. Only a packet of the role makes or refreshes one, so nothing that
 * the Internet sends takes memory. A reply passes while its flow lives and the policy in force still lists the flow.
 */
#ifndef LYNCXDP_FLOW_H
#define LYNCXDP_FLOW_H

#include "classify.h"
#include "packet.h"
#include "portless.h"

/* Who speaks with whom, as the role sees it. Addresses in network byte order, IPv4 as ::ffff:a.b.c.d. */
struct lx_flow_ends {
    union {
        struct {
            __u32 role[4] __attribute__((aligned(8)));
            __u32 remote[4] __attribute__((aligned(8)));
            union {
                struct {
                    __u16 role_port;   /* host byte order; of an echo, its identifier; else, its protocol */
                    __u16 remote_port; /* the same */
                    __u8 transport;    /* enum lx_transport */
                    __u8 ipv4;         /* 0 or 1 */
                    __u8 pad[2];
                };
                __u64 kind; /* all of these */
            };
        };
        struct lx_tuple sent; /* the tuple of what the role sends */
    };
};

_Static_assert(sizeof(struct lx_flow_ends) == 40, "ABI");
_Static_assert(offsetof(struct lx_flow_ends, kind) == 32, "ABI");
_Static_assert(offsetof(struct lx_flow_ends, remote) == offsetof(struct lx_tuple, destination), "one layout");
_Static_assert(offsetof(struct lx_flow_ends, remote_port) == offsetof(struct lx_tuple, destination_port), "one layout");

enum lx_flow_state {
    LX_FLOW_HALF_OPEN,   /* TCP: the role has sent a SYN and nothing since */
    LX_FLOW_ESTABLISHED, /* TCP */
    LX_FLOW_CLOSING,     /* TCP: the role has sent a FIN */
    LX_FLOW_DATAGRAMS,   /* UDP, and other protocols than ICMP */
    LX_FLOW_ECHO,
    LX_FLOW_RESET, /* TCP: the role has sent a RST, which may have been about a forged packet */
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
            __u8 picked_up;   /* 1: it was running when it was first seen, and who began it is not known */
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

/* A power of two, so that an index needs no more than a mask; LX_FLOW_LISTENING is in the place of no transport. */
#define LX_FLOW_TRANSPORTS 8
#define LX_FLOW_LISTENING 4

/* Words of the key of the flows' hash: two for each pair of words that are hashed. */
#define LX_FLOW_KEY_WORDS 10

/* How long after attaching an unlisted conversation may still be one that was running before. */
#define LX_PICK_UP_SECONDS 60

/* What a packet is asked before the table of flows is. */
struct lx_flow_gate {
    /*
     * A bit for each port of the role that has had a flow, in host byte order; of an echo, its identifier; of what else
     * has no ports, its protocol. In the place of LX_FLOW_LISTENING, the TCP ports of the role that were seen to
     * listen: what comes from there is an answer.
     */
    __u64 ports[LX_FLOW_TRANSPORTS][1024];
    __u64 key[LX_FLOW_KEY_WORDS]; /* drawn when the table is made */
    __u64 pick_up_until;          /* nanoseconds of CLOCK_MONOTONIC (coarse); 0: over */
    __s64 carried;                /* flows that commands put into the table, less those that they took out of it */
};

_Static_assert(offsetof(struct lx_flow_gate, key) == 65536, "ABI");
_Static_assert(sizeof(struct lx_flow_gate) == 65632, "ABI");

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
    case LX_FLOW_RESET:
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

/*
 * The state after a packet of the role; `state` is the one before, or LX_FLOW_STATE_COUNT for a new flow. A FIN is
 * final. A RST is not: a role that connects answers a forged SYN-ACK with one, and goes on connecting.
 */
lx_inline __u8 lx_flow_next_state(const struct lx_packet *packet, __u8 state)
{
    if (packet->transport == LX_UDP)
        return LX_FLOW_DATAGRAMS;
    if (packet->transport >= LX_ECHO)
        return packet->transport == LX_ECHO ? LX_FLOW_ECHO : LX_FLOW_DATAGRAMS;
    if (packet->tcp_flags & LX_TCP_FIN)
        return LX_FLOW_CLOSING;
    if (packet->tcp_flags & LX_TCP_SYN)
        return LX_FLOW_HALF_OPEN;
    if (state == LX_FLOW_CLOSING)
        return LX_FLOW_CLOSING;
    return packet->tcp_flags & LX_TCP_RST ? LX_FLOW_RESET : LX_FLOW_ESTABLISHED;
}

/* The word of the gate that holds a port's bit; `port` is a transport << 16 | a port of the role. */
lx_inline __u64 *lx_gate_word(struct lx_flow_gate *gate, __u32 port)
{
    return &gate->ports[0][0] + (port >> 6 & (LX_FLOW_TRANSPORTS * 1024 - 1));
}

/* False when no flow can have this port of the role. Bits are set before a flow is made and never cleared. */
lx_inline bool lx_gate_open(struct lx_flow_gate *gate, __u32 port)
{
    return *lx_gate_word(gate, port) >> (port & 63) & 1;
}

lx_inline void lx_open_gate(struct lx_flow_gate *gate, __u32 port)
{
    __u64 *word;

    lx_opaque(port); /* or clang leaves out the mask, and Linux 6.1 loses the bound */
    word = lx_gate_word(gate, port);
    if (!(*word >> (port & 63) & 1))
        __sync_fetch_and_or(word, 1ull << (port & 63));
}

/* A conversation that no row lists, from a port of the role: whether it may be one from before attaching. */
lx_inline bool lx_may_pick_up(struct lx_flow_gate *gate, __u32 role_port, __u64 now)
{
    return now < *(volatile __u64 *)&gate->pick_up_until && !lx_gate_open(gate, LX_FLOW_LISTENING << 16 | role_port);
}

/*
 * True when a packet of the role, about which the policy has no objection (lx_begins_flow), makes or refreshes a flow.
 * `live` says whether there is one, `row` which row lists it. Whoever answers a SYN has not begun, and a RST begins
 * nothing. What else is no SYN goes on with a conversation whose beginning was not seen: a row must list it, or it is
 * from before attaching.
 */
lx_inline bool lx_keeps_flow(struct lx_flow_gate *gate, const struct lx_packet *packet, bool live, __u32 row, __u64 now)
{
    __u32 port = packet->tuple.source_port, flags = packet->tcp_flags & (LX_TCP_SYN | LX_TCP_ACK | LX_TCP_RST);

    if (packet->transport != LX_TCP)
        return true;
    if (flags & LX_TCP_SYN) {
        if (flags == LX_TCP_SYN)
            return true;
        if (lx_may_pick_up(gate, port, now))
            lx_open_gate(gate, LX_FLOW_LISTENING << 16 | port);
        return false;
    }
    if (live)
        return true;
    return !(flags & LX_TCP_RST) && (row != LX_NO_ROW || lx_may_pick_up(gate, port, now));
}

/* True when a flow that a packet of the role makes is picked up. Datagrams have no beginning. */
lx_inline bool lx_is_picked_up(const struct lx_packet *packet)
{
    return packet->transport == LX_TCP && !(packet->tcp_flags & LX_TCP_SYN);
}

/* What a new flow of a packet of the role is, but for its ends. */
lx_inline void lx_flow_begin(const struct lx_packet *packet, struct lx_flow *flow, __u64 now, __u32 row,
                             __u32 generation)
{
    flow->created = flow->seen = now;
    flow->generation = generation;
    flow->row = row;
    flow->state = lx_flow_next_state(packet, LX_FLOW_STATE_COUNT);
    flow->picked_up = lx_is_picked_up(packet);
}

/* What a packet of the role does to its flow, at most once a second; `live` is false of one that has expired. */
lx_inline void lx_flow_refresh(const struct lx_packet *packet, struct lx_flow *flow, __u64 now, __u32 row,
                               __u32 generation, bool live)
{
    struct lx_flow fresh;

    fresh.generation = generation;
    fresh.row = row;
    fresh.state = lx_flow_next_state(packet, live ? flow->state : LX_FLOW_STATE_COUNT);
    if (fresh.state == flow->state && generation == flow->generation && now - flow->seen < LX_SECOND)
        return;
    fresh.picked_up = lx_is_picked_up(packet) && (!live || flow->picked_up);
    if (!live)
        flow->created = now;
    flow->seen = now;
    *(volatile __u64 *)&flow->judged = fresh.judged;
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
 * has its ends with it, and is compared before it counts. Of two with one hash the later is not recorded while the
 * earlier counts; nobody can bring that about who does not know the hash's own key (lx_hash_term).
 */
lx_inline __u64 lx_flow_key(const struct lx_packet_flow *flow, const __u64 key[LX_FLOW_KEY_WORDS])
{
    __u64 hash;

    lx_opaque(key); /* or clang makes an address of its own for every word */
    hash = lx_hash_term(key, (__u32)flow->kind, (__u32)(flow->kind >> 32)) +
           lx_hash_term(key + 2, flow->role[3], flow->remote[3]);
    if (flow->ipv4)
        return hash;
    hash += lx_hash_term(key + 4, flow->role[0], flow->remote[0]);
    hash += lx_hash_term(key + 6, flow->role[1], flow->remote[1]);
    return hash + lx_hash_term(key + 8, flow->role[2], flow->remote[2]);
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

/* The slot of the outbound row that lists the flow which a packet with ports on its way to the role answers, or
 * LX_NO_ROW. */
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

/* The slot of the outbound row that lists a flow, or LX_NO_ROW. */
lx_inline __u32 lx_row_of_flow(const struct lx_view *view, const struct lx_flow_ends *ends)
{
    const struct lx_section *outbound = &view->image->outbound;

    if (ends->transport < LX_TRANSPORT_COUNT)
        return lx_classify(view, outbound, &ends->sent, lx_service(ends->transport, ends->remote_port), ends->ipv4);
    return lx_classify_protocol(view, outbound, &ends->sent, lx_protocol_of(ends->transport, ends->remote_port),
                                ends->ipv4);
}

/* True when the policy lets replies in by a flow that is live: a row lists it, or no row need do so. */
lx_inline bool lx_is_honoured(const struct lx_view *view, const struct lx_flow *flow)
{
    if (view->image->egress != LX_EGRESS_ENFORCE)
        return view->image->egress == LX_EGRESS_TRACK;
    if (flow->ends.transport == LX_ECHO && view->image->built_ins & LX_BUILT_IN_ECHO)
        return true;
    if (flow->generation == view->image->generation)
        return flow->row != LX_NO_ROW;
    return lx_row_of_flow(view, &flow->ends) != LX_NO_ROW;
}

/* What a flow lets in is dropped all the same when its sender is behind the role. */
lx_inline __u32 lx_unless_spoofed(__u32 judgement, bool spoofed)
{
    return spoofed && lx_judgement_passes(judgement) ? LX_JUDGED(LX_REASON_SPOOFED) : judgement;
}

/*
 * The same whichever image judged the flow last: by this one its row may be gone, or another row may list it now, which
 * is `answered` (struct lx_policy_match). `records` keeps what came out with the flow.
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
