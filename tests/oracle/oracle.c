/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict of either hook, in the words of the design: what is never passed, then the built-in cases, then martians
 * and group destinations, then the rows. What was seen before is none of its business (oracle_memory.c).
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

struct oracle_tuple oracle_turned(const struct oracle_tuple *tuple)
{
    struct oracle_tuple turned = *tuple;

    memcpy(turned.source, tuple->destination, 16);
    memcpy(turned.destination, tuple->source, 16);
    turned.source_port = tuple->destination_port;
    turned.destination_port = tuple->source_port;
    return turned;
}

bool oracle_is_echo_request(const struct oracle_packet *packet)
{
    return packet->icmp && packet->icmp_type == (packet->tuple.ipv6 ? 128 : 8);
}

bool oracle_is_echo_reply(const struct oracle_packet *packet)
{
    return packet->icmp && packet->icmp_type == (packet->tuple.ipv6 ? 129 : 0);
}

/* Unreachable, too big, time exceeded. */
bool oracle_is_error(const struct oracle_packet *packet)
{
    uint8_t type = packet->icmp_type;

    return packet->icmp && (packet->tuple.ipv6 ? type >= 1 && type <= 3 : type == 3 || type == 11);
}

static bool protected_is_known(const struct lx_policy *policy)
{
    return policy->protected && !policy->protected->any && policy->protected->count > 0;
}

bool oracle_is_protected(const struct lx_policy *policy, bool ipv6, const uint8_t *address)
{
    return protected_is_known(policy) && oracle_set_covers(policy->protected, ipv6, address);
}

/* The quoted packet went from the role to somebody: an answer to an inbound row, or begun by an outbound one. */
static uint32_t judge_error_to_role(const struct lx_policy *policy, const struct oracle_tuple *sent)
{
    struct oracle_tuple asked = sent->transport == LX_ECHO ? oracle_echo_rows(sent) : *sent;
    struct oracle_tuple answered = oracle_turned(&asked);
    bool listed = policy->egress != LX_EGRESS_OFF && oracle_first_row(policy, LX_HOOK_FROM_ROLE, &asked) != LX_NO_ROW;

    /* Of echo, requests alone are quoted, which answer nothing. */
    if (sent->transport != LX_ECHO && oracle_first_row(policy, LX_HOOK_TO_ROLE, &answered) != LX_NO_ROW)
        listed = true;
    return listed ? LX_REASON_ICMP_ERROR : LX_REASON_ICMP_ERROR_UNRELATED;
}

/* The quoted packet went from somebody to the role: let in by an inbound row or as an echo, or answering an outbound
 * row. */
static uint32_t judge_error_from_role(const struct lx_policy *policy, const struct oracle_tuple *received)
{
    struct oracle_tuple begun = oracle_turned(received), echo = oracle_echo_rows(received);
    bool let_in;

    if (received->transport == LX_ECHO)
        let_in = policy->built_ins & LX_BUILT_IN_ECHO || oracle_first_row(policy, LX_HOOK_TO_ROLE, &echo) != LX_NO_ROW;
    else
        let_in = oracle_first_row(policy, LX_HOOK_TO_ROLE, received) != LX_NO_ROW ||
                 oracle_first_row(policy, LX_HOOK_FROM_ROLE, &begun) != LX_NO_ROW;
    return let_in ? LX_REASON_ICMP_ERROR : LX_REASON_ICMP_ERROR_UNRELATED;
}

static uint32_t judge_error(const struct lx_policy *policy, enum lx_hook hook, const struct oracle_packet *packet,
                            bool *opened)
{
    const struct oracle_tuple *quoted = &packet->quoted;
    const struct oracle_packet passed = {.tuple = *quoted};
    uint32_t reason;
    bool ours;

    if (!(policy->built_ins & LX_BUILT_IN_ICMP_ERROR))
        return LX_REASON_BUILT_IN_OFF;
    /* An error goes to whom the packet came from. */
    if (!packet->quotes || memcmp(quoted->source, packet->tuple.destination, quoted->ipv6 ? 16 : 4) != 0)
        return LX_REASON_ICMP_ERROR_UNRELATED;
    /* What would not have passed for its addresses is nothing to tell about. */
    if (judge_addresses(&passed, &reason))
        return LX_REASON_ICMP_ERROR_UNRELATED;
    *opened = true;
    ours = oracle_is_protected(policy, quoted->ipv6, packet->tuple.source);
    if (hook == LX_HOOK_TO_ROLE)
        return ours ? LX_REASON_SPOOFED : judge_error_to_role(policy, quoted);
    if (protected_is_known(policy) && !ours)
        return LX_REASON_SPOOFED;
    return judge_error_from_role(policy, quoted);
}

