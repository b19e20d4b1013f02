/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a frame the way the RFCs draw it, one header after the other, and stops at the first thing that the design says
 * is never passed. Offsets are counted from the first byte of the frame; `end` is where the enclosing header says that
 * its content ends.
 */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    const uint8_t *frame;
    size_t length; /* of the frame */
    size_t at;     /* the next header begins here */
    size_t end;    /* bytes from here on do not belong to the packet */
    size_t zero;   /* where fragments have their offset 0 */
};

static uint8_t byte_at(const struct reader *reader, size_t offset)
{
    if (offset >= reader->length)
        abort(); /* the oracle forgot a length check */
    return reader->frame[offset];
}

static uint16_t word_at(const struct reader *reader, size_t offset)
{
    return (uint16_t)(byte_at(reader, offset) * 256 + byte_at(reader, offset + 1));
}

static void bytes_at(const struct reader *reader, size_t offset, uint8_t *bytes, size_t count)
{
    size_t index;

    for (index = 0; index < count; index++)
        bytes[index] = byte_at(reader, offset + index);
}

/* Whether a header of so many bytes, beginning at `at`, lies inside the packet. */
static bool holds(const struct reader *reader, size_t count)
{
    return reader->at + count <= reader->end;
}

static void defect(struct oracle_packet *packet, uint32_t reason)
{
    packet->defective = true;
    packet->defect = reason;
}

/* Headers that are not there in full: RFC 7112 wants all of them in the first fragment. */
static void headless(struct oracle_packet *packet)
{
    defect(packet, packet->first_fragment ? LX_REASON_TINY_FRAGMENT : LX_REASON_SHORT_FRAME);
}

static bool vlan_listed(const struct lx_policy *policy, unsigned id)
{
    return (policy->vlans[id / 8] >> (id % 8)) & 1;
}

/* RFC 793, with the ECN bits of RFC 3168 left out. */
static bool no_stack_sends(uint8_t flags)
{
    bool fin = flags & 0x01, syn = flags & 0x02, rst = flags & 0x04, psh = flags & 0x08;
    bool ack = flags & 0x10, urg = flags & 0x20;

    if (!syn && !ack && !rst)
        return true;
    if (syn && (fin || rst || psh || urg))
        return true;
    return fin && rst;
}

static void read_ports(struct oracle_packet *packet, const struct reader *reader, unsigned transport)
{
    packet->has_ports = true;
    packet->tuple.transport = transport;
    packet->tuple.source_port = word_at(reader, reader->at);
    packet->tuple.destination_port = word_at(reader, reader->at + 2);
}

static void read_tcp(struct oracle_packet *packet, const struct reader *reader)
{
    size_t header;

    if (!holds(reader, 20)) {
        headless(packet);
        return;
    }
    read_ports(packet, reader, LX_TCP);
    packet->tcp_flags = byte_at(reader, reader->at + 13);
    header = (size_t)(byte_at(reader, reader->at + 12) >> 4) * 4;
    packet->fragment_headers = reader->at + header - reader->zero;
    if (header < 20)
        defect(packet, LX_REASON_TCP_OFFSET);
    else if (!holds(reader, header))
        defect(packet, packet->first_fragment ? LX_REASON_TINY_FRAGMENT : LX_REASON_TCP_OFFSET);
    else if (packet->tuple.source_port == 0 || packet->tuple.destination_port == 0)
        defect(packet, LX_REASON_PORT_ZERO);
    else if (no_stack_sends(packet->tcp_flags))
        defect(packet, LX_REASON_TCP_FLAGS);
}

static void read_udp(struct oracle_packet *packet, const struct reader *reader)
{
    size_t here = reader->end - reader->at, told;

    if (!holds(reader, 8)) {
        headless(packet);
        return;
    }
    read_ports(packet, reader, LX_UDP);
    packet->fragment_headers = reader->at + 8 - reader->zero;
    told = word_at(reader, reader->at + 4);
    /* Of a datagram in fragments only the beginning is here. */
    if (told < here || (told > here && !packet->first_fragment))
        defect(packet, LX_REASON_UDP_LENGTH);
    else if (packet->tuple.source_port == 0 || packet->tuple.destination_port == 0)
        defect(packet, LX_REASON_PORT_ZERO);
}

