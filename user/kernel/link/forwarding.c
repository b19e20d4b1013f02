/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A veth leaves checksums to its far end, and has its far end take what is handed to it only where that merges what it
 * receives (GRO) or has an XDP program of its own. Of any interface the kernel says whether it takes frames, from Linux
 * 6.3 on; the headers of Debian 12 are older.
 */
#include "forwarding.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "feature.h"
#include "links.h"
#include "running.h"
#include "user/kernel/process/netlink.h"

/* Of the kernel's `netdev` family. */
#define DEVICE_GET 1
#define DEVICE_INDEX 1
#define DEVICE_XDP_FEATURES 3
#define TAKES_FRAMES 4u

static int see_family(const struct nlmsghdr *message, void *data)
{
    const struct nlattr *attribute;
    const char *name = "";
    uint16_t id = 0;

    mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr))
    {
        if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID)
            id = mnl_attr_get_u16(attribute);
        if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_NAME)
            name = mnl_attr_get_str(attribute);
    }
    if (!strcmp(name, "netdev"))
        *(uint16_t *)data = id;
    return MNL_CB_OK;
}

struct device {
    unsigned index;
    int takes_frames; /* 1, 0, or -ENOENT: not seen yet */
};

static int see_device(const struct nlmsghdr *message, void *data)
{
    const struct nlattr *attribute;
    struct device *device = data;
    uint64_t features = 0;
    unsigned index = 0;

    mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr))
    {
        if (mnl_attr_get_type(attribute) == DEVICE_INDEX)
            index = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == DEVICE_XDP_FEATURES)
            features = mnl_attr_get_u64(attribute);
    }
    if (index == device->index)
        device->takes_frames = (features & TAKES_FRAMES) != 0;
    return MNL_CB_OK;
}

/* Whether an interface takes frames that others hand to it natively: 1, 0, or -errno: the kernel does not say. */
static int takes_frames(unsigned ifindex)
{
    struct genlmsghdr header = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
    struct device device = {.index = ifindex, .takes_frames = -ENOENT};
    uint16_t family = 0;
    int error = lx_netlink_dump_from(NETLINK_GENERIC, GENL_ID_CTRL, &header, sizeof(header), see_family, &family);

    if (error || !family)
        return error ?: -ENOENT;
    header.cmd = DEVICE_GET;
    return lx_netlink_dump_from(NETLINK_GENERIC, family, &header, sizeof(header), see_device, &device)
               ?: device.takes_frames;
}

/* The caller is in the namespace of the far end. */
static void look_at_far_end(const struct lx_far_end *far, struct lx_forwarding_end *end)
{
    if (lx_interface_name(far->ifindex, end->far))
        return;
    end->elsewhere = far->came_from >= 0;
    end->partial = lx_feature_on(far->ifindex, "tx-checksum-ip-generic") > 0;
    end->deaf = !lx_feature_on(far->ifindex, "rx-gro") && !lx_running_id(far->ifindex);
}

void lx_forwarding_look(unsigned ifindex, struct lx_forwarding_end *end)
{
    struct lx_links links;
    const struct lx_link *link;
    struct lx_far_end far;
    int takes = takes_frames(ifindex);

    *end = (struct lx_forwarding_end){0};
    if (!lx_far_end_enter(ifindex, &far)) {
        look_at_far_end(&far, end);
        lx_far_end_leave(&far);
    } else if (!lx_links_read(&links)) {
        link = lx_link_find(&links, ifindex);
        end->partial = link && link->partial;
        lx_links_free(&links);
    }
    if (takes >= 0)
        end->deaf = !takes;
}
