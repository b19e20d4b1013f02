/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * show: the rows that a policy is made of, before anything is attached. Without a site the names in them stay names;
 * with one, what they resolve to stands beside them. As a sheet it is for whoever runs another firewall.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/cli/policy/tables.h"
#include "user/cli/print/output.h"
#include "user/cli/print/sheet.h"
#include "user/core/report/report_firewall.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_policy.h"
#include "user/core/resolve/selection.h"
#include "verb.h"

enum format {
    FORMAT_TEXT,
    FORMAT_JSON,
    FORMAT_CSV,
    FORMAT_MARKDOWN,
    FORMATS,
};

static const char *const format_names[FORMATS] = {"text", "json", "csv", "markdown"};

struct show_options {
    struct lx_policy_options policy;
    enum format format;
};

static int take_format(void *field, const char *value)
{
    int format = lx_name_index(value, format_names, FORMATS);

    if (format < 0)
        return lx_usage_error("--format '%s': write text or json, or for the sheet of another firewall csv or markdown",
                              value);
    *(enum format *)field = (enum format)format;
    return LX_EXIT_DONE;
}

static int take_json(void *field, const char *value)
{
    (void)value;
    *(enum format *)field = FORMAT_JSON;
    return LX_EXIT_DONE;
}

static const struct lx_option options_of_show[] = {
    {"format", "FORMAT", "text, json, or the sheet for another firewall: csv, markdown", take_format,
     offsetof(struct show_options, format)},
    {"json", NULL, "print JSON", take_json, offsetof(struct show_options, format)},
};

static const struct lx_column columns[] = {
    {"ROW", "id", false, false},
    {"FROM", "from", false, false},
    {"PORT", "source_port", false, false},
    {"TO", "to", false, false},
    {"PORT", "destination_port", false, false},
    {"TRANSPORT", "transport", false, false},
    {"APPLICATION", "application", false, false},
    {"ONLY FOR", "options", false, true},
    {"PRINTED IN", "printed", false, false},
    {"CHANGED IN", "override", false, false}, /* only where a site changes a row */
};

static const struct lx_column sheet_columns[] = {
    {"From", "from", false, false},
    {"Source port", "source_port", false, false},
    {"To", "to", false, false},
    {"Destination port", "destination_port", false, false},
    {"Transport", "transport", false, false},
    {"Direction", "direction", false, false},
    {"Purpose", "purpose", false, false},
    {"Only for", "only_for", false, false},
    {"Source document", "source", false, false},
    {"Row", "rule", false, false},
};

/* The rule that a row became in a resolved policy; NULL when the policy was not resolved. */
static const struct lx_rule *rule_of_row(const struct lx_policy *policy, const char *id)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        if (!strcmp(policy->rules[i].row->id, id))
            return &policy->rules[i];
    return NULL;
}

/* What is shown: the tables, what of them was asked for, and what their names resolved to where all are known. */
struct shown {
    const struct lx_tables *tables;
    const struct lx_words *roles;
    struct lx_selection selection;
    struct lx_policy policy;
};

/* A line of the sheet for another firewall. */
static json_t *sheet_line(const struct shown *shown, const struct lx_row *row)
{
    const char *role = shown->roles->count == 1 ? shown->roles->items[0] : "the roles";

    return lx_report_firewall_line(row, rule_of_row(&shown->policy, row->id), role, shown->tables->files);
}

/* The rows that are open. Those that open nothing are listed as well, but are no line of a sheet. */
static json_t *report_rows(const struct shown *shown, bool sheet)
{
    json_t *report = json_array();

    for (size_t i = 0; report && i < shown->selection.pick_count; i++) {
        const struct lx_pick *pick = &shown->selection.picks[i];

        if (pick->closed != LX_OPEN && (sheet || pick->closed != LX_CLOSED_UNRESOLVED))
            continue;
        if (lx_json_add(report, sheet ? sheet_line(shown, pick->row)
                                      : lx_report_row(pick->row, rule_of_row(&shown->policy, pick->row->id)))) {
            json_decref(report);
            return NULL;
        }
    }
    return report;
}

