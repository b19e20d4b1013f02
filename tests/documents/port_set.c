/* SPDX-License-Identifier: GPL-2.0-only */
#include "port_set.h"

void add_ports(struct port_set *set, const struct lx_ports *ports)
{
    static const struct lx_ports all = {.count = 1, .ranges = {{1, 65535}}};

    if (lx_ports_any(ports))
        ports = &all;
    for (size_t i = 0; i < ports->count; i++)
        for (unsigned port = ports->ranges[i].first; port <= ports->ranges[i].last; port++)
            set->bits[port / 64] |= 1ull << port % 64;
}

unsigned first_lacking(const struct port_set *set, const struct lx_ports *ports)
{
    struct port_set wanted = {{0}};

    add_ports(&wanted, ports);
    for (unsigned i = 0; i < 65536 / 64; i++)
        if (wanted.bits[i] & ~set->bits[i])
            return 64 * i + (unsigned)__builtin_ctzll(wanted.bits[i] & ~set->bits[i]);
    return 0;
}

bool within(const struct lx_ports *inner, const struct lx_ports *outer)
{
    struct port_set set = {{0}};

    if (lx_ports_any(outer) || lx_ports_any(inner))
        return lx_ports_any(outer);
    add_ports(&set, outer);
    return !first_lacking(&set, inner);
}