static void read_icmp(struct oracle_packet *packet, const struct reader *reader, const struct lx_policy *policy)
{
    if (!holds(reader, 8)) {
        headless(packet);
        return;
    }
    packet->icmp = true;
    packet->fragment_headers = reader->at + 8 - reader->zero;
    packet->icmp_identifier = word_at(reader, reader->at + 4);
    packet->quotes = oracle_read_quoted(policy, reader->frame + reader->at + 8, reader->end - reader->at - 8,
                                        packet->tuple.ipv6, &packet->quoted);
    packet->icmp_type = byte_at(reader, reader->at);
    packet->icmp_code = byte_at(reader, reader->at + 1);
    packet->icmp_length = reader->end - reader->at;
    if (holds(reader, 24))
        bytes_at(reader, reader->at + 8, packet->neighbour, 16);
}

static void read_portless(struct oracle_packet *packet, const struct reader *reader, uint8_t protocol)
{
    packet->portless = true;
    packet->tuple.transport = LX_PORTLESS;
    packet->tuple.source_port = packet->tuple.destination_port = protocol;
    packet->fragment_headers = reader->at + 8 - reader->zero;
}

static void read_transport(struct oracle_packet *packet, const struct reader *reader, const struct lx_policy *policy,
                           uint8_t protocol)
{
    if (protocol == 6)
        read_tcp(packet, reader);
    else if (protocol == 17)
        read_udp(packet, reader);
    else if (protocol == (packet->tuple.ipv6 ? 58 : 1))
        read_icmp(packet, reader, policy);
    else if (protocol == 1)
        defect(packet, LX_REASON_TRANSPORT);
    else
        read_portless(packet, reader, protocol);
}

/*
 * A fragment that is not the first one of its datagram: it must leave the transport header alone, whose size TCP and
 * everything else have (RFC 1858, RFC 3128).
 */
static void read_later_fragment(struct oracle_packet *packet, uint8_t protocol, size_t offset)
{
    packet->later_fragment = true;
    packet->fragment_offset = offset;
    packet->protocol = protocol;
    if (offset < (protocol == 6 ? 20 : 8))
        defect(packet, LX_REASON_OVERLAPPING_FRAGMENT);
}

/* What no wire carries and no length field can say, a kernel has merged or not yet split: TCP, and never a fragment. */
#define LONGEST_ON_A_WIRE 65535

static bool is_merged4(const struct reader *reader)
{
    size_t start = reader->at;

    return word_at(reader, start + 2) == 0 && reader->length - start > LONGEST_ON_A_WIRE &&
           byte_at(reader, start + 9) == 6 && (word_at(reader, start + 6) & 0x3fff) == 0;
}

/* Over IPv6, where this begins behind the header, with TCP at once or behind RFC 2675's option alone. */
static bool is_merged6(const struct reader *reader, uint8_t next)
{
    size_t start = reader->at, rest = reader->length - reader->at;
    uint32_t told;

    if (rest <= LONGEST_ON_A_WIRE)
        return false;
    if (next == 6)
        return true;
    if (next != 0 || word_at(reader, start) != 6 * 256 || word_at(reader, start + 2) != 0xc204)
        return false;
    told = (uint32_t)word_at(reader, start + 4) << 16 | word_at(reader, start + 6);
    return told == rest;
}

/* RFC 791. */
static void read_ipv4(struct oracle_packet *packet, struct reader *reader, const struct lx_policy *policy)
{
    size_t start = reader->at, header, total;
    uint16_t fragment;

    if (!holds(reader, 20)) {
        defect(packet, LX_REASON_SHORT_FRAME);
        return;
    }
    if (byte_at(reader, start) >> 4 != 4) {
        defect(packet, LX_REASON_IP_VERSION);
        return;
    }
    header = (size_t)(byte_at(reader, start) & 0x0f) * 4;
    total = is_merged4(reader) ? reader->length - start : word_at(reader, start + 2);
    if (header < 20 || total < header || start + total > reader->length) {
        defect(packet, LX_REASON_IP_LENGTH);
        return;
    }
    fragment = word_at(reader, start + 6);
    packet->hop_limit = byte_at(reader, start + 8);
    if (header > 20 && !(policy->built_ins & LX_BUILT_IN_IP_OPTIONS) &&
        !oracle_is_router_alert(policy, byte_at(reader, start + 9), reader->frame + start + 20, header - 20)) {
        defect(packet, LX_REASON_IP_OPTIONS);
        return;
    }
    if (fragment & 0x8000) {
        defect(packet, LX_REASON_RESERVED_BIT);
        return;
    }
    if (packet->hop_limit == 0) {
        defect(packet, LX_REASON_TTL_ZERO);
        return;
    }
    if ((fragment & 0x3fff) && !(policy->built_ins & LX_BUILT_IN_FRAGMENTS)) { /* more fragments, or an offset */
        defect(packet, LX_REASON_FRAGMENT);
        return;
    }
    packet->tuple.ipv6 = false;
    packet->protocol = byte_at(reader, start + 9);
    packet->identification = word_at(reader, start + 4);
    packet->first_fragment = (fragment & 0x3fff) == 0x2000;
    bytes_at(reader, start + 12, packet->tuple.source, 4);
    bytes_at(reader, start + 16, packet->tuple.destination, 4);
    reader->at = reader->zero = start + header;
    reader->end = start + total;
    if (fragment & 0x1fff)
        read_later_fragment(packet, packet->protocol, (size_t)(fragment & 0x1fff) * 8);
    else
        read_transport(packet, reader, policy, packet->protocol);
}

