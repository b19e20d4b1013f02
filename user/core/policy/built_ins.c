/* SPDX-License-Identifier: GPL-2.0-only */
/* In the order of the README's table. */
#include "built_ins.h"

#include <lyncxdp/image.h>

const struct lx_built_in_name lx_built_ins[LX_BUILT_INS] = {
    {"arp", LX_BUILT_IN_ARP, "ARP for IPv4 over Ethernet"},
    {"neighbour-discovery", LX_BUILT_IN_NEIGHBOUR_DISCOVERY, "IPv6 neighbour discovery"},
    {"router-advertisement", LX_BUILT_IN_ROUTER_ADVERTISEMENT, "IPv6 router advertisements"},
    {"router-solicitation", LX_BUILT_IN_ROUTER_SOLICITATION, "IPv6 router solicitations"},
    {"mld", LX_BUILT_IN_MLD, "multicast listener discovery"},
    {"dhcp", LX_BUILT_IN_DHCP, "DHCP and DHCPv6"},
    {"icmp-error", LX_BUILT_IN_ICMP_ERROR, "ICMP errors about packets that the policy lets out"},
    {"l2-control", LX_BUILT_IN_L2_CONTROL, "slow protocols (LACP), spanning tree, 802.1X and LLDP"},
    {"echo", LX_BUILT_IN_ECHO, "ping"},
    {"ip-options", LX_BUILT_IN_IP_OPTIONS, "IPv4 packets with options, where a row lists them"},
    {"fragments", LX_BUILT_IN_FRAGMENTS, "later fragments of a first one that passed"},
};

const char *lx_built_in_loss(uint32_t bit)
{
    switch (bit) {
    case LX_BUILT_IN_ARP:
        return "a host is cut off from IPv4 when its neighbours have forgotten where it is, in a minute or so";
    case LX_BUILT_IN_NEIGHBOUR_DISCOVERY:
        return "a host is cut off from IPv6 when its neighbours have forgotten where it is, in a minute or so";
    case LX_BUILT_IN_ROUTER_ADVERTISEMENT:
        return "a host loses the IPv6 gateway and the addresses that it has from them when they run out";
    default:
        return NULL;
    }
}
