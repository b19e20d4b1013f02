/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads what an ICMP error quotes: the beginning of a packet, as RFC 792 and RFC 4443 have it. */
#include "oracle.h"

#include <string.h>

/* What follows the quoted packet's IP header must be there as far as ports or an identifier go, and a little further:
 * eight bytes, which RFC 792 promises. */
#define PROMISED 8

static bool read_conversation(const uint8_t *transport, uint8_t protocol, struct oracle_tuple *quoted)
{
    unsigned words[PROMISED / 2], index;

    for (index = 0; index < PROMISED / 2; index++)
        words[index] = transport[2 * index] * 256u + transport[2 * index + 1];
    if (protocol == 6 || protocol == 17) {
        quoted->transport = protocol == 6 ? LX_TCP : LX_UDP;
        quoted->source_port = (uint16_t)words[0];
        quoted->destination_port = (uint16_t)words[1];
        return words[0] != 0 && words[1] != 0; /* nobody was let through from or to port 0 */
    }
    if (protocol != 1 && protocol != 58) {
        quoted->transport = LX_PORTLESS;
        quoted->source_port = quoted->destination_port = protocol;
        return true;
    }
    if (protocol != (quoted->ipv6 ? 58 : 1))
        return false;
    if (transport[0] != (quoted->ipv6 ? 128 : 8) || transport[1] != 0)
        return false;
    quoted->transport = LX_ECHO;
    quoted->source_port = quoted->destination_port = (uint16_t)words[2];
    return true;
}

/*
 * Of the header all is asked that is asked of any packet's, but for lengths and TTL: routers change them, and some
 * quote them wrongly.
 */
static bool read_quoted4(const struct lx_policy *policy, const uint8_t *bytes, size_t length,
                         struct oracle_tuple *quoted)
{
    size_t header;

    if (length < 20 || bytes[0] / 16 != 4)
        return false;
    header = bytes[0] % 16 * 4u;
    if (header < 20 || length < header + PROMISED)
        return false;
    if (bytes[6] % 32 != 0 || bytes[7] != 0) /* a later fragment has no ports */
        return false;
    if (bytes[6] & 0x80) /* the reserved bit */
        return false;
    if (header > 20 && !(policy->built_ins & LX_BUILT_IN_IP_OPTIONS))
        return false;
    if ((bytes[6] & 0x20) && !(policy->built_ins & LX_BUILT_IN_FRAGMENTS)) /* the first of several */
        return false;
    memcpy(quoted->source, bytes + 12, 4);
    memcpy(quoted->destination, bytes + 16, 4);
    return read_conversation(bytes + header, bytes[9], quoted);
}

/*
 * Steps over one extension header, `count` of which were there before, if a packet may have it in that place and it is
 * there in full.
 */
static bool step_over(const struct lx_policy *policy, const uint8_t *bytes, size_t length, size_t *at, uint8_t *next,
                      unsigned count, bool *fragmented)
{
    size_t size = 8;

    if (*next == 43 || (*next == 0 && count > 0) || (*next == 44 && *fragmented) || count == 8 || *at + 8 > length)
        return false;
    if (*next == 44) {
        unsigned field = bytes[*at + 2] * 256u + bytes[*at + 3];

        if (field & 0xfff8) /* a later fragment has no ports */
            return false;
        if ((field & 1) && !(policy->built_ins & LX_BUILT_IN_FRAGMENTS))
            return false;
        *fragmented = true;
    } else {
        size += bytes[*at + 1] * 8u;
    }
    *next = bytes[*at];
    *at += size;
    return *at <= length;
}

static bool read_quoted6(const struct lx_policy *policy, const uint8_t *bytes, size_t length,
                         struct oracle_tuple *quoted)
{
    bool fragmented = false;
    unsigned count = 0;
    size_t at = 40;
    uint8_t next;

    if (length < 40 + PROMISED || bytes[0] / 16 != 6)
        return false;
    memcpy(quoted->source, bytes + 8, 16);
    memcpy(quoted->destination, bytes + 24, 16);
    for (next = bytes[6]; next == 0 || next == 43 || next == 44 || next == 60; count++)
        if (!step_over(policy, bytes, length, &at, &next, count, &fragmented))
            return false;
    return at + PROMISED <= length && read_conversation(bytes + at, next, quoted);
}

bool oracle_read_quoted(const struct lx_policy *policy, const uint8_t *bytes, size_t length, bool ipv6,
                        struct oracle_tuple *quoted)
{
    memset(quoted, 0, sizeof(*quoted));
    quoted->ipv6 = ipv6;
    return ipv6 ? read_quoted6(policy, bytes, length, quoted) : read_quoted4(policy, bytes, length, quoted);
}
