/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network interface of this network namespace, or one VLAN of it, by name: what attaching and the lock-out guard need
 * to know of it.
 */
#ifndef LYNCXDP_KERNEL_INTERFACE_H
#define LYNCXDP_KERNEL_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/policy/address.h"
#include "user/core/text/called.h"
#include "user/kernel/process/failure.h"

/* IF_NAMESIZE, without <net/if.h>, which cannot be included after <linux/if.h>. */
#define LX_INTERFACE_NAME 16

struct lx_interface {
    char name[LX_CALLED];           /* what people call it: "eth0", or of one VLAN "eth0@10" */
    char device[LX_INTERFACE_NAME]; /* what the kernel calls it */
    unsigned vlan;                  /* the one that is meant, where it is a trunk; 0: whatever comes by it */
    unsigned index;
    uint64_t netns; /* inode of /proc/self/ns/net */
    bool up;
    unsigned mtu;
    unsigned master; /* index of the bridge or bond whose port it is, or 0 */
    unsigned type;   /* ARPHRD_ETHER, or what else its frames are */
};

/*
 * By its name or by an alternative one (ip link property add), with @VLAN behind it for one VLAN of it; what is found
 * has its name. Returns 0 or -ENODEV (LX_EXIT_FAILED, with the names of the interfaces there are), -EINVAL for a VLAN
 * that cannot be, or another -errno.
 */
int lx_interface_find(const char *name, struct lx_interface *interface, struct lx_failure *failure);

/* Makes it one VLAN of an interface. Returns 0 or -EINVAL. */
int lx_interface_take_vlan(struct lx_interface *interface, const char *vlan, struct lx_failure *failure);

/* Refuses an interface whose frames are not Ethernet's, and the loopback, which no wire leads to. Returns 0 or -errno.
 */
int lx_interface_check(const struct lx_interface *interface, struct lx_failure *failure);

/* The name of an interface of this namespace, zero bytes behind it: 0, -ENODEV, or another -errno. */
int lx_interface_name(unsigned index, char name[LX_INTERFACE_NAME]);

/* The interface that holds `address`, if one does: 0, or -ENOENT. */
int lx_interface_with_address(const struct lx_address *address, struct lx_interface *interface);

/* True when one of its IPv4 addresses is dynamic, that is, was leased (IFA_F_PERMANENT not set; rtnetlink). */
bool lx_interface_leased(const struct lx_interface *interface);

/* The same of its IPv6 addresses, or the way to its gateway: they come from router advertisements, or DHCPv6. */
bool lx_interface_advertised(const struct lx_interface *interface);

/*
 * Its global addresses, and those of the bridges, bonds and VLANs that stand on it; where one VLAN is meant, of what
 * stands on that. Results as of the following.
 */
int lx_interface_global_addresses(const struct lx_interface *interface, struct lx_address **addresses, size_t *count);

/* Its addresses; where one VLAN is meant, as above. Caller frees `addresses`. Returns 0 or -errno. */
int lx_interface_addresses(const struct lx_interface *interface, struct lx_address **addresses, size_t *count);

#endif
