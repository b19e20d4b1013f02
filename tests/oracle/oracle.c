/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict of the to-role hook, in the words of the design: what is never passed, then the built-in cases, then
 * martians and group destinations, then the rows.
 */
#include "oracle.h"

#include <string.h>

static bool all_zero(const uint8_t *bytes, size_t count)
{
    size_t index;

    for (index = 0; index < count; index++) {
        if (bytes[index] != 0)
            return false;
    }
    return true;
}

static bool is_unspecified(bool ipv6, const uint8_t *address)
{
    return all_zero(address, ipv6 ? 16 : 4);
}

static bool is_loopback(bool ipv6, const uint8_t *address)
{
    return ipv6 ? all_zero(address, 15) && address[15] == 1 : address[0] == 127;
}

static bool is_mapped(bool ipv6, const uint8_t *address)
{
    return ipv6 && all_zero(address, 10) && address[10] == 0xff && address[11] == 0xff;
}

static bool is_link_local(const uint8_t *address) /* fe80::/10 */
{
    return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static bool is_multicast(bool ipv6, const uint8_t *address)
{
    return ipv6 ? address[0] == 0xff : address[0] >= 224 && address[0] <= 239;
}

static bool is_broadcast(bool ipv6, const uint8_t *address)
{
    return !ipv6 && address[0] == 255 && address[1] == 255 && address[2] == 255 && address[3] == 255;
}

/* 0/8, 127/8, 224/3; ::, ::1, ff00::/8, v4-mapped. */
static bool source_is_martian(const struct oracle_tuple *tuple)
{
    const uint8_t *source = tuple->source;

    if (tuple->ipv6)
        return is_unspecified(true, source) || is_loopback(true, source) || source[0] == 0xff ||
               is_mapped(true, source);
    return source[0] == 0 || source[0] == 127 || source[0] >= 224;
}

/* 127/8 and 0.0.0.0; ::1, :: and v4-mapped. */
static bool destination_is_martian(const struct oracle_tuple *tuple)
{
    return is_loopback(tuple->ipv6, tuple->destination) || is_unspecified(tuple->ipv6, tuple->destination) ||
           is_mapped(tuple->ipv6, tuple->destination);
}

static bool ends_are_equal(const struct oracle_tuple *tuple)
{
    return memcmp(tuple->source, tuple->destination, tuple->ipv6 ? 16 : 4) == 0;
}

static uint32_t switched(const struct lx_policy *policy, uint32_t built_in, uint32_t reason)
{
    return policy->built_ins & built_in ? reason : LX_REASON_BUILT_IN_OFF;
}

/* RFC 4861, sections 6.1 and 7.1, as far as the design asks. */
static uint32_t judge_neighbour_discovery(const struct lx_policy *policy, const struct oracle_packet *packet)
{
    const struct oracle_tuple *tuple = &packet->tuple;
    bool unspecified = is_unspecified(true, tuple->source);
    bool may_be_unspecified = packet->icmp_type == 133 || packet->icmp_type == 135;
    size_t least = packet->icmp_type == 133 ? 8 : packet->icmp_type == 134 ? 16 : 24;

    if (packet->hop_limit != 255 || packet->icmp_code != 0 || packet->extension_headers > 0 ||
        packet->icmp_length < least)
        return LX_REASON_BAD_NEIGHBOUR_DISCOVERY;
    if (packet->icmp_type == 134 && !is_link_local(tuple->source))
        return LX_REASON_BAD_NEIGHBOUR_DISCOVERY;
    if (source_is_martian(tuple) && !(unspecified && may_be_unspecified))
        return LX_REASON_MARTIAN;
    if (destination_is_martian(tuple) || ends_are_equal(tuple))
        return LX_REASON_MARTIAN;
    if (packet->icmp_type == 133)
        return switched(policy, LX_BUILT_IN_ROUTER_SOLICITATION, LX_REASON_ROUTER_SOLICITATION);
    if (packet->icmp_type == 134)
        return switched(policy, LX_BUILT_IN_ROUTER_ADVERTISEMENT, LX_REASON_ROUTER_ADVERTISEMENT);
    return switched(policy, LX_BUILT_IN_NEIGHBOUR_DISCOVERY, LX_REASON_NEIGHBOUR_DISCOVERY);
}

/* RFC 2710 and RFC 3810: hop limit 1, from a link-local address, or from :: while that one is still tentative. */
static uint32_t judge_mld(const struct lx_policy *policy, const struct oracle_packet *packet)
{
    const struct oracle_tuple *tuple = &packet->tuple;

    if (packet->hop_limit != 1)
        return LX_REASON_BAD_NEIGHBOUR_DISCOVERY;
    if (!is_link_local(tuple->source) && !is_unspecified(true, tuple->source))
        return LX_REASON_BAD_NEIGHBOUR_DISCOVERY;
    if (destination_is_martian(tuple) || ends_are_equal(tuple))
        return LX_REASON_MARTIAN;
    return switched(policy, LX_BUILT_IN_MLD, LX_REASON_MLD);
}

/* RFC 2131 and RFC 8415: between a client's port and a server's. Says whether it is the client's. */
static bool is_dhcp(const struct oracle_packet *packet, bool *request)
{
    const struct oracle_tuple *tuple = &packet->tuple;
    uint16_t client = tuple->ipv6 ? 546 : 68, server = tuple->ipv6 ? 547 : 67;

    if (!packet->has_ports || tuple->transport != LX_UDP)
        return false;
    *request = tuple->source_port == client && tuple->destination_port == server;
    return *request || (tuple->source_port == server && tuple->destination_port == client);
}

/* Martians, then destinations that are for a group, by MAC address or by IP: what neither ICMP nor rows may let in. */
static bool judge_addresses(const struct oracle_packet *packet, uint32_t *reason)
{
    const struct oracle_tuple *tuple = &packet->tuple;

    if (source_is_martian(tuple) || destination_is_martian(tuple) || ends_are_equal(tuple))
        *reason = LX_REASON_MARTIAN;
    else if (packet->broadcast_mac)
        *reason = LX_REASON_BROADCAST;
    else if (packet->group_mac)
        *reason = LX_REASON_MULTICAST;
    else if (is_broadcast(tuple->ipv6, tuple->destination))
        *reason = LX_REASON_BROADCAST;
    else if (is_multicast(tuple->ipv6, tuple->destination))
        *reason = LX_REASON_MULTICAST;
    else
        return false;
    return true;
}

static uint32_t judge_icmp(const struct lx_policy *policy, const struct oracle_packet *packet)
{
    uint8_t type = packet->icmp_type;
    bool ipv6 = packet->tuple.ipv6;
    uint32_t reason;

    if (ipv6 && type >= 133 && type <= 136)
        return judge_neighbour_discovery(policy, packet);
    if (ipv6 && ((type >= 130 && type <= 132) || type == 143))
        return judge_mld(policy, packet);
    if (judge_addresses(packet, &reason))
        return reason;
    if (type == (ipv6 ? 128 : 8))
        return switched(policy, LX_BUILT_IN_ECHO, LX_REASON_ECHO);
    /* Unreachable, too big, time exceeded. No flow and no outbound row is asked yet: none is related. */
    if (ipv6 ? type >= 1 && type <= 3 : type == 3 || type == 11)
        return switched(policy, LX_BUILT_IN_ICMP_ERROR, LX_REASON_ICMP_ERROR_UNRELATED);
    return LX_REASON_ICMP_TYPE;
}

static struct oracle_verdict judge_ports(const struct lx_policy *policy, const struct oracle_packet *packet)
{
    const struct oracle_tuple *tuple = &packet->tuple;
    struct oracle_verdict verdict = {.row = LX_NO_ROW};
    bool request = false;

    if ((policy->built_ins & LX_BUILT_IN_DHCP) && is_dhcp(packet, &request)) {
        bool source_right = !source_is_martian(tuple) || (request && is_unspecified(tuple->ipv6, tuple->source));

        verdict.reason = source_right && !destination_is_martian(tuple) && !ends_are_equal(tuple) ? LX_REASON_DHCP
                                                                                                  : LX_REASON_MARTIAN;
        return verdict;
    }
    if (judge_addresses(packet, &verdict.reason))
        return verdict;
    verdict.row = oracle_first_row(policy, LX_HOOK_TO_ROLE, tuple);
    if (verdict.row == LX_NO_ROW) {
        verdict.reason = LX_REASON_NO_ROW;
    } else if (policy->protected && !policy->protected->any &&
               oracle_set_covers(policy->protected, tuple->ipv6, tuple->source)) {
        verdict.reason = LX_REASON_SPOOFED;
        verdict.row = LX_NO_ROW;
    } else {
        verdict.reason = LX_REASON_ROW;
    }
    return verdict;
}

struct oracle_verdict oracle_judge_to_role(const struct lx_policy *policy, const uint8_t *frame, size_t length)
{
    struct oracle_packet packet = oracle_read_frame(policy, frame, length);
    struct oracle_verdict verdict = {.row = LX_NO_ROW};

    if (packet.defective)
        verdict.reason = packet.defect;
    else if (packet.arp)
        verdict.reason = switched(policy, LX_BUILT_IN_ARP, LX_REASON_ARP);
    else if (packet.icmp)
        verdict.reason = judge_icmp(policy, &packet);
    else
        verdict = judge_ports(policy, &packet);
    verdict.has_ports = packet.has_ports;
    verdict.transport = packet.tuple.transport;
    verdict.destination_port = packet.tuple.destination_port;
    return verdict;
}
