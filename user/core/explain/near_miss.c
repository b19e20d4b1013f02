/* SPDX-License-Identifier: GPL-2.0-only */
/* Compares a packet with every near row, field by field. A few thousand rows at most, once: no need to be clever. */
#include "near_miss.h"

#include <limits.h>

/* What compare() says of a row that does not have the packet's port. */
#define NO_PORT UINT_MAX

/* A packet as a row sees it: by end. */
struct ends {
    const struct lx_address *self, *partner;
};

static struct ends ends_at(const struct lx_probe *probe, enum lx_hook hook)
{
    if (hook == LX_HOOK_TO_ROLE)
        return (struct ends){.self = &probe->destination, .partner = &probe->source};
    return (struct ends){.self = &probe->source, .partner = &probe->destination};
}

static bool contains(const struct lx_prefix_set *set, const struct lx_address *address)
{
    return set->any || lx_prefix_set_lists(set, address);
}

static unsigned compare_addresses(const struct lx_near_row *near_row, struct ends ends)
{
    unsigned differences = contains(near_row->self, ends.self) ? 0 : LX_DIFFERENT_SELF;

    if (near_row->partner)
        return differences | (contains(near_row->partner, ends.partner) ? 0 : LX_DIFFERENT_PARTNER);
    /* A row that needs its own group is closed for want of it: one difference, not two. */
    return differences | (near_row->closed == LX_CLOSED_NEEDS ? 0 : LX_DIFFERENT_GROUP);
}

static int compare_weight(unsigned left, unsigned right)
{
    int count = __builtin_popcount(left) - __builtin_popcount(right);

    return count ? count : left < right ? -1 : left > right;
}

/* What has nothing to do with addresses and ports. */
static unsigned compare_conditions(const struct lx_near_row *near_row, const struct lx_probe *probe, enum lx_side side)
{
    unsigned differences = 0;

    if (near_row->closed != LX_OPEN)
        differences |= LX_DIFFERENT_CLOSED;
    if (near_row->side != side)
        differences |= LX_DIFFERENT_SIDE;
    if (!(near_row->row->transports & LX_TRANSPORT_BIT(probe->transport)))
        differences |= LX_DIFFERENT_TRANSPORT;
    return differences;
}

/* A row of the hook that the packet is at. */
static unsigned compare_here(const struct lx_near_row *near_row, const struct lx_probe *probe, enum lx_hook hook)
{
    const struct lx_row *row = near_row->row;
    bool source_port = lx_ports_contain(&row->source_ports, probe->source_port);
    unsigned differences = compare_addresses(near_row, ends_at(probe, hook));

    if (!lx_ports_contain(&row->destination_ports, probe->destination_port))
        return NO_PORT;
    if (source_port)
        return differences;
    /* Any destination port from certain source ports: the source port is the port that the row is about. */
    return lx_ports_any(&row->destination_ports) ? NO_PORT : differences | LX_DIFFERENT_SOURCE_PORT;
}

/*
 * A row of the other hook. Either the packet only goes the wrong way, or the question does: who meant a packet of the
 * other hook put the role's address at the other end.
 */
static unsigned compare_there(const struct lx_near_row *near_row, const struct lx_probe *probe, enum lx_hook hook)
{
    const struct lx_row *row = near_row->row;
    enum lx_hook other = hook == LX_HOOK_TO_ROLE ? LX_HOOK_FROM_ROLE : LX_HOOK_TO_ROLE;
    unsigned here = compare_addresses(near_row, ends_at(probe, hook));
    unsigned there = compare_addresses(near_row, ends_at(probe, other));
    unsigned differences = LX_DIFFERENT_HOOK | (compare_weight(there, here) < 0 ? there : here);

    if (lx_ports_any(&row->destination_ports) || !lx_ports_contain(&row->destination_ports, probe->destination_port))
        return NO_PORT;
    if (!lx_ports_contain(&row->source_ports, probe->source_port))
        differences |= LX_DIFFERENT_SOURCE_PORT;
    return differences;
}

/* True for what an answer to the other hook's packets looks like: the row turned round, in all of its fields. */
static bool is_reply(const struct lx_near_row *near_row, const struct lx_probe *probe, enum lx_hook hook)
{
    const struct lx_row *row = near_row->row;
    bool specific = !lx_ports_any(&row->source_ports) || !lx_ports_any(&row->destination_ports);

    if (probe->transport == LX_TCP && !(probe->tcp_flags & (LX_TCP_ACK | LX_TCP_RST)))
        return false;
    return specific && row->transports & LX_TRANSPORT_BIT(probe->transport) &&
           lx_ports_contain(&row->source_ports, probe->destination_port) &&
           lx_ports_contain(&row->destination_ports, probe->source_port) &&
           !(compare_addresses(near_row, ends_at(probe, hook)) & (LX_DIFFERENT_SELF | LX_DIFFERENT_PARTNER));
}

static struct lx_near_miss compare(const struct lx_near_row *near_row, const struct lx_probe *probe, enum lx_hook hook,
                                   enum lx_side side)
{
    struct lx_near_miss miss = {.near_row = near_row};

    /* A protocol's number is no port. */
    if (lx_row_is_portless(near_row->row) != (probe->transport == LX_PORTLESS)) {
        miss.differences = NO_PORT;
        return miss;
    }
    if (lx_row_hook(near_row->row) == hook) {
        miss.differences = compare_here(near_row, probe, hook);
    } else if (is_reply(near_row, probe, hook)) {
        miss.differences = LX_DIFFERENT_HOOK | compare_addresses(near_row, ends_at(probe, hook));
        miss.reply = true;
    } else {
        miss.differences = compare_there(near_row, probe, hook);
    }
    miss.differences |= compare_conditions(near_row, probe, side);
    return miss;
}

struct lx_near_miss lx_near_miss_find(const struct lx_near_rows *near_rows, const struct lx_probe *probe,
                                      enum lx_hook hook)
{
    struct lx_near_miss nearest = {0};

    for (size_t i = 0; i < near_rows->count; i++) {
        struct lx_near_miss miss = compare(&near_rows->items[i], probe, hook, near_rows->side);

        if (miss.differences == NO_PORT)
            continue;
        if (!nearest.near_row || compare_weight(miss.differences, nearest.differences) < 0)
            nearest = miss;
    }
    return nearest;
}

static const char *closed_kind(enum lx_closed closed)
{
    switch (closed) {
    case LX_CLOSED_LB:
        return "lb";
    case LX_CLOSED_NEEDS:
        return "group";
    case LX_CLOSED_OVERRIDE:
        return "override";
    case LX_CLOSED_WORKLOAD:
        return "workload";
    default:
        return "option";
    }
}

const char *lx_near_miss_kind(const struct lx_near_miss *miss)
{
    static const struct {
        unsigned difference;
        const char *kind;
    } kinds[] = {
        {LX_DIFFERENT_SIDE, "side"},
        {LX_DIFFERENT_HOOK, "direction"},
        {LX_DIFFERENT_TRANSPORT, "transport"},
        {LX_DIFFERENT_PARTNER | LX_DIFFERENT_SELF, "address"},
        {LX_DIFFERENT_SOURCE_PORT, "source-port"},
        {LX_DIFFERENT_GROUP, "group"},
    };

    if (!miss->near_row)
        return "port";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (miss->differences & kinds[i].difference)
            return kinds[i].kind;
    return closed_kind(miss->near_row->closed);
}
