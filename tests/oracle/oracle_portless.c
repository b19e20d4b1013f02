/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protocols without ports, and ICMP echo where a row lists it. Such a row has the number of its protocol in the place
 * of a destination port; echo, of either family, has 1 there.
 */
#include "oracle.h"

#include <string.h>

bool oracle_lists_protocol(const struct lx_policy *policy, uint8_t protocol)
{
    size_t index;

    for (index = 0; index < policy->rule_count; index++) {
        const struct lx_row *row = policy->rules[index].row;

        if (row->transports == 1u << LX_PORTLESS && row->destination_ports.ranges[0].first == protocol)
            return true;
    }
    return false;
}

bool oracle_is_router_alert(const struct lx_policy *policy, uint8_t protocol, const uint8_t *options, size_t size)
{
    static const uint8_t alert[4] = {0x94, 0x04, 0, 0};

    return protocol == 2 && size == 4 && memcmp(options, alert, 4) == 0 && oracle_lists_protocol(policy, 2);
}

/* 224.0.0.5 and 6, ff02::5 and 6 are OSPF's; 224.0.0.13 and ff02::d PIM's; 224.0.0.18 and ff02::12 VRRP's; all of
 * 224.0.0.0/4 are IGMP's. */
bool oracle_is_own_group(const struct oracle_packet *packet)
{
    static const uint8_t all4[3] = {224, 0, 0}, all6[15] = {0xff, 0x02};
    const uint8_t *destination = packet->tuple.destination;
    bool ipv6 = packet->tuple.ipv6;
    uint8_t last = destination[ipv6 ? 15 : 3];

    if (packet->protocol == 2 && !ipv6)
        return destination[0] >= 224 && destination[0] < 240;
    if (ipv6 ? memcmp(destination, all6, 15) != 0 : memcmp(destination, all4, 3) != 0)
        return false;
    switch (packet->protocol) {
    case 89:
        return last == 5 || last == 6;
    case 103:
        return last == 13;
    case 112:
        return last == 18;
    default:
        return false;
    }
}

struct oracle_tuple oracle_echo_rows(const struct oracle_tuple *tuple)
{
    struct oracle_tuple asked = *tuple;

    asked.transport = LX_PORTLESS;
    asked.source_port = asked.destination_port = 1;
    return asked;
}
