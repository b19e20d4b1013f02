/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The difference between two policies for people: what is newly allowed and newly dropped, a table for each hook, then
 * what was switched. Long lists of addresses are cut; --json has all of them.
 */
#include "print_diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "table.h"
#include "user/core/report/report_diff.h"
#include "user/core/report/report_json.h"

/* Addresses that a cell has room for. */
#define CELL_ADDRESSES 4

static const struct lx_column columns[] = {
    {"ROW", "row", false, false},
    {"TRANSPORT", "transport", false, false},
    {"FROM", "from_text", false, false},
    {"PORT", "source_port", false, false},
    {"TO", "to_text", false, false},
    {"PORT", "destination_port", false, false},
    {"CHANGED IN", "override", false, false}, /* only where a site changes a row */
};

static bool is_changed(const json_t *regions)
{
    const json_t *region;
    size_t i;

    json_array_foreach((json_t *)regions, i,
                       region) if (json_is_string(json_object_get(region, "override"))) return true;
    return false;
}

static const struct lx_column switch_columns[] = {
    {"SWITCH", "switch", false, false},
    {"BEFORE", "before", false, false},
    {"AFTER", "after", false, false},
    {"MEANING", "meaning", false, false},
};

static void put_addresses(FILE *stream, const json_t *addresses)
{
    size_t count = json_array_size(addresses), shown = count > CELL_ADDRESSES ? CELL_ADDRESSES - 1 : count;

    for (size_t i = 0; i < shown; i++)
        fprintf(stream, "%s%s", i ? "," : "", json_string_value(json_array_get(addresses, i)));
    if (shown < count)
        fprintf(stream, " and %zu more", count - shown);
}

/* "pool: 192.0.2.1,192.0.2.2", "any but 192.0.2.1"; the name is left out where it says nothing beside the addresses. */
static int add_text(json_t *region, const char *member, const char *name, const json_t *addresses, const json_t *except)
{
    const char *first = json_string_value(json_array_get(addresses, 0));
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    int error;

    if (!stream)
        return -1;
    if (first && strcmp(name, "any") != 0 && !strstr(name, first))
        fprintf(stream, "%s: ", name);
    put_addresses(stream, addresses);
    if (json_array_size(except)) {
        fputs(" but ", stream);
        put_addresses(stream, except);
    }
    error = fclose(stream);
    if (!error)
        error = json_object_set_new(region, member, json_string(text));
    free(text);
    return error;
}

static int add_texts(json_t *region)
{
    return add_text(region, "from_text", json_string_value(json_object_get(region, "from")),
                    json_object_get(region, "source_addresses"), json_object_get(region, "source_except")) ||
           add_text(region, "to_text", json_string_value(json_object_get(region, "to")),
                    json_object_get(region, "destination_addresses"), json_object_get(region, "destination_except"));
}

/* The regions of one hook; NULL when out of memory. */
static json_t *of_hook(json_t *regions, enum lx_hook hook)
{
    json_t *array = json_array(), *region;
    size_t i;

    json_array_foreach(regions, i, region)
    {
        if (strcmp(json_string_value(json_object_get(region, "hook")), lx_hook_name(hook)) != 0)
            continue;
        if (add_texts(region) || lx_json_add(array, json_incref(region))) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* The verdict that is not "pass" says what the difference amounts to: what is let pass anyway is only counted. */
static const char *heading(enum lx_hook hook, bool allowed, const char *unlisted)
{
    if (hook == LX_HOOK_TO_ROLE) {
        if (!strcmp(unlisted, "would-drop"))
            return allowed ? "newly listed, on the way to the role (until now it passed, counted as would-drop)"
                           : "no longer listed, on the way to the role (it passes, counted as would-drop)";
        return allowed ? "newly allowed, on the way to the role" : "newly dropped, on the way to the role";
    }
    if (!strcmp(unlisted, "drop"))
        return allowed ? "newly allowed, what the role sends" : "newly dropped, what the role sends";
    if (!strcmp(unlisted, "pass"))
        return allowed ? "newly listed, what the role sends (until now nothing looked at it)"
                       : "no longer listed, what the role sends (nothing looks at it any more)";
    return allowed ? "newly listed, what the role sends (until now it passed, counted as would-drop)"
                   : "no longer listed, what the role sends (it passes, counted as would-drop)";
}

static int print_regions(json_t *regions, enum lx_hook hook, bool allowed)
{
    json_t *array = of_hook(regions, hook), *first = json_array_get(array, 0);
    int result = LX_EXIT_DONE;

    if (!array)
        return lx_memory_error();
    if (first) {
        lx_print("%s:\n",
                 heading(hook, allowed, json_string_value(json_object_get(first, allowed ? "before" : "after"))));
        result = lx_print_table(array, columns, sizeof(columns) / sizeof(*columns) - !is_changed(array));
    }
    json_decref(array);
    return result;
}

static void print_vlans(const json_t *vlans, const char *member, const char *title)
{
    const char *ids = json_string_value(json_object_get(vlans, member));

    if (ids)
        lx_print("%s: VLAN %s\n", title, ids);
}

static void print_addresses(const json_t *sets, const char *member, const char *title)
{
    const json_t *addresses = json_object_get(sets, member);

    if (!json_array_size(addresses))
        return;
    lx_print("%s: ", title);
    put_addresses(stdout, addresses);
    putchar('\n');
}

static int print_text(const json_t *report)
{
    json_t *allowed = json_object_get(report, "allowed"), *dropped = json_object_get(report, "dropped");
    const json_t *switches = json_object_get(report, "switches");
    int result = LX_EXIT_DONE;

    if (json_is_true(json_object_get(report, "same"))) {
        puts("no packet is treated differently");
        return LX_EXIT_DONE;
    }
    for (int hook = 0; !result && hook < LX_HOOK_COUNT; hook++)
        result = print_regions(allowed, (enum lx_hook)hook, true) ?: print_regions(dropped, (enum lx_hook)hook, false);
    if (!result && json_array_size(switches))
        result = lx_print_table(switches, switch_columns, sizeof(switch_columns) / sizeof(*switch_columns));
    print_vlans(json_object_get(report, "vlans"), "allowed", "newly let in");
    print_vlans(json_object_get(report, "vlans"), "dropped", "no longer let in");
    print_addresses(json_object_get(report, "protected"), "added", "newly behind the role, dropped as spoofed source");
    print_addresses(json_object_get(report, "protected"), "removed", "no longer behind the role");
    print_addresses(json_object_get(report, "bypass"), "added", "newly bypassed, which passes unjudged");
    print_addresses(json_object_get(report, "bypass"), "removed", "no longer bypassed");
    print_vlans(json_object_get(report, "bypass"), "vlans_added", "newly bypassed, which passes unjudged");
    print_vlans(json_object_get(report, "bypass"), "vlans_removed", "no longer bypassed");
    return result;
}

int lx_print_diff(const struct lx_policy *before, const struct lx_policy *after, bool json)
{
    struct lx_policy_diff diff;
    json_t *report;
    int result, error = lx_policy_diff(before, after, &diff);

    if (error == -E2BIG) {
        lx_print_error("the two policies differ in too many ways to list");
        return LX_EXIT_FAILED;
    }
    if (error)
        return lx_memory_error();
    report = lx_report_diff(&diff);
    lx_policy_diff_free(&diff);
    if (json || !report)
        return lx_print_json(report);
    result = print_text(report);
    json_decref(report);
    return result;
}
