/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a role behind an interface may say of itself to the others on its link: its own names, and that it looks for
 * something. That it is a router, a DHCP server or a switch is none of it.
 */
#include "oracle.h"

#include <string.h>

/* fe80::/64 with the card's MAC address: ff:fe in its middle, and one bit turned (RFC 4291, appendix A). */
static bool is_of_card(const struct oracle_packet *packet, const uint8_t *address)
{
    const uint8_t *mac = packet->source_mac;
    const uint8_t made[16] = {0xfe,   0x80,   0,    0,    0,      0,      0,     0, (uint8_t)(mac[0] ^ 2),
                              mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};

    return memcmp(made, address, sizeof(made)) == 0;
}

static bool is_own(const struct lx_policy *policy, const struct oracle_packet *packet, bool ipv6,
                   const uint8_t *address)
{
    bool known = policy->protected && !policy->protected->any && policy->protected->count > 0;

    return !known || oracle_is_protected(policy, ipv6, address) || (ipv6 && is_of_card(packet, address));
}

static bool is_nothing(const uint8_t *address, size_t length)
{
    while (length > 0)
        if (address[--length] != 0)
            return false;
    return true;
}

/* An ARP probe has no sender: it is about its target (RFC 5227). */
static bool may_resolve(const struct lx_policy *policy, const struct oracle_packet *packet)
{
    return is_own(policy, packet, false, is_nothing(packet->arp_sender, 4) ? packet->arp_target : packet->arp_sender);
}

/* Duplicate address detection has no source: it is about its target, as an advertisement is. */
static bool may_discover(const struct lx_policy *policy, const struct oracle_packet *packet)
{
    bool nobody = is_nothing(packet->tuple.source, 16);

    if (!nobody && !is_own(policy, packet, true, packet->tuple.source))
        return false;
    if (packet->icmp_type == 136 || (packet->icmp_type == 135 && nobody))
        return is_own(policy, packet, true, packet->neighbour);
    return true;
}

bool oracle_may_claim(const struct lx_policy *policy, const struct oracle_packet *packet, uint32_t reason)
{
    switch (reason) {
    case LX_REASON_ARP:
        return may_resolve(policy, packet);
    case LX_REASON_NEIGHBOUR_DISCOVERY:
    case LX_REASON_ROUTER_SOLICITATION:
        return may_discover(policy, packet);
    case LX_REASON_DHCP:
        return packet->tuple.source_port != (packet->tuple.ipv6 ? 547 : 67);
    case LX_REASON_ROUTER_ADVERTISEMENT:
    case LX_REASON_L2_CONTROL:
        return false;
    default:
        return true;
    }
}
