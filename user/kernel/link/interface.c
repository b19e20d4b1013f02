/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks rtnetlink about interfaces and addresses. */
#include "interface.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "links.h"
#include "route.h"
#include "user/core/text/number.h"
#include "user/kernel/process/namespace.h"
#include "user/kernel/process/netlink.h"

_Static_assert(LX_INTERFACE_NAME == IFNAMSIZ, "the kernel's own limit");

/* Both kinds of header begin with the family; ifinfomsg is the longer. */
static int dump(uint16_t type, mnl_cb_t each, void *data)
{
    return lx_netlink_dump(type, &(struct ifinfomsg){0}, sizeof(struct ifinfomsg), each, data);
}

/* The interface that is looked for, by name or else by index, and the names of all there are. */
struct link_search {
    const char *name;
    unsigned index;
    bool found, up;
    unsigned mtu, master, type;
    char found_name[LX_INTERFACE_NAME];
    char names[256];
};

static bool has_alternative(const struct nlattr *list, const char *name)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, list)
    {
        if (mnl_attr_get_type(attribute) == IFLA_ALT_IFNAME && !strcmp(mnl_attr_get_str(attribute), name))
            return true;
    }
    return false;
}

static int see_link(const struct nlmsghdr *message, void *data)
{
    const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
    struct link_search *search = data;
    bool alternative = false;
    unsigned mtu = 0, master = 0;
    const char *name = NULL;
    struct nlattr *attribute;
    size_t length = strlen(search->names);

    mnl_attr_for_each(attribute, message, sizeof(*link))
    {
        if (mnl_attr_get_type(attribute) == IFLA_IFNAME)
            name = mnl_attr_get_str(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_MTU)
            mtu = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_MASTER)
            master = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_PROP_LIST && search->name)
            alternative = has_alternative(attribute, search->name);
    }
    if (!name)
        return MNL_CB_OK;
    if (length + strlen(name) + 3 < sizeof(search->names))
        sprintf(search->names + length, "%s%s", length ? ", " : "", name);
    if (search->name ? strcmp(search->name, name) && !alternative : search->index != (unsigned)link->ifi_index)
        return MNL_CB_OK;
    search->found = true;
    search->type = link->ifi_type;
    snprintf(search->found_name, sizeof(search->found_name), "%s", name);
    search->index = link->ifi_index;
    search->up = link->ifi_flags & IFF_UP;
    search->mtu = mtu;
    search->master = master;
    return MNL_CB_OK;
}

static void as_interface(const struct link_search *search, struct lx_interface *interface)
{
    *interface = (struct lx_interface){.index = search->index,
                                       .up = search->up,
                                       .mtu = search->mtu,
                                       .master = search->master,
                                       .type = search->type,
                                       .netns = lx_namespace_own()};
    memcpy(interface->device, search->found_name, sizeof(interface->device));
    memcpy(interface->name, search->found_name, sizeof(search->found_name));
}

static int see_name(const struct nlmsghdr *message, void *data)
{
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg))
    {
        if (mnl_attr_get_type(attribute) == IFLA_IFNAME)
            strncpy(data, mnl_attr_get_str(attribute), LX_INTERFACE_NAME - 1);
    }
    return MNL_CB_OK;
}

/* Not if_indextoname, which asks through a socket of its own kind: one kind is enough for a confined reader. */
int lx_interface_name(unsigned index, char name[LX_INTERFACE_NAME])
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
    char found[LX_INTERFACE_NAME] = "";
    int error = lx_netlink_ask(RTM_GETLINK, &header, sizeof(header), see_name, found);

    if (error || !*found)
        return error ?: -ENODEV;
    memcpy(name, found, sizeof(found));
    return 0;
}

