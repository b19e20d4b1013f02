/* SPDX-License-Identifier: GPL-2.0-only */
/* Gathers what the report of a hook's status shows. */
#include "status_report.h"

#include "user/cli/options/attachments.h"
#include "user/cli/print/output.h"
#include "user/cli/print/title.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_status.h"
#include "user/kernel/read/flows.h"

/* Asked where it alone is to be shown: it takes a look at the cards. */
static const char *vlan_tags(const struct lx_attachment *attachment)
{
    int taken = lx_attachment_takes_tags(attachment);

    return taken < 0 ? NULL : taken ? "stripped" : "judged";
}

/* Each interface that it stands on. */
static void add_members(const struct lx_attachment *attachment, const char *(*name)(enum lx_state state),
                        enum lx_hook hook, struct lx_status *status)
{
    status->members[0] =
        (struct lx_member_status){&attachment->metadata, name ? name(lx_attachment_own_state(attachment, hook)) : "-"};
    status->member_count = 1;
    for (size_t i = 0; i < attachment->members.count; i++)
        status->members[status->member_count++] = (struct lx_member_status){
            &attachment->members.items[i], name ? name(lx_attachment_member_state(attachment, i, hook)) : "-"};
}

int lx_status_add(const struct lx_attachment *attachment, const char *(*name)(enum lx_state state), json_t *reports)
{
    char port[LX_INTERFACE_NAME];
    struct lx_tcx tcx;
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
                               .vlan_tags = name ? vlan_tags(attachment) : NULL,
                               .open_port = name && lx_attachment_open_port(attachment, port) ? port : NULL,
                               .tcx = name && !lx_attachment_tcx(attachment, &tcx) ? tcx.name : NULL,
                               .flows = counted ? &flows : NULL};
    json_t *report;

    for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
        if (!lx_attachment_has_hook(attachment, hook))
            continue;
        status.state = name ? name(lx_attachment_hook_state(attachment, hook)) : "-";
        add_members(attachment, name, hook, &status);
        report = lx_report_status(&status, hook);
        if (lx_json_add(reports, report) || lx_mark_place(report, &attachment->metadata))
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