/* Where the last ", " of a citation is, which is before the place in the document; NULL when there is none. */
static const char *last_part(const char *source)
{
    const char *last = NULL;

    for (const char *at = source; (at = strstr(at, ", ")); at++)
        last = at;
    return last;
}

/*
 * Titles of documents are too long to be repeated in every row: they are numbered, and `printed` becomes "[1] row 7".
 * `documents` collects them. Returns 0, or -1 when out of memory.
 */
static int number_source(json_t *row, struct lx_words *documents)
{
    const char *source = json_string_value(json_object_get(row, "source")), *place;
    char title[sizeof(((struct lx_row_label *)0)->source)];
    size_t number = 0;

    if (!source)
        return 0;
    place = last_part(source);
    if (!place || (size_t)(place - source) >= sizeof(title))
        return json_object_set(row, "printed", json_object_get(row, "source"));
    snprintf(title, sizeof(title), "%.*s", (int)(place - source), source);
    while (number < documents->count && strcmp(documents->items[number], title))
        number++;
    if (number == documents->count && lx_words_add(documents, title))
        return -1;
    return json_object_set_new(row, "printed", json_sprintf("[%zu]%s", number + 1, place + 1));
}

static bool is_changed(const json_t *report)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)report, i, row) if (json_is_string(json_object_get(row, "override"))) return true;
    return false;
}

/* The options that nobody has opened, and how to. */
static void print_unopened(const struct lx_selection *selection, size_t count)
{
    struct lx_words options = {0};

    lx_print("(%zu more are closed unless you open them:", count);
    for (size_t i = 0; i < selection->pick_count; i++) {
        const struct lx_pick *pick = &selection->picks[i];

        for (size_t j = 0; pick->closed == LX_CLOSED_DEFAULT && j < pick->row->options.count; j++)
            if (!lx_words_contain(&options, pick->row->options.items[j]) &&
                !lx_words_add(&options, pick->row->options.items[j]))
                lx_print(" --open %s", pick->row->options.items[j]);
    }
    lx_print(")\n");
    lx_words_free(&options);
}

/* What the table does not show, by the reason for it. */
static void print_remarks(const struct lx_selection *selection, const struct lx_words *documents)
{
    static const char *const remarks[LX_CLOSED_REASONS] = {
        [LX_CLOSED_LB] = "more are for the other way of load balancing: --lb",
        [LX_CLOSED_NEEDS] = "more are there where the site sets the group that they need",
        [LX_CLOSED_OPTION] = "more are closed by --without or the site",
        [LX_CLOSED_WORKLOAD] = "more belong to other workloads",
        [LX_CLOSED_UNRESOLVED] = "of them are printed without a port or transport, and open nothing",
    };
    size_t counts[LX_CLOSED_REASONS] = {0};

    for (size_t i = 0; i < documents->count; i++)
        lx_print("[%zu] %s\n", i + 1, documents->items[i]);
    for (size_t i = 0; i < selection->pick_count; i++)
        counts[selection->picks[i].closed]++;
    for (size_t i = 0; i < selection->pick_count; i++)
        if (selection->picks[i].closed == LX_CLOSED_OVERRIDE)
            lx_print("(%s is closed by %s)\n", selection->picks[i].row->id, selection->picks[i].row->override);
    for (size_t i = 0; i < LX_CLOSED_REASONS; i++)
        if (remarks[i] && counts[i])
            lx_print("(%zu %s)\n", counts[i], remarks[i]);
    if (counts[LX_CLOSED_DEFAULT])
        print_unopened(selection, counts[LX_CLOSED_DEFAULT]);
}

