/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_policy.h"

#include <stdlib.h>
#include <string.h>

#include "report_json.h"

static json_t *words(const struct lx_words *words)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < words->count; i++) {
        if (lx_json_add(array, lx_json_text(words->items[i]))) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* Roles, each once: a role and, behind it, all that it includes. */
struct roles {
    const struct lx_role **items;
    size_t count, capacity;
};

static int add_role(struct roles *roles, const struct lx_role *role)
{
    for (size_t i = 0; i < roles->count; i++)
        if (roles->items[i] == role)
            return 0;
    if (roles->count == roles->capacity) {
        size_t capacity = roles->capacity ? 2 * roles->capacity : 8;
        const struct lx_role **grown = reallocarray(roles->items, capacity, sizeof(*grown));

        if (!grown)
            return -1;
        roles->items = grown;
        roles->capacity = capacity;
    }
    roles->items[roles->count++] = role;
    return 0;
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The rows of roles as printed: a line that is a row for each direction, or for each of two roles, is one. */
static int count_printed(const struct roles *roles, json_int_t *rows)
{
    const char **citations;
    size_t count = 0;

    for (size_t i = 0; i < roles->count; i++)
        count += roles->items[i]->row_count;
    citations = calloc(count + 1, sizeof(const char *));
    if (!citations)
        return -1;
    count = 0;
    for (size_t i = 0; i < roles->count; i++) {
        for (size_t j = 0; j < roles->items[i]->row_count; j++) {
            const char *citation = roles->items[i]->rows[j].citation;

            if (citation)
                citations[count++] = citation;
            *rows += !citation;
        }
    }
    qsort(citations, count, sizeof(*citations), compare_texts);
    for (size_t i = 0; i < count; i++)
        *rows += !i || strcmp(citations[i], citations[i - 1]) != 0;
    free(citations);
    return 0;
}

/* A role and all that it includes. */
static int gather(const struct lx_role *role, struct roles *roles)
{
    int error = add_role(roles, role);

    for (size_t i = 0; i < roles->count && !error; i++)
        for (size_t j = 0; j < roles->items[i]->include_count && !error; j++)
            error = add_role(roles, roles->items[i]->includes[j]);
    return error;
}

/* The options of a row that are off unless somebody opens them, each once. */
static int add_off(const struct lx_policy_file *file, const struct lx_row *row, struct lx_words *off)
{
    int error = 0;

    for (size_t i = 0; i < row->options.count && !error; i++) {
        const struct lx_term *option = lx_terms_find(&file->options, row->options.items[i]);

        if (option && option->closed && !lx_words_contain(off, option->name))
            error = lx_words_add(off, option->name);
    }
    return error;
}

/* The options that are closed by default, of the rows of roles. */
static json_t *closed_options(const struct lx_policy_file *file, const struct roles *roles)
{
    struct lx_words off = {0};
    json_t *closed = NULL;
    int error = 0;

    for (size_t i = 0; i < roles->count; i++)
        for (size_t j = 0; j < roles->items[i]->row_count && !error; j++)
            error = add_off(file, &roles->items[i]->rows[j], &off);
    if (!error)
        closed = words(&off);
    lx_words_free(&off);
    return closed;
}

json_t *lx_report_role(const struct lx_policy_file *file, const struct lx_role *role)
{
    json_t *sides = json_array(), *includes = json_array();
    int error = !sides || !includes;
    struct roles roles = {0};
    json_int_t rows = 0;
    json_t *report = NULL;

    if (role->external && !error)
        error = lx_json_add(sides, json_string("external"));
    if (role->internal && !error)
        error = lx_json_add(sides, json_string("internal"));
    for (size_t i = 0; i < role->include_count && !error; i++)
        error = lx_json_add(includes, lx_json_text(role->includes[i]->name));
    error = error ?: gather(role, &roles);
    error = error ?: count_printed(&roles, &rows);
    if (!error)
        report = json_pack("{s:o, s:o, s:O, s:I, s:O, s:o}", "edition", lx_json_text(file->edition), "role",
                           lx_json_text(role->name), "sides", sides, "rows", rows, "includes", includes, "closed",
                           closed_options(file, &roles));
    free(roles.items);
    json_decref(sides);
    json_decref(includes);
    return report;
}

static json_t *ports(const struct lx_row *row, const struct lx_ports *ports)
{
    char text[LX_PORTS_TEXT];

    if (lx_row_is_portless(row))
        return json_null();
    return json_string(lx_ports_format(ports, text));
}

json_t *lx_report_row(const struct lx_row *row, const struct lx_rule *rule)
{
    json_t *report;

    report = json_pack(
        "{s:o, s:o, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:s?, s:b, s:o}", "id",
        lx_json_text(row->id), "role", lx_json_text(row->role), "side", lx_side_name(row->side), "hook",
        lx_hook_name(lx_row_hook(row)), "from", lx_json_endpoint(&row->from), "source_port",
        ports(row, &row->source_ports), "to", lx_json_endpoint(&row->to), "destination_port",
        row->unresolved && lx_ports_any(&row->destination_ports) ? json_null() : ports(row, &row->destination_ports),
        "transport", row->transports ? json_string(lx_transports_name(row, row->transports).text) : json_null(),
        "application", lx_json_text(row->application), "direction", lx_json_text(row->direction), "options",
        words(&row->options), "workloads", words(&row->workloads), "source", lx_json_text(row->source), "repeats",
        words(&row->repeats), "note", lx_json_text(row->note), "lb", lx_lb_name(row->lb), "needs", row->needs,
        "unresolved", row->unresolved, "override", lx_json_text(row->override));
    if (report && rule &&
        (json_object_set_new(report, "source_addresses", lx_json_prefixes(rule->source)) ||
         json_object_set_new(report, "destination_addresses", lx_json_prefixes(rule->destination)))) {
        json_decref(report);
        return NULL;
    }
    return report;
}

json_t *lx_report_diagnostic(const struct lx_diagnostic *diagnostic)
{
    return json_pack("{s:s, s:o, s:i, s:i, s:o}", "severity", diagnostic->severity == LX_ERROR ? "error" : "warning",
                     "file", lx_json_text(diagnostic->file), "line", (int)diagnostic->line, "column",
                     (int)diagnostic->column, "message", lx_json_text(diagnostic->message));
}
