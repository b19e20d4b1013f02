/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the links of a namespace in one dump, and walks down from one to what it stands on. */
#include "links.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "user/kernel/process/namespace.h"
#include "user/kernel/process/netlink.h"

/* The id of a VLAN. */
static uint16_t read_vlan(const struct nlattr *data)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, data)
    {
        if (mnl_attr_get_type(attribute) == IFLA_VLAN_ID)
            return mnl_attr_get_u16(attribute);
    }
    return 0;
}

/* Whether a tap takes checksums that are to be put in yet: what a guest sends has none, if it may leave that to others.
 */
static bool read_partial(const struct nlattr *data)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, data)
    {
        if (mnl_attr_get_type(attribute) == IFLA_TUN_VNET_HDR)
            return mnl_attr_get_u8(attribute);
    }
    return false;
}

static void read_kind(const struct nlattr *info, struct lx_link *link)
{
    static const char *const above[] = {"bridge", "bond", "team", "macvlan", "macvtap", "ipvlan", "ipvtap"};
    const struct nlattr *attribute, *data = NULL;
    const char *kind = "";

    mnl_attr_for_each_nested(attribute, info)
    {
        if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
            kind = mnl_attr_get_str(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_INFO_DATA)
            data = attribute;
    }
    for (size_t i = 0; i < sizeof(above) / sizeof(*above); i++)
        link->takes_tags = link->takes_tags || !strcmp(kind, above[i]);
    link->bridges = !strcmp(kind, "bridge");
    link->taps = !strcmp(kind, "tun");
    link->bonds = !strcmp(kind, "bond") || !strcmp(kind, "team");
    if (!strcmp(kind, "vlan") && data)
        link->vlan = read_vlan(data);
    if (!strcmp(kind, "tun") && data)
        link->partial = read_partial(data);
    if (!strcmp(kind, "veth"))
        link->far = LX_FAR_HERE;
}

static struct lx_link read_link(const struct nlmsghdr *message)
{
    const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
    struct lx_link link = {
        .index = header->ifi_index, .far = LX_FAR_NONE, .resolves = !(header->ifi_flags & (IFF_NOARP | IFF_LOOPBACK))};
    const struct nlattr *attribute;
    int elsewhere = LX_FAR_HERE;

    mnl_attr_for_each(attribute, message, sizeof(*header))
    {
        if (mnl_attr_get_type(attribute) == IFLA_MASTER)
            link.master = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_LINK)
            link.lower = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_LINK_NETNSID)
            elsewhere = (int)mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_LINKINFO)
            read_kind(attribute, &link);
    }
    if (link.far == LX_FAR_HERE) {
        link.far = elsewhere;
        link.far_index = link.lower;
    }
    /* That index is one of another namespace; and the ends of a veth do not stand on each other. */
    if (elsewhere != LX_FAR_HERE || link.far != LX_FAR_NONE)
        link.lower = 0;
    return link;
}

static int see_link(const struct nlmsghdr *message, void *data)
{
    struct lx_links *links = data;
    struct lx_link *grown = reallocarray(links->items, links->count + 1, sizeof(*grown));

    if (!grown) {
        errno = ENOMEM;
        return MNL_CB_ERROR;
    }
    links->items = grown;
    grown[links->count++] = read_link(message);
    return MNL_CB_OK;
}

int lx_links_read(struct lx_links *links)
{
    int error;

    *links = (struct lx_links){0};
    error = lx_netlink_dump(RTM_GETLINK, &(struct ifinfomsg){0}, sizeof(struct ifinfomsg), see_link, links);
    if (error)
        lx_links_free(links);
    return error;
}

void lx_links_free(struct lx_links *links)
{
    free(links->items);
    *links = (struct lx_links){0};
}

const struct lx_link *lx_link_find(const struct lx_links *links, unsigned index)
{
    for (size_t i = 0; i < links->count; i++)
        if (links->items[i].index == index)
            return &links->items[i];
    return NULL;
}

/* `vlans` has the VLANs on the way so far, counted from the bottom. */
static bool stands_on(const struct lx_links *links, unsigned upper, unsigned lower, unsigned depth, uint16_t *vlans)
{
    const struct lx_link *link = lx_link_find(links, upper);

    if (upper == lower)
        return true;
    if (!link || !depth)
        return false;
    if (link->lower && stands_on(links, link->lower, lower, depth - 1, vlans)) {
        if (link->vlan)
            vlans[vlans[0] ? 1 : 0] = link->vlan;
        return true;
    }
    for (size_t i = 0; i < links->count; i++)
        if (links->items[i].master == upper && stands_on(links, links->items[i].index, lower, depth - 1, vlans))
            return true;
    return false;
}

bool lx_link_stands_on(const struct lx_links *links, unsigned upper, unsigned lower, uint16_t vlans[2])
{
    uint16_t unasked[2];

    vlans = vlans ?: unasked;
    vlans[0] = vlans[1] = 0;
    return stands_on(links, upper, lower, LX_LINKS_DEPTH, vlans);
}

int lx_far_end_enter(unsigned ifindex, struct lx_far_end *end)
{
    struct lx_links links;
    const struct lx_link *link;
    int error = lx_links_read(&links);

    if (error)
        return error;
    *end = (struct lx_far_end){.came_from = -1};
    link = lx_link_find(&links, ifindex);
    if (!link || link->far == LX_FAR_NONE) {
        error = -ENOENT;
    } else {
        end->ifindex = link->far_index;
        if (link->far != LX_FAR_HERE) {
            end->came_from = lx_namespace_enter_id(link->far);
            error = end->came_from < 0 ? -EHOSTUNREACH : 0;
        }
    }
    lx_links_free(&links);
    return error;
}

void lx_far_end_leave(const struct lx_far_end *end)
{
    lx_namespace_leave(end->came_from);
}

const char *lx_link_leads_on(unsigned index)
{
    const struct lx_link *link, *master;
    const char *what = NULL;
    struct lx_links links;

    if (lx_links_read(&links))
        return NULL;
    link = lx_link_find(&links, index);
    master = link && link->master ? lx_link_find(&links, link->master) : NULL;
    if (link && link->taps)
        what = "a tap";
    else if (master && master->bridges)
        what = "a port of a bridge";
    else if (link && link->far >= 0)
        what = "an end of a veth";
    lx_links_free(&links);
    return what;
}
