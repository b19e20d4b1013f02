/* SPDX-License-Identifier: GPL-2.0-only */
/* What attachments have counted, as reports: for whoever prints them once, again and again, or on a screen. */
#ifndef LYNCXDP_CLI_COUNTERS_REPORT_H
#define LYNCXDP_CLI_COUNTERS_REPORT_H

#include <jansson.h>
#include <stdint.h>

#include "user/cli/options/options.h"

/*
 * The counters of every hook of the attachments that the arguments name (lx_visit_attachments), with what a candidate
 * would change: a new array, in any case unless it is NULL. Returns the exit code; what failed is printed.
 */
int lx_counters_report(const struct lx_arguments *arguments, json_t **reports);

#endif