/* RFC 8200, section 4: walks the chain; returns the protocol after it, or -1 when there is no transport to read. */
static int read_extension_headers(struct oracle_packet *packet, struct reader *reader, const struct lx_policy *policy,
                                  uint8_t next)
{
    bool fragmented = false;
    uint16_t fragment;

    while (next == 0 || next == 43 || next == 44 || next == 60) {
        if (next == 0 && packet->extension_headers > 0) {
            defect(packet, LX_REASON_HOP_BY_HOP);
            return -1;
        }
        if (next == 43) {
            defect(packet, LX_REASON_ROUTING_HEADER);
            return -1;
        }
        if (next == 44 && fragmented) {
            defect(packet, LX_REASON_SECOND_FRAGMENT_HEADER);
            return -1;
        }
        if (packet->extension_headers == 8) {
            defect(packet, LX_REASON_EXTENSION_HEADERS);
            return -1;
        }
        if (!holds(reader, 8)) {
            headless(packet);
            return -1;
        }
        if (next == 44) {
            fragment =
                word_at(reader, reader->at + 2) & 0xfff9; /* an offset, or more to come; else atomic (RFC 6946) */
            if (fragment && !(policy->built_ins & LX_BUILT_IN_FRAGMENTS)) {
                defect(packet, LX_REASON_FRAGMENT);
                return -1;
            }
            fragmented = true;
            next = byte_at(reader, reader->at);
            packet->identification = (uint32_t)word_at(reader, reader->at + 4) << 16 | word_at(reader, reader->at + 6);
            packet->first_fragment = fragment == 1;
            if (fragment > 1) { /* what follows is data */
                read_later_fragment(packet, next, fragment & 0xfff8);
                return -1;
            }
            reader->at += 8;
            reader->zero = reader->at;
        } else {
            size_t header = 8 + (size_t)byte_at(reader, reader->at + 1) * 8;

            if (!holds(reader, header)) {
                headless(packet);
                return -1;
            }
            next = byte_at(reader, reader->at);
            reader->at += header;
        }
        packet->extension_headers++;
    }
    return next;
}

/* RFC 8200, section 3. */
static void read_ipv6(struct oracle_packet *packet, struct reader *reader, const struct lx_policy *policy)
{
    size_t start = reader->at, payload;
    int protocol;

    if (!holds(reader, 40)) {
        defect(packet, LX_REASON_SHORT_FRAME);
        return;
    }
    if (byte_at(reader, start) >> 4 != 6) {
        defect(packet, LX_REASON_IP_VERSION);
        return;
    }
    payload = word_at(reader, start + 4);
    reader->at = start + 40;
    if (payload == 0 && is_merged6(reader, byte_at(reader, start + 6)))
        payload = reader->length - reader->at;
    if (start + 40 + payload > reader->length) {
        defect(packet, LX_REASON_IP_LENGTH);
        return;
    }
    packet->hop_limit = byte_at(reader, start + 7);
    if (packet->hop_limit == 0) {
        defect(packet, LX_REASON_TTL_ZERO);
        return;
    }
    packet->tuple.ipv6 = true;
    bytes_at(reader, start + 8, packet->tuple.source, 16);
    bytes_at(reader, start + 24, packet->tuple.destination, 16);
    reader->end = start + 40 + payload;
    protocol = read_extension_headers(packet, reader, policy, byte_at(reader, start + 6));
    if (protocol < 0)
        return;
    packet->protocol = (uint8_t)protocol;
    read_transport(packet, reader, policy, packet->protocol);
}

