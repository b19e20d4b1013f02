/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the counters of attachments. */
#include "counters_report.h"

#include <errno.h>
#include <stdlib.h>

#include "user/cli/options/attachments.h"
#include "user/cli/print/output.h"
#include "user/cli/print/title.h"
#include "user/core/report/report_counters.h"
#include "user/core/report/report_json.h"
#include "user/core/report/report_shadow.h"
#include "user/kernel/attachment/shadow.h"
#include "user/kernel/read/counters.h"

/* What the candidate beside the policy would change at a hook, or null. NULL when it cannot be determined. */
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

    if (report && !json_object_set_new(report, "shadow", shadow_of(attachment, hook, labels)) &&
        !lx_mark_place(report, &attachment->metadata))
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

int lx_counters_report(const struct lx_arguments *arguments, json_t **reports)
{
    *reports = json_array();
    return *reports ? lx_visit_attachments(arguments, add_counters, *reports) : lx_memory_error();
}
