/* SPDX-License-Identifier: GPL-2.0-only */
/* The reports about policies: roles, rows, verdicts, diagnostics. Those about attachments are in report_counters.c. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_json.h"
#include "user/core/text/foreign.h"

json_t *lx_json_text(const char *text)
{
    json_t *value;
    char *plain;

    if (!text || !*text)
        return json_null();
    value = json_string(text);
    if (value)
        return value;
    plain = lx_foreign_text(text); /* not UTF-8, such as a label that was cut inside a character */
    if (!plain)
        return NULL;
    value = json_string(plain);
    free(plain);
    return value;
}

int lx_json_add(json_t *array, json_t *value)
{
    return array ? json_array_append_new(array, value) : (json_decref(value), -1);
}

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

/* The rows of a role as its tables print them, those of the roles that it includes among them. */
static int count_rows(const struct lx_role *role, json_int_t *rows)
{
    struct roles roles = {0};
    int error = add_role(&roles, role);

    for (size_t i = 0; i < roles.count && !error; i++)
        for (size_t j = 0; j < roles.items[i]->include_count && !error; j++)
            error = add_role(&roles, roles.items[i]->includes[j]);
    if (!error)
        error = count_printed(&roles, rows);
    free(roles.items);
    return error;
}

json_t *lx_report_role(const struct lx_policy_file *file, const struct lx_role *role)
{
    json_t *sides = json_array(), *includes = json_array();
    int error = !sides || !includes;
    json_int_t rows = 0;

    if (role->external && !error)
        error = lx_json_add(sides, json_string("external"));
    if (role->internal && !error)
        error = lx_json_add(sides, json_string("internal"));
    for (size_t i = 0; i < role->include_count && !error; i++)
        error = lx_json_add(includes, lx_json_text(role->includes[i]->name));
    if (!error)
        error = count_rows(role, &rows);
    if (!error)
        return json_pack("{s:o, s:o, s:o, s:I, s:o}", "edition", lx_json_text(file->edition), "role",
                         lx_json_text(role->name), "sides", sides, "rows", rows, "includes", includes);
    json_decref(sides);
    json_decref(includes);
    return NULL;
}

json_t *lx_json_endpoint(const struct lx_endpoint *endpoint)
{
    char *text = lx_endpoint_format(endpoint);
    json_t *value = text ? lx_json_text(text) : NULL;

    free(text);
    return value;
}

static json_t *ports(const struct lx_ports *ports)
{
    char text[LX_PORTS_TEXT];

    return json_string(lx_ports_format(ports, text));
}

json_t *lx_json_prefixes(const struct lx_prefix_set *set)
{
    json_t *array = json_array();
    char text[LX_PREFIX_TEXT];

    if (set->any && lx_json_add(array, json_string("any")))
        goto fail;
    for (size_t i = 0; i < set->count; i++)
        if (lx_json_add(array, json_string(lx_prefix_format(&set->items[i], text))))
            goto fail;
    return array;
fail:
    json_decref(array);
    return NULL;
}

json_t *lx_report_row(const struct lx_row *row, const struct lx_rule *rule)
{
    json_t *report;

    report = json_pack(
        "{s:o, s:o, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:s?, s:b}", "id",
        lx_json_text(row->id), "role", lx_json_text(row->role), "side", lx_side_name(row->side), "hook",
        lx_hook_name(lx_row_hook(row)), "from", lx_json_endpoint(&row->from), "source_port", ports(&row->source_ports),
        "to", lx_json_endpoint(&row->to), "destination_port", ports(&row->destination_ports), "transport",
        row->transports ? json_string(lx_transports_name(row->transports)) : json_null(), "application",
        lx_json_text(row->application), "direction", lx_json_text(row->direction), "options", words(&row->options),
        "workloads", words(&row->workloads), "source", lx_json_text(row->source), "note", lx_json_text(row->note), "lb",
        lx_lb_name(row->lb), "needs", row->needs, "unresolved", row->unresolved);
    if (report && rule &&
        (json_object_set_new(report, "source_addresses", lx_json_prefixes(rule->source)) ||
         json_object_set_new(report, "destination_addresses", lx_json_prefixes(rule->destination)))) {
        json_decref(report);
        return NULL;
    }
    return report;
}

json_t *lx_json_socket(const struct lx_address *address, uint16_t port)
{
    char text[LX_PREFIX_TEXT];
    const char *format = lx_address_is_ipv4(address) ? "%s:%u" : "[%s]:%u";

    return json_sprintf(format, lx_address_format(address, text), port);
}

static json_t *near_miss(const struct lx_explanation *explanation)
{
    const struct lx_row *row;

    if (!explanation->nearest)
        return json_null();
    row = explanation->nearest->near_row ? explanation->nearest->near_row->row : NULL;
    return json_pack("{s:s, s:o, s:o, s:o}", "kind", lx_near_miss_kind(explanation->nearest), "row",
                     lx_json_text(row ? row->id : NULL), "source", lx_json_text(row ? row->source : NULL), "detail",
                     lx_json_text(explanation->nearest_text));
}

json_t *lx_report_explanation(const struct lx_explanation *explanation)
{
    const struct lx_probe *probe = explanation->probe;
    bool pass = lx_reason_verdict(explanation->reason) == LX_PASS;
    bool track = explanation->hook == LX_HOOK_FROM_ROLE && explanation->egress == LX_EGRESS_TRACK;
    bool would = !pass && (explanation->audit || track);

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:b}", "verdict", pass ? "pass" : "drop",
                     "reason", lx_reason_name(explanation->reason), "meaning", lx_reason_meaning(explanation->reason),
                     "hook", lx_hook_name(explanation->hook), "row", lx_json_text(explanation->row), "source",
                     lx_json_text(explanation->source), "transport", lx_transport_name(probe->transport), "from",
                     lx_json_socket(&probe->source, probe->source_port), "to",
                     lx_json_socket(&probe->destination, probe->destination_port), "nearest", near_miss(explanation),
                     "would_drop", would);
}

json_t *lx_report_diagnostic(const struct lx_diagnostic *diagnostic)
{
    return json_pack("{s:s, s:o, s:i, s:i, s:o}", "severity", diagnostic->severity == LX_ERROR ? "error" : "warning",
                     "file", lx_json_text(diagnostic->file), "line", (int)diagnostic->line, "column",
                     (int)diagnostic->column, "message", lx_json_text(diagnostic->message));
}
