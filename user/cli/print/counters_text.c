/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of counters: rows, reasons, dropped ports, and what a candidate would change. */
#include "counters_text.h"

#include <stdio.h>

#include "output.h"
#include "table.h"
#include "title.h"
#include "user/core/report/report_rates.h"

/* Ports that are printed unless they are asked for: a scan drops packets for all 65,535. */
#define PORTS_SHOWN 20

#define COLUMNS(columns) (sizeof(columns) / sizeof(*(columns)))

static const struct lx_column row_columns[] = {
    {"ROW", "id", false, false},
    {"PACKETS", "packets", true, false},
    {"BYTES", "bytes", true, false},
    {"PACKETS/S", "packets_per_second", true, false},
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

/* The same with rates in the place of what they are the rates of. */
static const struct lx_column rate_columns[] = {
    {"REASON", "reason", false, false},   {"VERDICT", "verdict", false, false},
    {"PACKETS", "packets", true, false},  {"PACKETS/S", "packets_per_second", true, false},
    {"MEANING", "meaning", false, false},
};

static const struct lx_column port_rate_columns[] = {
    {"TRANSPORT", "transport", false, false},  {"PORT", "port", true, false},
    {"PER SECOND", "per_second", true, false}, {"DROPPED", "dropped", true, false},
    {"WOULD-DROP", "would_drop", true, false},
};

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

/* Columns that hold nothing without rates are the last ones of a table. */
static size_t shown_columns(size_t count, size_t of_rates, bool rates)
{
    return rates ? count : count - of_rates;
}

/* The first ones, most first. The caller releases them; NULL when out of memory. */
static json_t *most(const json_t *items, const char *const *members, size_t limit)
{
    json_t *sorted = lx_report_sorted(items, members);

    while (sorted && limit && json_array_size(sorted) > limit)
        json_array_remove(sorted, json_array_size(sorted) - 1);
    return sorted;
}

static int print_rows(const json_t *rows, bool all, bool rates)
{
    static const char *const members[] = {"packets_per_second", "packets", NULL};
    json_t *some = all && !rates ? json_incref((json_t *)rows) : counted(rows);
    json_t *shown = some ? most(some, members, 0) : NULL;
    int result = LX_EXIT_DONE;
    size_t more;

    json_decref(some);
    if (!shown)
        return lx_memory_error();
    if (json_array_size(shown))
        result = lx_print_table(shown, row_columns, shown_columns(COLUMNS(row_columns), 1, rates));
    more = json_array_size(rows) - json_array_size(shown);
    if (more)
        lx_print("(%zu %srow%s without a packet)\n", more, json_array_size(shown) ? "more " : "", lx_plural(more));
    json_decref(shown);
    return result;
}

static int print_reasons(const json_t *reasons, bool rates)
{
    static const char *const members[] = {"packets_per_second", "packets", NULL};
    json_t *shown = rates ? most(reasons, members, 0) : json_incref((json_t *)reasons);
    int result = shown ? lx_print_table(shown, rates ? rate_columns : reason_columns, COLUMNS(reason_columns))
                       : lx_memory_error();

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

static int print_ports(const json_t *ports, bool all, bool rates)
{
    static const char *const members[] = {"per_second", "dropped", "would_drop", NULL};
    json_t *shown = rates ? most(ports, members, all ? 0 : PORTS_SHOWN) : json_copy((json_t *)ports);
    bool would = would_drop(ports);
    size_t more;
    int result;

    if (!shown)
        return lx_memory_error();
    while (!all && json_array_size(shown) > PORTS_SHOWN)
        json_array_remove(shown, json_array_size(shown) - 1);
    if (rates)
        result = lx_print_table(shown, port_rate_columns, COLUMNS(port_rate_columns) - !would);
    else
        result = lx_print_table(shown, port_columns, COLUMNS(port_columns) - !would);
    more = json_array_size(ports) - json_array_size(shown);
    if (more)
        lx_print("(%zu more port%s; --by port lists %s)\n", more, lx_plural(more), more == 1 ? "it" : "them");
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
    lx_print("the candidate would newly %s%s\n", what, json_array_size(changes) ? ":" : " nothing");
    if (json_array_size(changes))
        result = lx_print_table(shown, change_columns, sizeof(change_columns) / sizeof(*change_columns));
    if (json_array_size(shown) < json_array_size(changes))
        lx_print("(%zu more; --by port lists them)\n", json_array_size(changes) - json_array_size(shown));
    json_decref(shown);
    return result;
}

/* What the candidate beside the policy would change, if there is one. */
static int print_shadow(const json_t *shadow, bool all)
{
    int result;

    if (!json_is_object(shadow))
        return LX_EXIT_DONE;
    lx_print("candidate %s, generation %" JSON_INTEGER_FORMAT ": %" JSON_INTEGER_FORMAT " packets compared\n",
             json_string_value(json_object_get(shadow, "role")),
             json_integer_value(json_object_get(shadow, "generation")),
             json_integer_value(json_object_get(shadow, "packets")));
    result = print_changes(json_object_get(shadow, "newly_dropped"), "drop", all);
    return result != LX_EXIT_DONE ? result : print_changes(json_object_get(shadow, "newly_passed"), "pass", all);
}

static void print_title(const json_t *report)
{
    const json_t *rate = json_object_get(report, "packets_per_second");
    json_int_t packets = json_integer_value(json_object_get(report, "packets"));

    lx_print("%s, %s: %" JSON_INTEGER_FORMAT " packet%s", lx_report_title(report).text,
             json_string_value(json_object_get(report, "hook")), packets, lx_plural((unsigned long long)packets));
    if (rate)
        lx_print(", %" JSON_INTEGER_FORMAT " a second", json_integer_value(rate));
    putchar('\n');
}

static int print_report(const json_t *report, enum lx_breakdown by, bool rates)
{
    const json_t *ports = json_object_get(report, "ports");
    int result = LX_EXIT_DONE;

    print_title(report);
    if (by == LX_BY_ALL || by == LX_BY_ROW)
        result = print_rows(json_object_get(report, "rows"), by == LX_BY_ROW, rates);
    if (result == LX_EXIT_DONE && (by == LX_BY_ALL || by == LX_BY_REASON))
        result = print_reasons(json_object_get(report, "reasons"), rates);
    if (result == LX_EXIT_DONE && (by == LX_BY_PORT || (by == LX_BY_ALL && json_array_size(ports))))
        result = print_ports(ports, by == LX_BY_PORT, rates);
    if (result == LX_EXIT_DONE && (by == LX_BY_ALL || by == LX_BY_PORT))
        result = print_shadow(json_object_get(report, "shadow"), by == LX_BY_PORT);
    return result;
}

int lx_print_counters(const json_t *reports, enum lx_breakdown by, bool rates)
{
    int result = LX_EXIT_DONE;

    if (!json_array_size(reports))
        puts("nothing is attached");
    for (size_t i = 0; result == LX_EXIT_DONE && i < json_array_size(reports); i++)
        result = print_report(json_array_get(reports, i), by, rates);
    return result;
}
