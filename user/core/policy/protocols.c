/* SPDX-License-Identifier: GPL-2.0-only */
#include "protocols.h"

#include <lyncxdp/portless.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/core/text/number.h"

static const uint8_t numbers[LX_PROTOCOL_NAMES] = {LX_IPPROTO_VRRP, LX_IPPROTO_OSPF, IPPROTO_IGMP,
                                                   IPPROTO_PIM,     IPPROTO_ESP,     IPPROTO_AH,
                                                   IPPROTO_GRE,     IPPROTO_IPIP,    LX_ECHO_PROTOCOL};

const char *const lx_protocol_names[LX_PROTOCOL_NAMES] = {"vrrp", "ospf", "igmp", "pim", "esp",
                                                          "ah",   "gre",  "ipip", "echo"};

/* Numbers that are judged for what they are, or lie before a transport. */
static const char *problem_of(uint32_t number)
{
    switch (number) {
    case IPPROTO_TCP:
        return "6 is TCP; write tcp, with port:";
    case IPPROTO_UDP:
        return "17 is UDP; write udp, with port:";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return "ICMP is judged by its type; write echo for ping, of either family (errors are built-in: icmp-error)";
    case IPPROTO_FRAGMENT:
        return "44 is IPv6's fragment header; write the transport that is behind it, and built-in: {fragments: track}";
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_DSTOPTS:
        return "0, 43 and 60 are extension headers of IPv6; write the transport that is behind them";
    default:
        return NULL;
    }
}

struct lx_protocol_text lx_protocol_name(uint8_t protocol)
{
    struct lx_protocol_text name;

    snprintf(name.text, sizeof(name.text), "%u", protocol);
    for (size_t i = 0; i < LX_PROTOCOL_NAMES; i++)
        if (numbers[i] == protocol)
            snprintf(name.text, sizeof(name.text), "%s", lx_protocol_names[i]);
    return name;
}

int lx_protocol_parse(const char *word, uint8_t *protocol, const char **problem)
{
    uint32_t number = 0;

    *problem = NULL;
    for (size_t i = 0; i < LX_PROTOCOL_NAMES; i++) {
        if (strcmp(word, lx_protocol_names[i]) != 0)
            continue;
        *protocol = numbers[i];
        return 0;
    }
    if (!lx_number_parse(word, 0, 255, &number))
        return -EINVAL;
    *problem = problem_of(number);
    if (*problem)
        return -EINVAL;
    *protocol = (uint8_t)number;
    return 0;
}

/* 224.0.0.N and ff02::N. */
static size_t add_group(uint8_t number, struct lx_prefix *groups, size_t room, size_t count)
{
    const struct lx_prefix both[2] = {
        {.address.bytes = {[10] = 0xff, 0xff, 224, 0, 0, number}, .length = 128},
        {.address.bytes = {0xff, 0x02, [15] = number}, .length = 128},
    };

    for (size_t i = 0; i < 2; i++)
        if (count + i < room)
            groups[count + i] = both[i];
    return count + 2;
}

size_t lx_protocol_groups(uint8_t protocol, struct lx_prefix *groups, size_t room)
{
    static const struct lx_prefix all = {.address.bytes = {[10] = 0xff, 0xff, 224}, .length = 100}; /* 224.0.0.0/4 */
    static const uint8_t own[][2] = {
#define OWN_GROUP(its_protocol, number) {its_protocol, number},
        LX_OWN_GROUPS(OWN_GROUP)
#undef OWN_GROUP
    };
    size_t count = 0;

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (own[i][0] == protocol)
            count = add_group(own[i][1], groups, room, count);
    if (protocol != IPPROTO_IGMP)
        return count;
    if (room)
        *groups = all;
    return 1;
}
