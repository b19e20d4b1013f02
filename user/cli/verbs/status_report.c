/* SPDX-License-Identifier: GPL-2.0-only */
/* Gathers what the report of a hook's status tells. */
#include "status_report.h"

#include "user/cli/options/attachments.h"
#include "user/cli/print/output.h"
#include "user/cli/print/title.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_status.h"
#include "user/kernel/read/flows.h"

/* Asked where something is to be told about it alone: it takes a look at the cards. */
static const char *vlan_tags(const struct lx_attachment *attachment)
{
    int taken = lx_attachment_takes_tags(attachment);

    return taken < 0 ? NULL : taken ? "stripped" : "judged";
}

int lx_status_add(const struct lx_attachment *attachment,
                  const char *(*state)(const struct lx_attachment *attachment, enum lx_hook hook), json_t *reports)
{
    struct lx_flow_numbers flows;
    struct lx_failure failure; /* this user may not look at them */
    bool counted = !lx_attachment_flow_numbers(attachment, &flows, &failure);
    struct lx_publication candidate;
    bool compared = !lx_attachment_candidate(attachment, &candidate);
    struct lx_status status = {.metadata = &attachment->metadata,
                               .publication = &attachment->publication,
                               .shadow = compared ? &candidate : NULL,
                               .control = attachment->control,
                               .now_ms = attachment->opened_ms,
                               .vlan_tags = state ? vlan_tags(attachment) : NULL,
                               .flows = counted ? &flows : NULL};
    json_t *report;

    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        if (!lx_attachment_has_hook(attachment, hook))
            continue;
        status.state = state ? state(attachment, hook) : "-";
        report = lx_report_status(&status, hook);
        if (lx_json_add(reports, report) || lx_mark_namespace(report, &attachment->metadata))
            return lx_memory_error();
    }
    return LX_EXIT_DONE;
}

static int add(const struct lx_attachment *attachment, void *context)
{
    return lx_status_add(attachment, NULL, context);
}

int lx_status_report(const struct lx_arguments *arguments, json_t **reports)
{
    *reports = json_array();
    return *reports ? lx_visit_attachments(arguments, add, *reports) : lx_memory_error();
}
