/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be said of two interfaces as a pair, and what connects them. */
#include "pair.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "netlink.h"

int lx_pair_check(const struct lx_interface *outer, const struct lx_interface *inner, bool forward,
                  struct lx_failure *failure)
{
    if (outer->index == inner->index)
        return lx_fail(failure, LX_EXIT_USAGE, EINVAL, "%s cannot be both sides of a pair; name the inner interface",
                       outer->name);
    if (forward && outer->mtu != inner->mtu)
        return lx_fail(
            failure, LX_EXIT_FAILED, EMSGSIZE,
            "the MTU of %s is %u and that of %s is %u: what one takes in the other could not send; make them "
            "equal with: ip link set dev %s mtu %u",
            outer->name, outer->mtu, inner->name, inner->mtu, outer->mtu < inner->mtu ? outer->name : inner->name,
            outer->mtu < inner->mtu ? inner->mtu : outer->mtu);
    return 0;
}

/* The longest MTU of which a frame lies in one page with all that drivers want around it. */
#define LX_MTU_OF_A_PAGE 3498

bool lx_pair_fits_natively(const struct lx_interface *outer)
{
    unsigned major = 0, minor = 0;
    struct utsname name;

    return outer->mtu <= LX_MTU_OF_A_PAGE || uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2 ||
           major > 6 || (major == 6 && minor >= 3);
}

int lx_pair_connect(int peers, const struct lx_metadata *metadata, struct lx_failure *failure)
{
    const __u32 outlets[LX_HOOK_COUNT] = {
        [LX_HOOK_TO_ROLE] = metadata->pair_ifindex,
        [LX_HOOK_FROM_ROLE] = metadata->ifindex,
    };

    for (__u32 hook = 0; hook < LX_HOOK_COUNT; hook++)
        if (bpf_map_update_elem(peers, &hook, &outlets[hook], BPF_ANY))
            return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot connect %s and %s: %s", metadata->interface,
                           metadata->pair, strerror(errno));
    return 0;
}

/* --- Whether the kernel carries packets between them --- */

#define MOST_LINKS 256

/* What stands on what: the bridge or bond that a link is a port of, and the link that a VLAN is made of. */
struct links {
    struct {
        unsigned index, master, lower;
    } links[MOST_LINKS];
    size_t count;
};

static int see_link(const struct nlmsghdr *message, void *data)
{
    const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    struct links *links = data;
    bool elsewhere = false;

    if (links->count == MOST_LINKS)
        return MNL_CB_OK;
    links->links[links->count].index = link->ifi_index;
    links->links[links->count].master = links->links[links->count].lower = 0;
    mnl_attr_for_each(attribute, message, sizeof(*link))
    {
        if (mnl_attr_get_type(attribute) == IFLA_MASTER)
            links->links[links->count].master = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_LINK)
            links->links[links->count].lower = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_LINK_NETNSID) /* that index is one of another namespace */
            elsewhere = true;
    }
    if (elsewhere)
        links->links[links->count].lower = 0;
    links->count++;
    return MNL_CB_OK;
}

/* Marks what stands on an interface, directly or with others between them. */
static void mark_upper(const struct links *links, unsigned index, unsigned depth, bool marks[MOST_LINKS])
{
    for (size_t i = 0; i < links->count; i++) {
        const bool self = links->links[i].index == index;

        if (self && links->links[i].master && depth)
            mark_upper(links, links->links[i].master, depth - 1, marks);
        if (self)
            marks[i] = true;
        else if (links->links[i].lower == index && depth)
            mark_upper(links, links->links[i].index, depth - 1, marks);
    }
}

static bool share_upper(unsigned outer, unsigned inner)
{
    bool on_outer[MOST_LINKS] = {false}, on_inner[MOST_LINKS] = {false};
    struct ifinfomsg header = {0};
    struct links links = {.count = 0};

    if (lx_netlink_dump(RTM_GETLINK, &header, sizeof(header), see_link, &links))
        return false;
    mark_upper(&links, outer, 4, on_outer);
    mark_upper(&links, inner, 4, on_inner);
    for (size_t i = 0; i < links.count; i++)
        if (on_outer[i] && on_inner[i])
            return true;
    return false;
}

static bool switched_on(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char value = '0';
    bool on = fd >= 0 && read(fd, &value, 1) == 1 && value != '0';

    if (fd >= 0)
        close(fd);
    return on;
}

bool lx_pair_carried(const struct lx_interface *outer, const struct lx_interface *inner)
{
    return share_upper(outer->index, inner->index) || switched_on("/proc/sys/net/ipv4/ip_forward") ||
           switched_on("/proc/sys/net/ipv6/conf/all/forwarding");
}
