/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in force at each hook of an attachment, as reports, and nothing said about it. */
#ifndef LYNCXDP_CLI_STATUS_REPORT_H
#define LYNCXDP_CLI_STATUS_REPORT_H

#include <jansson.h>

#include "user/cli/options/options.h"
#include "user/kernel/attachment/attachment.h"

/*
 * Adds the report of every hook that the attachment has. `name` gives the word for a state; NULL: nobody looks, and "-"
 * stands for it (a look takes libxdp, which loses a file descriptor each time under a dispatcher).
 */
int lx_status_add(const struct lx_attachment *attachment, const char *(*name)(enum lx_state state), json_t *reports);

/* Those of the attachments that the arguments name, without a look: a new array, unless NULL. Returns the exit code. */
int lx_status_report(const struct lx_arguments *arguments, json_t **reports);

#endif
