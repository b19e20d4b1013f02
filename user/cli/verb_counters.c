/* SPDX-License-Identifier: GPL-2.0-only */
/* counters: what an attachment has let through and dropped, by row, by reason and by dropped port. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/report.h"
#include "../core/report_json.h"
#include "../kernel/shadow.h"
#include "attachments.h"
#include "output.h"
#include "table.h"
#include "verb.h"

/* Ports that are printed unless they are asked for: a scan drops packets for all 65,535. */
#define PORTS_SHOWN 20

enum breakdown {
    BY_ALL,
    BY_ROW,
    BY_REASON,
    BY_PORT,
};

struct counters_options {
    enum breakdown by;
    bool json;
};

static int take_breakdown(void *field, const char *value)
{
    static const char *const names[] = {[BY_ROW] = "row", [BY_REASON] = "reason", [BY_PORT] = "port"};

    for (size_t i = BY_ROW; i < sizeof(names) / sizeof(*names); i++) {
        if (!strcmp(value, names[i])) {
            *(enum breakdown *)field = (enum breakdown)i;
            return LX_EXIT_DONE;
        }
    }
    return lx_usage_error("--by '%s': write row, port or reason", value);
}

static const struct lx_option options_of_counters[] = {
    {"by", "row|port|reason", "only this table, in full", take_breakdown, offsetof(struct counters_options, by)},
    {"json", NULL, "print JSON", lx_take_flag, offsetof(struct counters_options, json)},
};

static const struct lx_column row_columns[] = {
    {"ROW", "id", false, false},
    {"PACKETS", "packets", true, false},
    {"BYTES", "bytes", true, false},
};

static const struct lx_column reason_columns[] = {
    {"REASON", "reason", false, false}, {"VERDICT", "verdict", false, false}, {"PACKETS", "packets", true, false},
    {"BYTES", "bytes", true, false},    {"MEANING", "meaning", false, false},
};

static const struct lx_column port_columns[] = {
    {"TRANSPORT", "transport", false, false},
    {"PORT", "port", true, false},
    {"DROPPED", "dropped", true, false},
    {"WOULD-DROP", "would_drop", true, false},
};

static const struct lx_column change_columns[] = {
    {"TRANSPORT", "transport", false, false}, {"PORT", "port", true, false},
    {"REASON", "reason", false, false},       {"ROW", "row", false, false},
    {"PACKETS", "packets", true, false},
};

/* What the candidate beside the policy would change at a hook, or null. NULL when it cannot be told. */
static json_t *shadow_of(const struct lx_attachment *attachment, enum lx_hook hook, const struct lx_row_label *labels)
{
    struct lx_publication candidate;
    struct lx_shadow_counts counts;
    struct lx_failure failure;
    json_t *report;

    if (lx_attachment_candidate(attachment, &candidate))
        return json_null();
    if (lx_shadow_read(attachment, hook, &counts, &failure) == -ENOENT)
        return json_null();
    report = lx_report_shadow(&counts, &candidate, labels);
    lx_shadow_counts_free(&counts);
    return report;
}

/* The report about a hook, or NULL when out of memory. */
static json_t *report_of(const struct lx_attachment *attachment, enum lx_hook hook, const struct lx_counters *sum,
                         const struct lx_row_label *labels)
{
    json_t *report = lx_report_counters(&attachment->metadata, hook, sum, labels);

    if (report && !json_object_set_new(report, "shadow", shadow_of(attachment, hook, labels)))
        return report;
    json_decref(report);
    return NULL;
}

static int add_hook(const struct lx_attachment *attachment, enum lx_hook hook, json_t *reports)
{
    struct lx_counters *sum = malloc(sizeof(*sum));
    struct lx_row_label *labels = NULL;
    struct lx_failure failure;
    int result = LX_EXIT_DONE;

    if (!sum)
        return lx_memory_error();
    if (lx_attachment_counters(attachment, hook, sum, &failure) || lx_attachment_labels(attachment, &labels, &failure))
        result = lx_print_failure(&failure);
    else if (lx_json_add(reports, report_of(attachment, hook, sum, labels)))
        result = lx_memory_error();
    free(labels);
    free(sum);
    return result;
}

static int add_counters(const struct lx_attachment *attachment, void *context)
{
    int result = LX_EXIT_DONE;

    for (enum lx_hook hook = LX_HOOK_TO_ROLE; result == LX_EXIT_DONE && hook < LX_HOOK_COUNT; hook++)
        if (lx_attachment_has_hook(attachment, hook))
            result = add_hook(attachment, hook, context);
    return result;
}

/* The rows that have counted something. The caller releases them; NULL when out of memory. */
static json_t *counted(const json_t *rows)
{
    json_t *some = json_array();

    for (size_t i = 0; some && i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);

        if (json_integer_value(json_object_get(row, "packets")) && json_array_append(some, row)) {
            json_decref(some);
            return NULL;
        }
    }
    return some;
}