static int print_text(const json_t *report, const struct lx_selection *selection)
{
    size_t shown = json_array_size(report);
    struct lx_words documents = {0};
    int result = LX_EXIT_DONE;

    for (size_t i = 0; result == LX_EXIT_DONE && i < shown; i++) {
        json_t *row = json_array_get(report, i);

        if (number_source(row, &documents))
            result = lx_memory_error();
    }
    if (result == LX_EXIT_DONE)
        result = lx_print_table(report, columns, sizeof(columns) / sizeof(*columns) - !is_changed(report));
    if (result == LX_EXIT_DONE)
        print_remarks(selection, &documents);
    lx_words_free(&documents);
    return result;
}

/* Rows that open nothing are not in a sheet, which is said beside it. */
static void print_sheet(const json_t *report, const struct lx_selection *selection, enum lx_sheet sheet)
{
    size_t unresolved = 0;

    for (size_t i = 0; i < selection->pick_count; i++)
        unresolved += selection->picks[i].closed == LX_CLOSED_UNRESOLVED;
    lx_print_sheet(report, sheet_columns, sizeof(sheet_columns) / sizeof(*sheet_columns), sheet);
    if (unresolved)
        lx_print_warning("%zu row%s printed without a port or transport: not in the sheet", unresolved,
                         unresolved == 1 ? " is" : "s are");
}

static int print_report(json_t *report, const struct shown *shown, enum format format)
{
    const struct lx_bypass *bypass = &shown->policy.bypass;
    int result;

    if (format == FORMAT_JSON)
        return lx_print_json(json_incref(report));
    if (format != FORMAT_TEXT) {
        print_sheet(report, &shown->selection, format == FORMAT_CSV ? LX_SHEET_CSV : LX_SHEET_MARKDOWN);
        return LX_EXIT_DONE;
    }
    result = print_text(report, &shown->selection);
    if (result == LX_EXIT_DONE && lx_bypass_any(bypass))
        lx_print("(unjudged on a pair, by bypass: %zu neighbour%s%s)\n", bypass->count, lx_plural(bypass->count),
                 bypass->has_vlans ? " and some VLANs" : "");
    return result;
}

/* Names that nobody gave an address are no mistake here, so what resolving says of them is kept back. */
static void resolve_quietly(const struct lx_tables *tables, const struct lx_request *request, struct lx_policy *policy)
{
    struct lx_diagnostics unheard = {0};

    lx_resolve(tables->files, tables->has_site ? &tables->site : NULL, request, policy, &unheard);
    lx_diagnostics_free(&unheard);
}

static int show(const struct lx_tables *tables, const struct show_options *options)
{
    struct lx_request request = lx_policy_request(tables, &options->policy);
    struct shown shown = {.tables = tables, .roles = &options->policy.roles};
    struct lx_diagnostics diagnostics = {0};
    int result, error;
    json_t *report;

    error = lx_select(tables->files, tables->has_site ? &tables->site : NULL, &request, &shown.selection, &diagnostics);
    result = lx_resolve_exit(error, &diagnostics);
    if (result != LX_EXIT_DONE)
        return result;
    resolve_quietly(tables, &request, &shown.policy);
    report = report_rows(&shown, options->format == FORMAT_CSV || options->format == FORMAT_MARKDOWN);
    result = report ? print_report(report, &shown, options->format) : lx_memory_error();
    json_decref(report);
    lx_policy_free(&shown.policy);
    lx_selection_free(&shown.selection);
    return result;
}

int lx_verb_show(int argc, char **argv)
{
    struct show_options options = {0};
    const struct lx_option_set sets[] = {lx_policy_option_set(&options.policy),
                                         LX_OPTION_SET(options_of_show, &options)};
    struct lx_tables tables = {0};
    struct lx_arguments arguments;
    int result = LX_EXIT_DONE;

    if (lx_options_read(argc, argv, sets, 2, &arguments, &result)) {
        result = lx_policy_options_take_roles(&options.policy, &arguments, "show");
        if (result == LX_EXIT_DONE)
            result = lx_tables_read(&options.policy, &tables);
        if (result == LX_EXIT_DONE)
            result = show(&tables, &options);
    }
    lx_tables_free(&tables);
    lx_policy_options_free(&options.policy);
    return result;
}
