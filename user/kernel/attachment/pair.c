/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be said of two interfaces as a pair, and what connects them. */
#include "pair.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "user/kernel/link/links.h"

int lx_wire_find(const struct lx_metadata *metadata, struct lx_wire *wire)
{
    *wire = (struct lx_wire){0};
    return lx_interface_find(metadata->interface, &wire->interface, NULL) ||
                   (metadata->pair_ifindex && lx_interface_find(metadata->pair, &wire->pair, NULL))
               ? -ENODEV
               : 0;
}

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

/* The maps of an attachment, with peers of a further pair's own. */
static int own_maps(const struct lx_maps *maps, const struct lx_metadata *metadata, struct lx_maps *own,
                    struct lx_failure *failure)
{
    int error, fd;

    *own = *maps;
    if (!metadata->forward || !metadata->member)
        return 0;
    fd = bpf_map_create(BPF_MAP_TYPE_DEVMAP, lx_map_name(LX_MAP_PEERS), sizeof(__u32), sizeof(__u32), LX_HOOK_COUNT,
                        NULL);
    if (fd < 0)
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot connect %s and %s: %s", metadata->interface,
                       metadata->pair, strerror(errno));
    own->fds[LX_MAP_PEERS] = fd;
    error = lx_pair_connect(fd, metadata, failure);
    if (error)
        close(fd);
    return error;
}

static void close_own(const struct lx_maps *maps, const struct lx_maps *own)
{
    if (own->fds[LX_MAP_PEERS] != maps->fds[LX_MAP_PEERS])
        close(own->fds[LX_MAP_PEERS]);
}

int lx_pair_attach(const struct lx_maps *maps, enum lx_program program, const struct lx_interface *interface,
                   const struct lx_metadata *metadata, enum lx_mode_choice mode, struct lx_failure *failure)
{
    struct lx_maps own;
    int result = own_maps(maps, metadata, &own, failure);

    if (result)
        return result;
    result = lx_program_attach(&own, program, interface, mode, failure);
    close_own(maps, &own);
    return result;
}

int lx_pair_replace(const struct lx_maps *maps, enum lx_program program, const struct lx_interface *interface,
                    const struct lx_metadata *metadata, const struct lx_running *running, struct lx_failure *failure)
{
    struct lx_maps own;
    int result = own_maps(maps, metadata, &own, failure);

    if (result)
        return result;
    result = lx_program_replace(&own, program, interface, running, failure);
    close_own(maps, &own);
    return result;
}

/* --- Whether the kernel carries packets between them --- */

static bool share_upper(unsigned outer, unsigned inner)
{
    struct lx_links links;
    bool shared = false;

    if (lx_links_read(&links))
        return false;
    for (size_t i = 0; i < links.count && !shared; i++)
        shared = lx_link_stands_on(&links, links.items[i].index, outer, NULL) &&
                 lx_link_stands_on(&links, links.items[i].index, inner, NULL);
    lx_links_free(&links);
    return shared;
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
