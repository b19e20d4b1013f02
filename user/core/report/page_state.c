/* SPDX-License-Identifier: GPL-2.0-only */
/* Picks out of what was seen what a person wants to see at a glance: the few largest of everything. */
#include "page_state.h"

#include <stdlib.h>
#include <string.h>

#include "report_json.h"
#include "report_status.h"
#include "user/core/explain/probe.h"
#include "user/core/image/row_slots.h"

#define MOST 10

/* The largest so far, largest first. `what` means something to whoever adds. */
struct largest {
    size_t count;
    struct {
        uint64_t size;
        uint32_t what;
    } items[MOST];
};

static void offer(struct largest *largest, uint64_t size, uint32_t what)
{
    size_t at;

    if (!size || (largest->count == MOST && largest->items[MOST - 1].size >= size))
        return;
    at = largest->count < MOST ? largest->count++ : MOST - 1;
    for (; at && largest->items[at - 1].size < size; at--)
        largest->items[at] = largest->items[at - 1];
    largest->items[at].size = size;
    largest->items[at].what = what;
}

/* The row in force that lists a port at a hook, or NULL: then what is dropped there is not the policy's at all. */
static const struct lx_row_label *row_with(const struct lx_observed *observed, enum lx_hook hook, uint32_t transport,
                                           uint32_t port)
{
    for (size_t slot = 0; slot < LX_ROW_SLOTS; slot++) {
        const struct lx_row_label *label = &observed->labels[slot];
        bool listed = !label->port_count;

        if (!lx_slot_set_has(&observed->publication.rows, (uint32_t)slot) || label->hook != hook ||
            !(label->transports >> transport & 1))
            continue;
        for (size_t i = 0; i < label->port_count && i < LX_LABEL_PORTS; i++)
            listed = listed || (label->ports[i].first <= port && port <= label->ports[i].last);
        if (listed)
            return label;
    }
    return NULL;
}

static json_t *ports(const struct lx_observed *observed, enum lx_hook hook)
{
    const struct lx_counters *counters = observed->hooks[hook].counters;
    struct largest largest = {0};
    json_t *list = json_array();

    for (uint32_t i = 0; i < LX_TRANSPORT_COUNT * 65536u; i++) {
        if (!counters->port_pages[i >> 16][(i & 0xffff) / LX_PORT_PAGE])
            i += LX_PORT_PAGE - 1;
        else
            offer(&largest, counters->dropped[i >> 16][i & 0xffff] + counters->would_drop[i >> 16][i & 0xffff], i);
    }
    for (size_t i = 0; list && i < largest.count; i++) {
        uint32_t transport = largest.items[i].what >> 16, port = largest.items[i].what & 0xffff;
        const struct lx_row_label *row = row_with(observed, hook, transport, port);

        if (lx_json_add(list, json_pack("{s:s, s:i, s:I, s:I, s:o}", "transport", lx_transport_name(transport), "port",
                                        (int)port, "dropped", (json_int_t)counters->dropped[transport][port],
                                        "would_drop", (json_int_t)counters->would_drop[transport][port], "row",
                                        row ? lx_json_text(row->id) : json_null())))
            return json_decref(list), NULL;
    }
    return list;
}

/* The ranges that rows name and that drop, the largest first. */
static json_t *ranges(const struct lx_observed_hook *seen, enum lx_hook hook)
{
    struct largest largest = {0};
    json_t *list = json_array();
    char text[12];

    for (uint32_t i = 0; i < seen->ranges.count; i++) {
        const struct lx_port_count count = lx_range_series_count(&seen->ranges.items[i], hook, seen->counters);

        offer(&largest, count.dropped + count.would_drop, i);
    }
    for (size_t i = 0; list && i < largest.count; i++) {
        const struct lx_range_serie *serie = &seen->ranges.items[largest.items[i].what];
        const struct lx_port_count count = lx_range_series_count(serie, hook, seen->counters);

        if (lx_json_add(list,
                        json_pack("{s:s, s:s, s:s, s:I, s:I}", "transport", lx_transport_name(serie->transport),
                                  "range", lx_range_text(serie, text), "end", serie->peer ? "peer" : "role", "dropped",
                                  (json_int_t)count.dropped, "would_drop", (json_int_t)count.would_drop)))
            return json_decref(list), NULL;
    }
    return list;
}

static json_t *reasons(const struct lx_counters *counters)
{
    struct largest largest = {0};
    json_t *list = json_array();

    for (uint32_t reason = 0; reason < LX_REASON_COUNT; reason++)
        if (lx_reason_verdict(reason) == LX_DROP)
            offer(&largest, counters->reasons[reason].packets + counters->would_drop_reasons[reason].packets, reason);
    for (size_t i = 0; list && i < largest.count; i++) {
        uint32_t reason = largest.items[i].what;

        if (lx_json_add(list,
                        json_pack("{s:s, s:s, s:I, s:I}", "reason", lx_reason_name(reason), "meaning",
                                  lx_reason_meaning(reason), "dropped", (json_int_t)counters->reasons[reason].packets,
                                  "would_drop", (json_int_t)counters->would_drop_reasons[reason].packets)))
            return json_decref(list), NULL;
    }
    return list;
}