static struct oracle_verdict judged(uint32_t reason, uint32_t row)
{
    return (struct oracle_verdict){.reason = reason, .row = row};
}

/* By a row, then by the built-in case; what the role sends answers a row, too. */
static struct oracle_verdict judge_echo(const struct lx_policy *policy, enum lx_hook hook,
                                        const struct oracle_packet *packet)
{
    bool ours = oracle_is_protected(policy, packet->tuple.ipv6, packet->tuple.source);
    bool request = oracle_is_echo_request(packet);
    struct oracle_tuple echo = oracle_echo_rows(&packet->tuple), turned = oracle_turned(&echo);
    uint32_t reason = switched(policy, LX_BUILT_IN_ECHO, LX_REASON_ECHO), row;

    if (hook == LX_HOOK_FROM_ROLE) {
        if (protected_is_known(policy) && !ours)
            return judged(LX_REASON_SPOOFED, LX_NO_ROW);
        row = request ? oracle_first_row(policy, LX_HOOK_FROM_ROLE, &echo)
                      : oracle_first_row(policy, LX_HOOK_TO_ROLE, &turned);
        if (row == LX_NO_ROW)
            return judged(reason, LX_NO_ROW);
        return judged(request ? LX_REASON_ROW : LX_REASON_MIRROR, row);
    }
    if (!request)
        return judged(LX_REASON_ICMP_TYPE, LX_NO_ROW); /* unless the role has asked */
    row = oracle_first_row(policy, LX_HOOK_TO_ROLE, &echo);
    if (row != LX_NO_ROW)
        reason = LX_REASON_ROW;
    if (ours && reason != LX_REASON_BUILT_IN_OFF)
        return judged(LX_REASON_SPOOFED, LX_NO_ROW);
    return judged(reason, row);
}

static struct oracle_verdict judge_icmp(const struct lx_policy *policy, enum lx_hook hook,
                                        const struct oracle_packet *packet, bool *opened)
{
    uint8_t type = packet->icmp_type;
    bool ipv6 = packet->tuple.ipv6;
    uint32_t reason;

    if (ipv6 && type >= 133 && type <= 136)
        return judged(judge_neighbour_discovery(policy, packet), LX_NO_ROW);
    if (ipv6 && ((type >= 130 && type <= 132) || type == 143))
        return judged(judge_mld(policy, packet), LX_NO_ROW);
    if (judge_addresses(packet, &reason))
        return judged(reason, LX_NO_ROW);
    if (oracle_is_error(packet))
        return judged(judge_error(policy, hook, packet, opened), LX_NO_ROW);
    if (!oracle_is_echo_request(packet) && !oracle_is_echo_reply(packet))
        return judged(LX_REASON_ICMP_TYPE, LX_NO_ROW);
    *opened = true;
    return judge_echo(policy, hook, packet);
}

static struct oracle_verdict judge_rows_to_role(const struct lx_policy *policy, const struct oracle_tuple *tuple)
{
    uint32_t row = oracle_first_row(policy, LX_HOOK_TO_ROLE, tuple);

    if (row == LX_NO_ROW)
        return (struct oracle_verdict){.reason = LX_REASON_NO_ROW, .row = LX_NO_ROW};
    if (oracle_is_protected(policy, tuple->ipv6, tuple->source))
        return (struct oracle_verdict){.reason = LX_REASON_SPOOFED, .row = LX_NO_ROW};
    return (struct oracle_verdict){.reason = LX_REASON_ROW, .row = row};
}

static struct oracle_verdict judge_rows_from_role(const struct lx_policy *policy, const struct oracle_packet *packet)
{
    struct oracle_tuple answered = oracle_turned(&packet->tuple);
    /* Of TCP, with ACK or RST; nothing that is said to a group is an answer. */
    bool may_answer = packet->tuple.transport == LX_TCP ? packet->tcp_flags & 0x14
                                                        : !is_multicast(packet->tuple.ipv6, packet->tuple.destination);
    uint32_t row;

