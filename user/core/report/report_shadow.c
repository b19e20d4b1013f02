/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_shadow.h"

#include <stdlib.h>
#include <string.h>

#include "report_json.h"
#include "user/core/explain/probe.h"

static int most_first(const void *left, const void *right)
{
    const struct lx_divergence_count *a = left, *b = right;

    if (a->counter.packets != b->counter.packets)
        return a->counter.packets < b->counter.packets ? 1 : -1;
    return memcmp(&a->change, &b->change, sizeof(a->change)); /* any order that is always the same */
}

static json_t *row_of(uint16_t row, const struct lx_row_label *labels)
{
    return row < LX_ROW_SLOTS ? lx_json_text(labels[row].id) : json_null();
}

static json_t *change_of(const struct lx_divergence_count *count, const struct lx_row_label *labels)
{
    const struct lx_divergence *change = &count->change;
    bool ports = change->transport < LX_TRANSPORT_COUNT;

    return json_pack("{s:o, s:o, s:s, s:o, s:I, s:I, s:s}", "transport",
                     ports ? json_string(lx_transport_name(change->transport)) : json_null(), "port",
                     ports ? json_sprintf("%u", change->port) : json_null(), "reason", lx_reason_name(change->reason),
                     "row", row_of(change->row, labels), "packets", (json_int_t)count->counter.packets, "bytes",
                     (json_int_t)count->counter.bytes, "meaning", lx_reason_meaning(change->reason));
}

/* The changes of one kind, and at the end those that found no room to be distinguished. */
static json_t *changes_of(const struct lx_shadow_counts *counts, enum lx_verdict newly,
                          const struct lx_row_label *labels)
{
    struct lx_counter rest = counts->sum.newly[newly];
    json_t *array = json_array();
    int error = 0;

    for (size_t i = 0; i < counts->count && !error; i++) {
        const struct lx_divergence_count *count = &counts->changes[i];

        if (count->change.newly != newly)
            continue;
        rest.packets -= count->counter.packets < rest.packets ? count->counter.packets : rest.packets;
        rest.bytes -= count->counter.bytes < rest.bytes ? count->counter.bytes : rest.bytes;
        error = lx_json_add(array, change_of(count, labels));
    }
    if (!error && rest.packets)
        error = lx_json_add(array, json_pack("{s:n, s:s, s:n, s:n, s:I, s:I, s:s}", "transport", "port", "other",
                                             "reason", "row", "packets", (json_int_t)rest.packets, "bytes",
                                             (json_int_t)rest.bytes, "meaning", "too many to list one by one"));
    if (!error)
        return array;
    json_decref(array);
    return NULL;
}

json_t *lx_report_shadow(struct lx_shadow_counts *counts, const struct lx_publication *candidate,
                         const struct lx_row_label *labels)
{
    if (counts->count)
        qsort(counts->changes, counts->count, sizeof(*counts->changes), most_first);
    return json_pack("{s:I, s:o, s:I, s:o, s:o}", "generation", (json_int_t)candidate->generation, "role",
                     lx_json_text(candidate->roles), "packets", (json_int_t)counts->sum.packets, "newly_dropped",
                     changes_of(counts, LX_DROP, labels), "newly_passed", changes_of(counts, LX_PASS, labels));
}