static int find(const char *name, struct lx_interface *interface, struct lx_failure *failure)
{
    struct link_search search = {.name = name};
    int error = dump(RTM_GETLINK, see_link, &search);

    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot ask the kernel for its interfaces: %s",
                       strerror(-error));
    if (!search.found)
        return lx_fail(failure, LX_EXIT_FAILED, ENODEV, "there is no interface %s; there are: %s", name, search.names);
    as_interface(&search, interface);
    return 0;
}

int lx_interface_take_vlan(struct lx_interface *interface, const char *vlan, struct lx_failure *failure)
{
    uint32_t id;

    if (!lx_number_parse(vlan, LX_FIRST_VLAN, LX_LAST_VLAN, &id))
        return lx_fail(failure, LX_EXIT_USAGE, EINVAL, "'%s' is not the id of a VLAN; write one from %d to %d", vlan,
                       LX_FIRST_VLAN, LX_LAST_VLAN);
    interface->vlan = id;
    memcpy(interface->name, lx_called(interface->device, id).text, sizeof(interface->name));
    return 0;
}

/* The kernel lets an interface's name have an @, so that the whole counts first. */
int lx_interface_find(const char *name, struct lx_interface *interface, struct lx_failure *failure)
{
    const char *vlan = strrchr(name, '@');
    int error = find(name, interface, failure);
    char device[128];

    if (error != -ENODEV || !vlan || vlan == name || (size_t)(vlan - name) >= sizeof(device))
        return error;
    snprintf(device, sizeof(device), "%.*s", (int)(vlan - name), name);
    error = find(device, interface, failure);
    return error ?: lx_interface_take_vlan(interface, vlan + 1, failure);
}

int lx_interface_check(const struct lx_interface *interface, struct lx_failure *failure)
{
    if (interface->type == ARPHRD_ETHER)
        return 0;
    if (interface->type == ARPHRD_LOOPBACK)
        return lx_fail(failure, LX_EXIT_FAILED, EOPNOTSUPP,
                       "%s is the loopback, where this machine talks to itself; name the card that the role's packets "
                       "arrive by",
                       interface->name);
    return lx_fail(failure, LX_EXIT_FAILED, EOPNOTSUPP,
                   "%s does not carry Ethernet frames (its link type is %u, as of a tunnel: tun, ppp, WireGuard), and "
                   "they are what lyncxdp judges; name the card that the tunnel's packets arrive by",
                   interface->name, interface->type);
}

/* One address as rtnetlink reports it. */
struct seen_address {
    struct lx_address address;
    unsigned ifindex;
    uint32_t flags;
    bool ipv4, global;
};

static bool read_address(const struct nlmsghdr *message, struct seen_address *seen)
{
    const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute, *address = NULL, *local = NULL;

    *seen = (struct seen_address){.ifindex = header->ifa_index,
                                  .flags = header->ifa_flags,
                                  .ipv4 = header->ifa_family == AF_INET,
                                  .global = header->ifa_scope == RT_SCOPE_UNIVERSE};
    if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
        return false;
    mnl_attr_for_each(attribute, message, sizeof(*header))
    {
        if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
            address = attribute;
        if (mnl_attr_get_type(attribute) == IFA_LOCAL)
            local = attribute;
        if (mnl_attr_get_type(attribute) == IFA_FLAGS)
            seen->flags = mnl_attr_get_u32(attribute);
    }
    /* On a point-to-point link IFA_ADDRESS is the peer's. */
    if (local)
        address = local;
    if (!address || mnl_attr_get_payload_len(address) < (seen->ipv4 ? 4 : 16))
        return false;
    if (seen->ipv4)
        memcpy(seen->address.bytes, (const uint8_t[12]){[10] = 0xff, [11] = 0xff}, 12);
    memcpy(seen->address.bytes + (seen->ipv4 ? 12 : 0), mnl_attr_get_payload(address), seen->ipv4 ? 4 : 16);
    return true;
}

struct holder_search {
    const struct lx_address *address;
    unsigned ifindex; /* 0 until found */
};

