/* SPDX-License-Identifier: GPL-2.0-only */
/* Collects the ports in a bitmap of all that there are, which sorts them and counts each once. */
#include "watch_ports.h"

#include <errno.h>
#include <stdlib.h>

static const uint16_t liked_by_scanners[] = {21,   22,   23,   25,   53,   80,   111,  123,  135,
                                             137,  138,  139,  161,  389,  443,  445,  1433, 1720,
                                             1900, 3306, 3389, 5060, 5061, 5353, 5900, 8080, 11211};

static void mark_all(bool *marked, const uint16_t *ports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        marked[ports[i]] = true;
}

static void mark_ports(bool *marked, const struct lx_ports *ports)
{
    for (size_t i = 0; i < ports->count; i++) {
        const struct lx_port_range *range = &ports->ranges[i];

        for (uint32_t port = range->first; range->last - range->first < LX_WATCHED_RANGE && port <= range->last; port++)
            marked[port] = true;
    }
}

int lx_watch_ports(const struct lx_site *site, struct lx_policy *policy)
{
    bool *marked = calloc(65536, sizeof(*marked));
    uint16_t *ports = calloc(65536, sizeof(*ports));
    size_t count = 0;
    int error = marked && ports ? 0 : -ENOMEM;

    if (!error && site && site->watch_ports_listed)
        mark_all(marked, site->watch_ports, site->watch_port_count);
    else if (!error)
        mark_all(marked, liked_by_scanners, sizeof(liked_by_scanners) / sizeof(*liked_by_scanners));
    for (size_t i = 0; !error && i < policy->rule_count; i++)
        mark_ports(marked, &policy->rules[i].row->destination_ports);
    for (uint32_t port = 1; !error && port < 65536; port++)
        if (marked[port])
            ports[count++] = (uint16_t)port;
    free(marked);
    if (error) {
        free(ports);
        return error;
    }
    free(policy->watch_ports);
    policy->watch_ports = ports;
    policy->watch_port_count = count;
    return 0;
}
