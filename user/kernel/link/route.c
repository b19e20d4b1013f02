/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks rtnetlink for the route that it would take, and for all that it might: one answer names one next hop, though the
 * next packet may take another.
 */
#include "route.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "user/kernel/process/netlink.h"

static void add(struct lx_route *route, unsigned ifindex)
{
    for (size_t i = 0; i < route->count; i++)
        if (route->interfaces[i] == ifindex)
            return;
    if (ifindex && route->count < LX_ROUTE_INTERFACES)
        route->interfaces[route->count++] = ifindex;
}

static void add_next_hops(struct lx_route *route, const struct nlattr *attribute)
{
    const struct rtnexthop *hop = mnl_attr_get_payload(attribute);
    int left = mnl_attr_get_payload_len(attribute);

    for (; RTNH_OK(hop, left); hop = RTNH_NEXT(hop)) {
        add(route, (unsigned)hop->rtnh_ifindex);
        left -= RTNH_ALIGN(hop->rtnh_len);
    }
}

static void add_route(struct lx_route *route, const struct nlmsghdr *message)
{
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct rtmsg))
    {
        if (mnl_attr_get_type(attribute) == RTA_OIF)
            add(route, mnl_attr_get_u32(attribute));
        if (mnl_attr_get_type(attribute) == RTA_MULTIPATH)
            add_next_hops(route, attribute);
    }
}

/* The host's own addresses, and those that it answers for: anything routed to itself. */
static bool is_local(const struct rtmsg *header)
{
    return header->rtm_type == RTN_LOCAL || header->rtm_type == RTN_ANYCAST;
}

static int see_answer(const struct nlmsghdr *message, void *data)
{
    const struct rtmsg *header = mnl_nlmsg_get_payload(message);
    struct lx_route *route = data;

    route->local = route->local || is_local(header);
    add_route(route, message);
    return MNL_CB_OK;
}

struct question {
    struct rtmsg header;
    uint8_t attributes[2 * (sizeof(struct nlattr) + 16)];
};

static size_t put_address(struct question *question, size_t size, uint16_t type, const struct lx_address *address)
{
    const size_t length = question->header.rtm_family == AF_INET ? 4 : 16;
    const struct nlattr attribute = {.nla_type = type, .nla_len = (uint16_t)(sizeof(attribute) + length)};

    memcpy((uint8_t *)question + size, &attribute, sizeof(attribute));
    memcpy((uint8_t *)question + size + sizeof(attribute), address->bytes + 16 - length, length);
    return size + sizeof(attribute) + length;
}

/* `from` may be NULL. With RTM_F_FIB_MATCH the kernel shows the whole route and not the hop that it drew. */
static int ask(const struct lx_address *to, const struct lx_address *from, unsigned flags, struct lx_route *route)
{
    struct question question = {.header = {.rtm_flags = flags}};
    size_t size = sizeof(question.header);

    question.header.rtm_family = lx_address_is_ipv4(to) ? AF_INET : AF_INET6;
    question.header.rtm_dst_len = lx_address_is_ipv4(to) ? 32 : 128;
    size = put_address(&question, size, RTA_DST, to);
    if (from) {
        question.header.rtm_src_len = question.header.rtm_dst_len;
        size = put_address(&question, size, RTA_SRC, from);
    }
    return lx_netlink_ask(RTM_GETROUTE, &question, size, see_answer, route);
}

/* A rule that is not one of the three that every namespace begins with. */
static int see_rule(const struct nlmsghdr *message, void *data)
{
    const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    uint32_t table = header->table;

    mnl_attr_for_each(attribute, message, sizeof(*header))
    {
        if (mnl_attr_get_type(attribute) == FRA_TABLE)
            table = mnl_attr_get_u32(attribute);
    }
    if (table != RT_TABLE_LOCAL && table != RT_TABLE_MAIN && table != RT_TABLE_DEFAULT)
        *(bool *)data = true;
    return MNL_CB_OK;
}

struct search {
    const struct lx_address *to;
    struct lx_route *route;
};

/* Any unicast route of any table that covers the address. */
static int see_route(const struct nlmsghdr *message, void *data)
{
    const struct rtmsg *header = mnl_nlmsg_get_payload(message);
    const size_t width = header->rtm_family == AF_INET ? 4 : 16, base = 128 - 8 * width;
    struct lx_prefix prefix = {.address = *((struct search *)data)->to};
    struct search *search = data;
    const struct nlattr *attribute;

    memset(prefix.address.bytes + 16 - width, 0, width);
    mnl_attr_for_each(attribute, message, sizeof(*header))
    {
        if (mnl_attr_get_type(attribute) == RTA_DST && mnl_attr_get_payload_len(attribute) == width)
            memcpy(prefix.address.bytes + 16 - width, mnl_attr_get_payload(attribute), width);
    }
    prefix.length = (uint8_t)(base + header->rtm_dst_len);
    if (header->rtm_type == RTN_UNICAST && lx_prefix_contains(&prefix, search->to))
        add_route(search->route, message);
    return MNL_CB_OK;
}

int lx_route_find(const struct lx_address *to, const struct lx_address *from, struct lx_route *route)
{
    const struct rtmsg header = {.rtm_family = lx_address_is_ipv4(to) ? AF_INET : AF_INET6};
    struct search search = {.to = to, .route = route};
    bool chosen_by_rules = false;
    int error;

    *route = (struct lx_route){.count = 0};
    error = ask(to, from, 0, route);
    if (error)
        error = ask(to, NULL, 0, route); /* that is not an address of the host's any more, say */
    if (route->local)
        return 0;
    if (!error && ask(to, from, RTM_F_FIB_MATCH, route))
        ask(to, NULL, RTM_F_FIB_MATCH, route);
    if (!lx_netlink_dump(RTM_GETRULE, &header, sizeof(header), see_rule, &chosen_by_rules) && chosen_by_rules)
        error = lx_netlink_dump(RTM_GETROUTE, &header, sizeof(header), see_route, &search);
    return route->count ? 0 : error;
}

struct advertised_search {
    unsigned ifindex;
    bool found;
};

static int see_advertised(const struct nlmsghdr *message, void *data)
{
    const struct rtmsg *header = mnl_nlmsg_get_payload(message);
    struct advertised_search *search = data;
    struct lx_route route = {.count = 0};

    if (header->rtm_protocol != RTPROT_RA || header->rtm_dst_len)
        return MNL_CB_OK;
    add_route(&route, message);
    for (size_t i = 0; i < route.count; i++)
        search->found = search->found || route.interfaces[i] == search->ifindex;
    return MNL_CB_OK;
}

bool lx_route_advertised(unsigned ifindex)
{
    const struct rtmsg header = {.rtm_family = AF_INET6};
    struct advertised_search search = {.ifindex = ifindex};

    return !lx_netlink_dump(RTM_GETROUTE, &header, sizeof(header), see_advertised, &search) && search.found;
}
