/* SPDX-License-Identifier: GPL-2.0-only */
/* Names attachments, and marks their reports with what they are named by. */
#include "title.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "user/core/report/report_json.h"
#include "user/kernel/process/namespace.h"

/* The other namespace that it is in; empty: in this one. */
static void name_of(const struct lx_metadata *metadata, char name[NAME_MAX + 1])
{
    name[0] = '\0';
    if (metadata->netns != lx_namespace_own() && lx_namespace_name(metadata->netns, name, NAME_MAX + 1))
        snprintf(name, NAME_MAX + 1, "%" PRIu64, (uint64_t)metadata->netns);
}

int lx_mark_place(json_t *report, const struct lx_metadata *metadata)
{
    char name[NAME_MAX + 1];

    name_of(metadata, name);
    return json_object_set_new(report, "vlan", metadata->vlan ? json_integer(metadata->vlan) : json_null()) ||
                   json_object_set_new(report, "netns", json_integer((json_int_t)metadata->netns)) ||
                   json_object_set_new(report, "namespace", lx_json_text(name))
               ? -1
               : 0;
}

static struct lx_title title(const char *interface, const char *name)
{
    struct lx_title title;

    snprintf(title.text, sizeof(title.text), name && *name ? "%s (network namespace %s)" : "%s", interface, name);
    return title;
}

struct lx_called lx_report_called(const json_t *report)
{
    return lx_called(json_string_value(json_object_get(report, "interface")) ?: "?",
                     (unsigned)json_integer_value(json_object_get(report, "vlan")));
}

struct lx_title lx_report_title(const json_t *report)
{
    return title(lx_report_called(report).text, json_string_value(json_object_get(report, "namespace")));
}

struct lx_title lx_attachment_title(const struct lx_metadata *metadata)
{
    char name[NAME_MAX + 1];

    name_of(metadata, name);
    return title(lx_called(metadata->interface, metadata->vlan).text, name);
}

bool lx_some_elsewhere(const json_t *reports)
{
    bool some = false;

    for (size_t i = 0; i < json_array_size(reports) && !some; i++)
        some = json_is_string(json_object_get(json_array_get(reports, i), "namespace"));
    return some;
}