/* RFC 826: Ethernet and IPv4 with their lengths, a request or a reply. */
static void read_arp(struct oracle_packet *packet, const struct reader *reader)
{
    size_t at = reader->at;
    uint16_t operation;

    if (!holds(reader, 28)) {
        defect(packet, LX_REASON_SHORT_FRAME);
        return;
    }
    packet->arp = true;
    bytes_at(reader, at + 14, packet->arp_sender, 4);
    bytes_at(reader, at + 24, packet->arp_target, 4);
    operation = word_at(reader, at + 6);
    if (word_at(reader, at) != 1 || word_at(reader, at + 2) != 0x0800 || byte_at(reader, at + 4) != 6 ||
        byte_at(reader, at + 5) != 4 || (operation != 1 && operation != 2))
        defect(packet, LX_REASON_BAD_ARP);
}

/* Of a trunk, only frames whose first tag that names a VLAN names the policy's are looked at; the list is about the tag
 * behind that. */
static uint32_t of_trunk(const struct lx_policy *policy, const unsigned *ids, unsigned tags)
{
    unsigned index = 0;

    while (index < tags && ids[index] == 0)
        index++;
    if (index == tags || ids[index] != policy->vlan)
        return LX_REASON_OTHER_VLAN;
    index++;
    return index < tags && ids[index] != 0 && policy->vlans_listed && !vlan_listed(policy, ids[index])
               ? LX_REASON_VLAN
               : LX_REASON_COUNT;
}

/* IEEE 802.1Q and 802.1ad: at most two tags; id 0 is a priority tag. Returns false after a defect. */
static bool read_tags(struct oracle_packet *packet, struct reader *reader, const struct lx_policy *policy,
                      uint16_t *ethertype, bool *bypassed)
{
    unsigned tags = 0, ids[2], named = 0, index;

    while (*ethertype == 0x8100 || *ethertype == 0x88a8) {
        if (tags == 2) {
            defect(packet, LX_REASON_VLAN_DEPTH);
            return false;
        }
        if (!holds(reader, 4)) {
            defect(packet, LX_REASON_SHORT_FRAME);
            return false;
        }
        ids[tags++] = word_at(reader, reader->at) & 0x0fff;
        *ethertype = word_at(reader, reader->at + 2);
        reader->at += 4;
    }
    if (policy->vlan != 0) {
        *bypassed = false;
        defect(packet, of_trunk(policy, ids, tags));
        packet->defective = packet->defect != LX_REASON_COUNT;
        return !packet->defective;
    }
    *bypassed = oracle_vlans_bypassed(policy, ids, tags);
    if (*bypassed || !policy->vlans_listed)
        return true;
    for (index = 0; index < tags; index++) {
        if (ids[index] == 0)
            continue;
        named++;
        if (!vlan_listed(policy, ids[index])) {
            defect(packet, LX_REASON_VLAN);
            return false;
        }
    }
    if (named == 0 && !vlan_listed(policy, 0) &&
        !oracle_is_link_control(policy, reader->frame, reader->length, reader->at, *ethertype)) {
        defect(packet, LX_REASON_VLAN);
        return false;
    }
    return true;
}

struct oracle_packet oracle_read_frame(const struct lx_policy *policy, enum lx_hook hook, const uint8_t *frame,
                                       size_t length)
{
    struct reader reader = {.frame = frame, .length = length, .at = 14, .end = length};
    static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct oracle_packet packet;
    uint16_t ethertype;
    uint32_t reason;
    bool bypassed;

    memset(&packet, 0, sizeof(packet));
    if (length < 14) {
        defect(&packet, LX_REASON_SHORT_FRAME);
        return packet;
    }
    packet.broadcast_mac = memcmp(frame, everyone, 6) == 0;
    packet.group_mac = frame[0] & 1;
    memcpy(packet.source_mac, frame + 6, 6);
    if (frame[6] & 1) {
        defect(&packet, LX_REASON_GROUP_SOURCE);
        return packet;
    }
    ethertype = word_at(&reader, 12);
    if (!read_tags(&packet, &reader, policy, &ethertype, &bypassed))
        return packet;
    if (!policy->vlan && oracle_is_bypassed(policy, hook, frame, length, reader.at, ethertype, bypassed, &reason)) {
        defect(&packet, reason);
        return packet;
    }
    if (ethertype == 0x0806)
        read_arp(&packet, &reader);
    else if (ethertype == 0x0800)
        read_ipv4(&packet, &reader, policy);
    else if (ethertype == 0x86dd)
        read_ipv6(&packet, &reader, policy);
    else if (oracle_is_link_control(policy, frame, length, reader.at, ethertype))
        packet.link_control = true;
    else
        defect(&packet, LX_REASON_ETHERTYPE);
    return packet;
}
