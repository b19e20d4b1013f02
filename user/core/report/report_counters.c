/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_counters.h"

#include <stdlib.h>

#include "report_json.h"
#include "user/core/explain/probe.h"

static json_t *row_counters(const struct lx_counters *counters, const struct lx_row_label *labels)
{
    json_t *rows = json_array();

    for (size_t slot = 0; slot < LX_ROW_SLOTS; slot++) {
        const struct lx_counter *counter = &counters->rows[slot];

        if (!labels[slot].id[0])
            continue;
        if (lx_json_add(rows, json_pack("{s:o, s:I, s:I, s:o, s:o}", "id", lx_json_text(labels[slot].id), "packets",
                                        (json_int_t)counter->packets, "bytes", (json_int_t)counter->bytes, "source",
                                        lx_json_text(labels[slot].source), "override",
                                        lx_json_text(labels[slot].override)))) {
            json_decref(rows);
            return NULL;
        }
    }
    return rows;
}

/* Adds one counter of a reason, unless it is zero, and its packets to the sum. Returns 0 or -1. */
static int add_reason(json_t *reasons, uint32_t reason, const char *verdict, const struct lx_counter *counter,
                      uint64_t *packets)
{
    *packets += counter->packets;
    if (!counter->packets)
        return 0;
    return lx_json_add(reasons, json_pack("{s:s, s:s, s:I, s:I, s:s}", "reason", lx_reason_name(reason), "verdict",
                                          verdict, "packets", (json_int_t)counter->packets, "bytes",
                                          (json_int_t)counter->bytes, "meaning", lx_reason_meaning(reason)));
}

static json_t *reason_counters(const struct lx_counters *counters, uint64_t *packets)
{
    json_t *reasons = json_array();

    *packets = 0;
    for (uint32_t reason = 0; reason < LX_REASON_CAPACITY; reason++) {
        const char *verdict = lx_reason_verdict(reason) == LX_PASS ? "pass" : "drop";

        if (add_reason(reasons, reason, verdict, &counters->reasons[reason], packets) ||
            add_reason(reasons, reason, "would-drop", &counters->would_drop_reasons[reason], packets)) {
            json_decref(reasons);
            return NULL;
        }
    }
    return reasons;
}

struct dropped_port {
    uint64_t dropped, would_drop;
    uint32_t transport, port;
};

static int most_dropped_first(const void *left, const void *right)
{
    const struct dropped_port *a = left, *b = right;
    uint64_t packets = a->dropped + a->would_drop, others = b->dropped + b->would_drop;

    if (packets != others)
        return packets < others ? 1 : -1;
    if (a->transport != b->transport)
        return a->transport < b->transport ? -1 : 1;
    return a->port < b->port ? -1 : a->port > b->port;
}

/* Collects the non-zero ports; returns their number, or -1. Caller frees. */
static ssize_t dropped_ports(const struct lx_counters *counters, struct dropped_port **ports)
{
    struct dropped_port *found;
    size_t count = 0, filled = 0;

    for (uint32_t i = 0; i < LX_TRANSPORT_COUNT * 65536u; i++)
        count += counters->dropped[i >> 16][i & 0xffff] || counters->would_drop[i >> 16][i & 0xffff];
    found = calloc(count + 1, sizeof(*found));
    if (!found)
        return -1;
    for (uint32_t i = 0; i < LX_TRANSPORT_COUNT * 65536u && filled < count; i++) {
        uint64_t dropped = counters->dropped[i >> 16][i & 0xffff];
        uint64_t would_drop = counters->would_drop[i >> 16][i & 0xffff];

        if (dropped || would_drop)
            found[filled++] = (struct dropped_port){dropped, would_drop, i >> 16, i & 0xffff};
    }
    qsort(found, filled, sizeof(*found), most_dropped_first);
    *ports = found;
    return (ssize_t)filled;
}

static json_t *port_counters(const struct lx_counters *counters)
{
    struct dropped_port *ports = NULL;
    ssize_t count = dropped_ports(counters, &ports);
    json_t *array = count < 0 ? NULL : json_array();

    for (ssize_t i = 0; i < count; i++) {
        if (lx_json_add(array,
                        json_pack("{s:s, s:o, s:I, s:I}", "transport", lx_transport_name(ports[i].transport), "port",
                                  json_sprintf("%u", ports[i].port), "dropped", (json_int_t)ports[i].dropped,
                                  "would_drop", (json_int_t)ports[i].would_drop))) {
            json_decref(array);
            array = NULL;
            break;
        }
    }
    free(ports);
    return array;
}

json_t *lx_report_counters(const struct lx_metadata *metadata, enum lx_hook hook, const struct lx_counters *counters,
                           const struct lx_row_label *labels)
{
    uint64_t packets = 0;
    json_t *reasons = reason_counters(counters, &packets);

    return json_pack("{s:o, s:s, s:I, s:o, s:o, s:o}", "interface", lx_json_text(metadata->interface), "hook",
                     lx_hook_name(hook), "packets", (json_int_t)packets, "rows", row_counters(counters, labels),
                     "reasons", reasons, "ports", port_counters(counters));
}