    if (protected_is_known(policy) && !oracle_is_protected(policy, packet->tuple.ipv6, packet->tuple.source))
        return (struct oracle_verdict){.reason = LX_REASON_SPOOFED, .row = LX_NO_ROW};
    row = oracle_first_row(policy, LX_HOOK_TO_ROLE, &answered);
    if (may_answer && row != LX_NO_ROW)
        return (struct oracle_verdict){.reason = LX_REASON_MIRROR, .row = row};
    row = oracle_first_row(policy, LX_HOOK_FROM_ROLE, &packet->tuple);
    return (struct oracle_verdict){.reason = row == LX_NO_ROW ? LX_REASON_NO_ROW : LX_REASON_ROW, .row = row};
}

static struct oracle_verdict judge_ports(const struct lx_policy *policy, enum lx_hook hook,
                                         const struct oracle_packet *packet)
{
    const struct oracle_tuple *tuple = &packet->tuple;
    struct oracle_verdict verdict = {.row = LX_NO_ROW};
    bool request = false;

    if ((policy->built_ins & LX_BUILT_IN_DHCP) && is_dhcp(packet, &request)) {
        bool source_right = !source_is_martian(tuple) || (request && is_unspecified(tuple->ipv6, tuple->source));

        verdict.reason = source_right && !destination_is_martian(tuple) && !ends_are_equal(tuple) ? LX_REASON_DHCP
                                                                                                  : LX_REASON_MARTIAN;
        if (verdict.reason == LX_REASON_DHCP && hook == LX_HOOK_TO_ROLE &&
            oracle_is_protected(policy, tuple->ipv6, tuple->source))
            verdict.reason = LX_REASON_SPOOFED;
        return verdict;
    }
    if (judge_addresses(packet, &verdict.reason))
        return verdict;
    return hook == LX_HOOK_TO_ROLE ? judge_rows_to_role(policy, tuple) : judge_rows_from_role(policy, packet);
}

static struct oracle_verdict judge_portless(const struct lx_policy *policy, enum lx_hook hook,
                                            const struct oracle_packet *packet, bool *opened)
{
    uint32_t reason;

    *opened = true;
    if (!oracle_lists_protocol(policy, packet->protocol))
        return judged(LX_REASON_TRANSPORT, LX_NO_ROW);
    if (judge_addresses(packet, &reason) && (reason != LX_REASON_MULTICAST || !oracle_is_own_group(packet)))
        return judged(reason, LX_NO_ROW);
    if (packet->protocol == 112 && packet->hop_limit != 255)
        return judged(LX_REASON_HOP_LIMIT, LX_NO_ROW);
    return hook == LX_HOOK_TO_ROLE ? judge_rows_to_role(policy, &packet->tuple) : judge_rows_from_role(policy, packet);
}

struct oracle_verdict oracle_judge_packet(const struct lx_policy *policy, enum lx_hook hook,
                                          const struct oracle_packet *packet, bool *opened)
{
    struct oracle_verdict verdict = {.row = LX_NO_ROW};

    *opened = packet->has_ports;
    if (packet->defective)
        verdict.reason = packet->defect;
    else if (packet->arp)
        verdict.reason = switched(policy, LX_BUILT_IN_ARP, LX_REASON_ARP);
    else if (packet->link_control)
        verdict.reason = switched(policy, LX_BUILT_IN_L2_CONTROL, LX_REASON_L2_CONTROL);
    else if (packet->later_fragment)
        verdict.reason = LX_REASON_FRAGMENT;
    else if (packet->icmp)
        verdict = judge_icmp(policy, hook, packet, opened);
    else if (packet->portless)
        verdict = judge_portless(policy, hook, packet, opened);
    else
        verdict = judge_ports(policy, hook, packet);
    if (hook == LX_HOOK_FROM_ROLE && (policy->built_ins & LX_BUILT_IN_BEHIND) &&
        !oracle_may_claim(policy, packet, verdict.reason))
        verdict.reason = LX_REASON_NOT_FROM_ROLE;
    verdict.has_ports = packet->has_ports;
    verdict.transport = packet->tuple.transport;
    verdict.source_port = packet->tuple.source_port;
    verdict.destination_port = packet->tuple.destination_port;
    return verdict;
}

struct oracle_verdict oracle_judge(const struct lx_policy *policy, enum lx_hook hook, const uint8_t *frame,
                                   size_t length)
{
    struct oracle_packet packet = oracle_read_frame(policy, hook, frame, length);
    bool opened;

    return oracle_judge_packet(policy, hook, &packet, &opened);
}
