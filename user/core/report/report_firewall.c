/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_firewall.h"

#include <stdlib.h>

#include "report_json.h"
#include "report_policy.h"

/* Texts with a separator between them; NULL when out of memory. */
static json_t *joined(const json_t *texts, const char *separator)
{
    json_t *all = json_string(""), *text;
    size_t i;

    json_array_foreach((json_t *)texts, i, text)
    {
        json_t *longer =
            all ? json_sprintf("%s%s%s", json_string_value(all), i ? separator : "", json_string_value(text)) : NULL;

        json_decref(all);
        all = longer;
    }
    return all;
}

/* One end of a row: its name, or the role's, and the addresses that it stands for. */
static json_t *end(const struct lx_endpoint *endpoint, const struct lx_prefix_set *set, const char *role)
{
    json_t *name = endpoint->kind == LX_ENDPOINT_SELF ? json_string(role) : lx_json_endpoint(endpoint);
    json_t *prefixes, *addresses, *both;

    if (!name || !set || set->any || (endpoint->kind != LX_ENDPOINT_SELF && endpoint->kind != LX_ENDPOINT_GROUP))
        return name;
    prefixes = lx_json_prefixes(set);
    addresses = prefixes ? joined(prefixes, ", ") : NULL;
    both = addresses ? json_sprintf("%s (%s)", json_string_value(name), json_string_value(addresses)) : NULL;
    json_decref(prefixes);
    json_decref(addresses);
    json_decref(name);
    return both;
}

/* What it is, and what for: "SIP (TLS): external clients sign in". */
static json_t *purpose(const struct lx_row *row)
{
    if (row->application && row->note)
        return json_sprintf("%s: %s", row->application, row->note);
    return lx_json_text(row->application ? row->application : row->note);
}

static const char *meaning(const struct lx_policy_file *file, const char *option)
{
    for (; file; file = file->next) {
        const struct lx_term *term = lx_terms_find(&file->options, option);

        if (term)
            return term->text;
    }
    return option;
}

/* Its conditions in words; one of them is enough. */
static json_t *only_for(const struct lx_row *row, const struct lx_policy_file *file)
{
    json_t *meanings = json_array(), *all = NULL;
    int error = !meanings;

    if (!row->options.count) {
        json_decref(meanings);
        return json_null();
    }
    for (size_t i = 0; i < row->options.count && !error; i++)
        error = lx_json_add(meanings, lx_json_text(meaning(file, row->options.items[i])));
    if (!error)
        all = joined(meanings, "; ");
    json_decref(meanings);
    return all;
}

/* Where it is printed, and what in the site has changed it. */
static json_t *source(const struct lx_row *row)
{
    if (row->source && row->override)
        return json_sprintf("%s (changed in %s)", row->source, row->override);
    return lx_json_text(row->source);
}

json_t *lx_report_firewall_line(const struct lx_row *row, const struct lx_rule *rule, const char *roles,
                                const struct lx_policy_file *file)
{
    const char *role = row->role ? row->role : roles;
    bool inbound = lx_row_hook(row) == LX_HOOK_TO_ROLE;
    json_t *report = lx_report_row(row, NULL), *line;

    if (!report)
        return NULL;
    line = json_pack("{s:o, s:o, s:O, s:o, s:O, s:O, s:s, s:o, s:o, s:o}", "rule", lx_json_text(row->id), "from",
                     end(&row->from, rule ? rule->source : NULL, role), "source_port",
                     json_object_get(report, "source_port"), "to", end(&row->to, rule ? rule->destination : NULL, role),
                     "destination_port", json_object_get(report, "destination_port"), "transport",
                     json_object_get(report, "transport"), "direction", inbound ? "inbound" : "outbound", "purpose",
                     purpose(row), "only_for", only_for(row, file), "source", source(row));
    json_decref(report);
    return line;
}