static int print_rows(const json_t *rows, bool all)
{
    json_t *shown = all ? json_incref((json_t *)rows) : counted(rows);
    int result;

    if (!shown)
        return lx_memory_error();
    result = lx_print_table(shown, row_columns, sizeof(row_columns) / sizeof(*row_columns));
    if (json_array_size(shown) < json_array_size(rows))
        printf("(%zu %srows without a packet)\n", json_array_size(rows) - json_array_size(shown),
               json_array_size(shown) ? "more " : "");
    json_decref(shown);
    return result;
}

/* Whether a port has let pass what it would drop: the last column is for those alone. */
static bool would_drop(const json_t *ports)
{
    bool would = false;

    for (size_t i = 0; !would && i < json_array_size(ports); i++)
        would = json_integer_value(json_object_get(json_array_get(ports, i), "would_drop")) != 0;
    return would;
}

static int print_ports(const json_t *ports, bool all)
{
    size_t count = sizeof(port_columns) / sizeof(*port_columns) - !would_drop(ports);
    json_t *shown = json_copy((json_t *)ports);
    int result;

    if (!shown)
        return lx_memory_error();
    while (!all && json_array_size(shown) > PORTS_SHOWN)
        json_array_remove(shown, json_array_size(shown) - 1);
    result = lx_print_table(shown, port_columns, count);
    if (json_array_size(shown) < json_array_size(ports))
        printf("(%zu more ports; --by port lists them)\n", json_array_size(ports) - json_array_size(shown));
    json_decref(shown);
    return result;
}

static int print_changes(const json_t *changes, const char *what, bool all)
{
    json_t *shown = json_copy((json_t *)changes);
    int result = LX_EXIT_DONE;

    if (!shown)
        return lx_memory_error();
    while (!all && json_array_size(shown) > PORTS_SHOWN)
        json_array_remove(shown, json_array_size(shown) - 1);
    printf("the candidate would newly %s%s\n", what, json_array_size(changes) ? ":" : " nothing");
    if (json_array_size(changes))
        result = lx_print_table(shown, change_columns, sizeof(change_columns) / sizeof(*change_columns));
    if (json_array_size(shown) < json_array_size(changes))
        printf("(%zu more; --by port lists them)\n", json_array_size(changes) - json_array_size(shown));
    json_decref(shown);
    return result;
}

/* What the candidate beside the policy would change, if there is one. */
static int print_shadow(const json_t *shadow, bool all)
{
    int result;

    if (!json_is_object(shadow))
        return LX_EXIT_DONE;
    printf("candidate %s, generation %" JSON_INTEGER_FORMAT ": %" JSON_INTEGER_FORMAT " packets compared\n",
           json_string_value(json_object_get(shadow, "role")),
           json_integer_value(json_object_get(shadow, "generation")),
           json_integer_value(json_object_get(shadow, "packets")));
    result = print_changes(json_object_get(shadow, "newly_dropped"), "drop", all);
    return result != LX_EXIT_DONE ? result : print_changes(json_object_get(shadow, "newly_passed"), "pass", all);
}

static int print_attachment(const json_t *report, enum breakdown by)
{
    const json_t *ports = json_object_get(report, "ports");
    int result = LX_EXIT_DONE;

    printf("%s, %s: %" JSON_INTEGER_FORMAT " packets\n", json_string_value(json_object_get(report, "interface")),
           json_string_value(json_object_get(report, "hook")), json_integer_value(json_object_get(report, "packets")));
    if (by == BY_ALL || by == BY_ROW)
        result = print_rows(json_object_get(report, "rows"), by == BY_ROW);
    if (result == LX_EXIT_DONE && (by == BY_ALL || by == BY_REASON))
        result = lx_print_table(json_object_get(report, "reasons"), reason_columns,
                                sizeof(reason_columns) / sizeof(*reason_columns));
    if (result == LX_EXIT_DONE && (by == BY_PORT || (by == BY_ALL && json_array_size(ports))))
        result = print_ports(ports, by == BY_PORT);
    if (result == LX_EXIT_DONE && (by == BY_ALL || by == BY_PORT))
        result = print_shadow(json_object_get(report, "shadow"), by == BY_PORT);
    return result;
}

static int print_text(const json_t *reports, enum breakdown by)
{
    int result = LX_EXIT_DONE;

    if (!json_array_size(reports))
        puts("nothing is attached");
    for (size_t i = 0; result == LX_EXIT_DONE && i < json_array_size(reports); i++)
        result = print_attachment(json_array_get(reports, i), by);
    return result;
}

int lx_verb_counters(int argc, char **argv)
{
    struct counters_options options = {0};
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_counters, &options)};
    struct lx_arguments arguments;
    int result, printed = LX_EXIT_DONE;
    json_t *reports;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    reports = json_array();
    if (!reports)
        return lx_memory_error();
    result = lx_visit_attachments(&arguments, add_counters, reports);
    if (result == LX_EXIT_DONE || json_array_size(reports))
        printed = options.json ? lx_print_json(json_incref(reports)) : print_text(reports, options.by);
    json_decref(reports);
    return result != LX_EXIT_DONE ? result : printed;
}
