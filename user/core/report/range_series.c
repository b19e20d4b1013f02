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
                 series->items[i].last == wanted->last && series->items[i].peer == wanted->peer;
    return chosen;
}

/* One end of a row. */
static void choose_end(struct lx_range_series *series, const struct lx_row_label *label, bool source, bool peer)
{
    const struct lx_label_range *ports = source ? label->source_ports : label->ports;
    size_t count = source ? label->source_port_count : label->port_count;

    for (enum lx_transport transport = LX_TCP; transport < LX_TRANSPORT_COUNT; transport++)
        for (size_t i = 0; i < count && i < LX_LABEL_PORTS; i++) {
            const struct lx_range_serie range = {ports[i].first, ports[i].last, (uint8_t)transport, peer};

            if (!(label->transports & LX_TRANSPORT_BIT(transport)) || range.last - range.first < LX_WATCHED_RANGE ||
                series->count == LX_RANGE_SERIES_LIMIT || is_chosen(series, &range))
                continue;
            series->items[series->count++] = range;
        }
}

void lx_range_series_choose(struct lx_range_series *series, const struct lx_row_label *labels,
                            const struct lx_slot_set *rows, enum lx_hook hook)
{
    for (size_t slot = 0; slot < LX_ROW_SLOTS; slot++) {
        bool sends = labels[slot].hook == LX_HOOK_FROM_ROLE;

        if (!labels[slot].id[0] || !lx_slot_set_has(rows, (uint32_t)slot))
            continue;
        choose_end(series, &labels[slot], sends, false);
        if (sends && hook == LX_HOOK_FROM_ROLE)
            choose_end(series, &labels[slot], false, true);
    }
}

struct lx_port_count lx_range_series_count(const struct lx_range_serie *serie, enum lx_hook hook,
                                           const struct lx_counters *counters)
{
    bool source = hook == LX_HOOK_FROM_ROLE && !serie->peer;
    const __u64 *pages = (source ? counters->own_pages : counters->port_pages)[serie->transport];
    const __u64 *dropped = (source ? counters->own_dropped : counters->dropped)[serie->transport];
    const __u64 *would_drop = (source ? counters->own_would_drop : counters->would_drop)[serie->transport];
    struct lx_port_count count = {0};

    for (uint32_t port = serie->first; port <= serie->last; port++) {
        if (!pages[port / LX_PORT_PAGE]) {
            port |= LX_PORT_PAGE - 1; /* none of the page */
            continue;
        }
        count.dropped += dropped[port];
        count.would_drop += would_drop[port];
    }
    return count;
}

const char *lx_range_text(const struct lx_range_serie *serie, char text[12])
{
    snprintf(text, 12, "%u-%u", serie->first, serie->last);
    return text;
}
