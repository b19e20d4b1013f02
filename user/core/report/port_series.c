/* SPDX-License-Identifier: GPL-2.0-only */
/* Chooses ports, and works out what is left for `other`: the sum over all ports less what the chosen ones show. */
#include "port_series.h"

#include <errno.h>
#include <stdlib.h>

static bool is_chosen(const struct lx_port_series *series, enum lx_transport transport, uint16_t port)
{
    return series->chosen[transport][port / 8] >> port % 8 & 1;
}

int lx_port_series_choose(struct lx_port_series *series, const struct lx_counters *shown, enum lx_transport transport,
                          uint16_t port)
{
    struct lx_port_serie *grown;

    if (series->count >= LX_PORT_SERIES_LIMIT || is_chosen(series, transport, port))
        return 0;
    grown = reallocarray(series->items, series->count + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    series->items = grown;
    grown[series->count++] = (struct lx_port_serie){
        .port = port,
        .transport = (uint8_t)transport,
        .dropped_before = shown ? shown->dropped[transport][port] : 0,
        .would_drop_before = shown ? shown->would_drop[transport][port] : 0,
    };
    series->chosen[transport][port / 8] |= (uint8_t)(1 << port % 8);
    return 0;
}

/* A port that has counted and is not chosen has never been shown as `other`, unless there was no room for it then. */
int lx_port_series_choose_counted(struct lx_port_series *series, const struct lx_counters *counters)
{
    int error = 0;

    for (uint32_t i = 0; i < LX_TRANSPORT_COUNT * 65536u && !error; i++) {
        enum lx_transport transport = (enum lx_transport)(i >> 16);
        uint16_t port = i & 0xffff;

        if (!counters->port_pages[transport][port / LX_PORT_PAGE])
            i += LX_PORT_PAGE - 1; /* none of the page */
        else if (counters->dropped[transport][port] || counters->would_drop[transport][port])
            error = lx_port_series_choose(series, NULL, transport, port);
    }
    return error;
}

struct lx_port_count lx_port_series_count(const struct lx_port_serie *serie, const struct lx_counters *counters)
{
    return (struct lx_port_count){
        .dropped = counters->dropped[serie->transport][serie->port] - serie->dropped_before,
        .would_drop = counters->would_drop[serie->transport][serie->port] - serie->would_drop_before,
    };
}

struct lx_port_count lx_port_series_other(const struct lx_port_series *series, const struct lx_counters *counters,
                                          enum lx_transport transport)
{
    struct lx_port_count other = {counters->all_dropped[transport], counters->all_would_drop[transport]};

    for (size_t i = 0; i < series->count; i++) {
        struct lx_port_count own = lx_port_series_count(&series->items[i], counters);

        if (series->items[i].transport != transport)
            continue;
        other.dropped -= own.dropped;
        other.would_drop -= own.would_drop;
    }
    return other;
}

void lx_port_series_free(struct lx_port_series *series)
{
    free(series->items);
    *series = (struct lx_port_series){0};
}
