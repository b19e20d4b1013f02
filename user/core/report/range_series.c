/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes the ranges off the labels of the rows, each once, and adds up what their ports have counted. */
#include "range_series.h"

#include <stdio.h>

#include "user/core/image/row_slots.h"
#include "user/core/resolve/watch_ports.h"

static bool is_chosen(const struct lx_range_series *series, const struct lx_range_serie *wanted)
{
    bool chosen = false;

    for (size_t i = 0; i < series->count && !chosen; i++)
        chosen = series->items[i].transport == wanted->transport && series->items[i].first == wanted->first &&
                 series->items[i].last == wanted->last;
    return chosen;
}

static void choose_row(struct lx_range_series *series, const struct lx_row_label *label)
{
    for (enum lx_transport transport = LX_TCP; transport < LX_TRANSPORT_COUNT; transport++)
        for (size_t i = 0; i < label->port_count && i < LX_LABEL_PORTS; i++) {
            const struct lx_range_serie range = {label->ports[i].first, label->ports[i].last, (uint8_t)transport};

            if (!(label->transports & LX_TRANSPORT_BIT(transport)) || range.last - range.first < LX_WATCHED_RANGE ||
                series->count == LX_RANGE_SERIES_LIMIT || is_chosen(series, &range))
                continue;
            series->items[series->count++] = range;
        }
}

void lx_range_series_choose(struct lx_range_series *series, const struct lx_row_label *labels,
                            const struct lx_slot_set *rows, enum lx_hook hook)
{
    for (size_t slot = 0; slot < LX_ROW_SLOTS; slot++)
        if (labels[slot].id[0] && labels[slot].hook == hook && lx_slot_set_has(rows, (uint32_t)slot))
            choose_row(series, &labels[slot]);
}

struct lx_port_count lx_range_series_count(const struct lx_range_serie *serie, const struct lx_counters *counters)
{
    struct lx_port_count count = {0};

    for (uint32_t port = serie->first; port <= serie->last; port++) {
        if (!counters->port_pages[serie->transport][port / LX_PORT_PAGE]) {
            port |= LX_PORT_PAGE - 1; /* none of the page */
            continue;
        }
        count.dropped += counters->dropped[serie->transport][port];
        count.would_drop += counters->would_drop[serie->transport][port];
    }
    return count;
}

const char *lx_range_text(const struct lx_range_serie *serie, char text[12])
{
    snprintf(text, 12, "%u-%u", serie->first, serie->last);
    return text;
}
