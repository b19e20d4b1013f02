/* SPDX-License-Identifier: GPL-2.0-only */
/* flows: the conversations that the role began and that live: who with whom, how they stand, which row lists them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/options/attachments.h"
#include "user/cli/print/output.h"
#include "user/cli/print/table.h"
#include "user/cli/print/title.h"
#include "user/core/report/report_flows.h"
#include "user/core/report/report_json.h"
#include "user/kernel/process/clock.h"
#include "user/kernel/read/flows.h"
#include "verb.h"

static const struct lx_option options_of_flows[] = {
    {"json", NULL, "print JSON", lx_take_flag, 0},
};

static const struct lx_column columns[] = {
    {"TRANSPORT", "transport", false, false},
    {"ROLE", "role", false, false},
    {"REMOTE", "remote", false, false},
    {"STATE", "state", false, false},
    {"ROW", "row", false, false},
    {"PICKED UP", "picked_up", false, false},
    {"AGE", "age", true, false},
    {"IDLE", "idle", true, false},
};

/* Those that were heard of last come first. */
static int latest_first(const void *left, const void *right)
{
    const struct lx_flow *a = left, *b = right;

    if (a->seen != b->seen)
        return a->seen < b->seen ? 1 : -1;
    /* Any fixed order does, and all bytes of the ends are written. */
    return memcmp((const void *)&a->ends, (const void *)&b->ends, sizeof(a->ends));
}

/* Reports the live flows of an attachment. Returns the exit code. */
static int report_flows(const struct lx_attachment *attachment, json_t *flows)
{
    struct lx_flow *entries = NULL;
    struct lx_row_label *labels = NULL;
    struct lx_failure failure;
    int result = LX_EXIT_DONE;
    uint64_t time = lx_monotonic_ns();
    json_t *mark = json_object();
    size_t count = 0;

    if (lx_attachment_flows(attachment, &entries, &count, &failure) ||
        lx_attachment_labels(attachment, &labels, &failure))
        result = lx_print_failure(&failure);
    else if (count)
        qsort(entries, count, sizeof(*entries), latest_first);
    if (lx_mark_place(mark, &attachment->metadata))
        result = lx_memory_error();
    for (size_t i = 0; result == LX_EXIT_DONE && i < count; i++) {
        json_t *flow = lx_report_flow(&attachment->metadata, &entries[i], time, labels);

        if (lx_json_add(flows, flow) || json_object_update(flow, mark))
            result = lx_memory_error();
    }
    json_decref(mark);
    free(labels);
    free(entries);
    return result;
}

/* The two largest units of a number of seconds: "7s", "4m05s", "2h04m", "3d12h". */
static json_t *duration(const json_t *seconds)
{
    json_int_t count = json_integer_value(seconds);

    if (count < 60)
        return json_sprintf("%ds", (int)count);
    if (count < 3600)
        return json_sprintf("%dm%02ds", (int)(count / 60), (int)(count % 60));
    if (count < 86400)
        return json_sprintf("%dh%02dm", (int)(count / 3600), (int)(count / 60 % 60));
    return json_sprintf("%dd%02dh", (int)(count / 86400), (int)(count / 3600 % 24));
}

static int print_table(const json_t *flows)
{
    json_t *flow;
    size_t i;

    json_array_foreach(flows, i, flow)
    {
        if (json_object_set_new(flow, "age", duration(json_object_get(flow, "age_seconds"))) ||
            json_object_set_new(flow, "idle", duration(json_object_get(flow, "idle_seconds"))))
            return lx_memory_error();
    }
    return lx_print_table(flows, columns, sizeof(columns) / sizeof(*columns));
}

static int print_flows(const struct lx_attachment *attachment)
{
    const struct lx_metadata *metadata = &attachment->metadata;
    json_t *flows = json_array();
    struct lx_flow_numbers numbers = {0};
    struct lx_failure failure;
    int result;

    if (!flows)
        return lx_memory_error();
    result = report_flows(attachment, flows);
    if (result == LX_EXIT_DONE && lx_attachment_flow_numbers(attachment, &numbers, &failure))
        result = lx_print_failure(&failure);
    if (result == LX_EXIT_DONE) {
        lx_print("%s: %zu flow%s, room for %u, %llu evicted, %llu picked up\n", lx_attachment_title(metadata).text,
                 json_array_size(flows), lx_plural(json_array_size(flows)), metadata->flow_capacity,
                 (unsigned long long)numbers.evicted, (unsigned long long)numbers.picked_up);
        if (json_array_size(flows))
            result = print_table(flows);
    }
    json_decref(flows);
    return result;
}

struct visited {
    json_t *flows; /* to be added to; NULL: they are printed for people */
    size_t attachments;
};

static int visit(const struct lx_attachment *attachment, void *context)
{
    struct visited *visited = context;

    visited->attachments++;
    if (lx_attachment_has_hook(attachment, LX_HOOK_FROM_ROLE))
        return visited->flows ? report_flows(attachment, visited->flows) : print_flows(attachment);
    if (!visited->flows)
        lx_print("%s: no flows, egress is off\n", lx_attachment_title(&attachment->metadata).text);
    return LX_EXIT_DONE;
}

int lx_verb_flows(int argc, char **argv)
{
    bool json = false;
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_flows, &json)};
    struct visited visited = {0};
    struct lx_arguments arguments;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    if (json && !(visited.flows = json_array()))
        return lx_memory_error();
    result = lx_visit_attachments(&arguments, visit, &visited);
    if (result == LX_EXIT_DONE && json)
        result = lx_print_json(json_incref(visited.flows));
    else if (result == LX_EXIT_DONE && !visited.attachments)
        puts("nothing is attached");
    json_decref(visited.flows);
    return result;
}
