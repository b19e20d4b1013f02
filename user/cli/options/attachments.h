/* SPDX-License-Identifier: GPL-2.0-only */
/* The attachments that a verb is about: the one of an interface, or all that are pinned. */
#ifndef LYNCXDP_CLI_ATTACHMENTS_H
#define LYNCXDP_CLI_ATTACHMENTS_H

#include "options.h"
#include "user/kernel/attachment/attachment.h"

/* Opens the one of an interface, for the caller to close. Returns LX_EXIT_DONE, or the exit code of what was printed.
 */
int lx_open_attachment(const char *name, struct lx_attachment *attachment);

/*
 * Visits the attachment of the interface that the arguments name, those of all its VLANs where it is a trunk, or every
 * one when they name none; more than one argument is a usage error. Returns LX_EXIT_DONE, or the last exit code that
 * was another; what failed is printed.
 */
int lx_visit_attachments(const struct lx_arguments *arguments,
                         int (*visit)(const struct lx_attachment *attachment, void *context), void *context);

#endif
