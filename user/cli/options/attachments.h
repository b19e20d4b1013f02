/* SPDX-License-Identifier: GPL-2.0-only */
/* The attachments that a verb is about: the one of an interface, or all that are pinned. */
#ifndef LYNCXDP_CLI_ATTACHMENTS_H
#define LYNCXDP_CLI_ATTACHMENTS_H

#include "options.h"
#include "user/kernel/attachment/attachment.h"

#include <jansson.h>

/* Opens the one of an interface, for the caller to close. Returns LX_EXIT_DONE, or the exit code of what was printed.
 */
int lx_open_attachment(const char *name, struct lx_attachment *attachment);

/*
 * Visits the attachment of the interface that the arguments name, or every one when they name none; more than one
 * argument is a usage error. Returns LX_EXIT_DONE, or the last exit code that was another; what failed is printed.
 */
int lx_visit_attachments(const struct lx_arguments *arguments,
                         int (*visit)(const struct lx_attachment *attachment, void *context), void *context);

/*
 * Pins are seen from every network namespace, and names of interfaces mean something in one only. Marks the report of
 * an attachment with `netns` (an inode) and `namespace`: null in this one, else the other's name or inode. Returns 0 or
 * -1.
 */
int lx_mark_namespace(json_t *report, const struct lx_metadata *metadata);

/* "eth0", or "eth0 (network namespace blue)" of a marked report or of an attachment. */
struct lx_title {
    char text[320];
};

struct lx_title lx_report_title(const json_t *report);
struct lx_title lx_attachment_title(const struct lx_metadata *metadata);

/* Whether one of the reports is about another namespace: then a table has a column more. */
bool lx_some_elsewhere(const json_t *reports);

#endif