static json_t *rows(const struct lx_observed *observed, const struct lx_counters *counters)
{
    struct largest largest = {0};
    json_t *list = json_array();

    for (uint32_t slot = 0; slot < LX_ROW_SLOTS; slot++)
        if (observed->labels[slot].id[0])
            offer(&largest, counters->rows[slot].packets, slot);
    for (size_t i = 0; list && i < largest.count; i++) {
        uint32_t slot = largest.items[i].what;

        if (lx_json_add(list, json_pack("{s:o, s:I, s:o, s:o}", "id", lx_json_text(observed->labels[slot].id),
                                        "packets", (json_int_t)counters->rows[slot].packets, "source",
                                        lx_json_text(observed->labels[slot].source), "override",
                                        lx_json_text(observed->labels[slot].override))))
            return json_decref(list), NULL;
    }
    return list;
}

static const char *found_name(enum lx_found found)
{
    switch (found) {
    case LX_FOUND_RUNNING:
        return "filtering";
    case LX_FOUND_GONE:
        return "not-running";
    case LX_FOUND_UNKNOWN:
        break;
    }
    return "unknown";
}

static json_t *hook_state(const struct lx_page_input *input, const struct lx_observed *observed, enum lx_hook hook)
{
    const struct lx_observed_hook *seen = &observed->hooks[hook];
    const struct lx_moment moment = lx_moment_of(seen->counters);

    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "hook", lx_hook_name(hook), "state",
                     found_name(seen->found), "passed", (json_int_t)moment.passed, "dropped",
                     (json_int_t)moment.dropped, "would_drop", (json_int_t)moment.would_drop, "history",
                     lx_history_report(input->history, observed, hook, input->now), "ports", ports(observed, hook),
                     "ranges", ranges(seen, hook), "reasons", reasons(seen->counters), "rows",
                     rows(observed, seen->counters));
}

static json_t *hooks(const struct lx_page_input *input, const struct lx_observed *observed)
{
    json_t *list = json_array();

    for (enum lx_hook hook = LX_HOOK_TO_ROLE; list && hook < LX_HOOK_COUNT; hook++)
        if (observed->hooks[hook].present && observed->hooks[hook].counters &&
            lx_json_add(list, hook_state(input, observed, hook)))
            return json_decref(list), NULL;
    return list;
}

static json_t *attachment_state(const struct lx_page_input *input, const struct lx_observed *observed)
{
    const struct lx_publication *publication = &observed->publication;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:I, s:b, s:I, s:b, s:b, s:o, s:I, s:o}", "interface",
                     lx_json_text(lx_observed_called(observed).text), "pair", lx_json_text(observed->metadata.pair),
                     "role", lx_json_text(publication->roles), "edition", lx_json_text(publication->edition), "side",
                     lx_json_text(publication->side), "mode", lx_hook_mode(&observed->metadata, LX_HOOK_TO_ROLE),
                     "egress", lx_egress_name(publication->egress), "netns",
                     observed->elsewhere ? json_integer((json_int_t)observed->metadata.netns) : json_null(),
                     "generation", (json_int_t)publication->generation, "audit", publication->audit, "trial_seconds",
                     (json_int_t)lx_observed_trial_seconds(observed), "fallback", lx_observed_on_fallback(observed),
                     "shadow", lx_observed_has_shadow(observed), "flows",
                     observed->flows_known && observed->hooks[LX_HOOK_FROM_ROLE].present
                         ? json_integer((json_int_t)observed->flows.live)
                         : json_null(),
                     "flow_capacity", (json_int_t)observed->metadata.flow_capacity, "hooks", hooks(input, observed));
}

static json_t *attachments(const struct lx_page_input *input)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < input->seen.count; i++)
        if (lx_json_add(list, attachment_state(input, input->seen.items[i])))
            return json_decref(list), NULL;
    return list;
}

static json_t *troubles(const struct lx_page_input *input)
{
    json_t *list = json_array();

    if (list && input->failure && lx_json_add(list, lx_json_text(input->failure)))
        return json_decref(list), NULL;
    for (size_t i = 0; list && i < input->troubles->count; i++)
        if (lx_json_add(list, lx_json_text(input->troubles->items[i])))
            return json_decref(list), NULL;
    return list;
}

json_t *lx_page_state(const struct lx_page_input *input)
{
    return json_pack("{s:s, s:I, s:o, s:o}", "version", input->version, "time", (json_int_t)input->now, "troubles",
                     troubles(input), "attachments", attachments(input));
}