static int see_holder(const struct nlmsghdr *message, void *data)
{
    struct holder_search *search = data;
    struct seen_address seen;

    if (read_address(message, &seen) && !memcmp(&seen.address, search->address, sizeof(seen.address)))
        search->ifindex = seen.ifindex;
    return MNL_CB_OK;
}

int lx_interface_with_address(const struct lx_address *address, struct lx_interface *interface)
{
    struct holder_search holder = {.address = address};
    struct link_search link = {0};

    if (dump(RTM_GETADDR, see_holder, &holder) || !holder.ifindex)
        return -ENOENT;
    link.index = holder.ifindex;
    if (dump(RTM_GETLINK, see_link, &link) || !link.found)
        return -ENOENT;
    as_interface(&link, interface);
    return 0;
}

struct lease_search {
    unsigned ifindex;
    bool ipv4, leased;
};

static int see_lease(const struct nlmsghdr *message, void *data)
{
    struct lease_search *search = data;
    struct seen_address seen;

    if (read_address(message, &seen) && seen.ifindex == search->ifindex && seen.ipv4 == search->ipv4 && seen.global &&
        !(seen.flags & IFA_F_PERMANENT))
        search->leased = true;
    return MNL_CB_OK;
}

bool lx_interface_leased(const struct lx_interface *interface)
{
    struct lease_search search = {.ifindex = interface->index, .ipv4 = true};

    return !dump(RTM_GETADDR, see_lease, &search) && search.leased;
}

bool lx_interface_advertised(const struct lx_interface *interface)
{
    struct lease_search search = {.ifindex = interface->index};

    return (!dump(RTM_GETADDR, see_lease, &search) && search.leased) || lx_route_advertised(interface->index);
}

struct collection {
    unsigned ifindex;
    unsigned vlan;                /* of the interface, whose addresses alone are meant, or 0 */
    const struct lx_links *links; /* NULL: of that interface alone; else its global ones, and of what stands on it */
    struct lx_address *addresses;
    size_t count;
};

static bool is_wanted(const struct collection *collection, const struct seen_address *seen)
{
    uint16_t vlans[2];

    if (!collection->links)
        return seen->ifindex == collection->ifindex;
    return seen->global && lx_link_stands_on(collection->links, seen->ifindex, collection->ifindex, vlans) &&
           (!collection->vlan || vlans[0] == collection->vlan);
}

static int collect(const struct nlmsghdr *message, void *data)
{
    struct collection *collection = data;
    struct lx_address *grown;
    struct seen_address seen;

    if (!read_address(message, &seen) || !is_wanted(collection, &seen))
        return MNL_CB_OK;
    grown = reallocarray(collection->addresses, collection->count + 1, sizeof(*grown));
    if (!grown) {
        errno = ENOMEM;
        return MNL_CB_ERROR;
    }
    grown[collection->count++] = seen.address;
    collection->addresses = grown;
    return MNL_CB_OK;
}

static int collect_all(struct collection *collection, struct lx_address **addresses, size_t *count)
{
    int error = dump(RTM_GETADDR, collect, collection);

    if (error) {
        free(collection->addresses);
        return error;
    }
    *addresses = collection->addresses;
    *count = collection->count;
    return 0;
}

int lx_interface_addresses(const struct lx_interface *interface, struct lx_address **addresses, size_t *count)
{
    if (interface->vlan)
        return lx_interface_global_addresses(interface, addresses, count);
    return collect_all(&(struct collection){.ifindex = interface->index}, addresses, count);
}

int lx_interface_global_addresses(const struct lx_interface *interface, struct lx_address **addresses, size_t *count)
{
    struct lx_links links;
    int error = lx_links_read(&links);

    error =
        error
            ?: collect_all(&(struct collection){.ifindex = interface->index, .vlan = interface->vlan, .links = &links},
                           addresses, count);
    lx_links_free(&links);
    return error;
}
