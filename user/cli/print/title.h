/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an attachment is called in what is printed: by its interface, or VLAN, and by the network namespace when it is
 * another.
 */
#ifndef LYNCXDP_CLI_TITLE_H
#define LYNCXDP_CLI_TITLE_H

#include <lyncxdp/abi.h>

#include <jansson.h>
#include <stdbool.h>

#include "user/core/text/called.h"

/*
 * Marks the report of an attachment with what beside its interface says which it is: `vlan`, the one of a trunk or
 * null; and since pins are seen from every network namespace, and names of interfaces mean something in one only,
 * `netns` (an inode) and `namespace`: null in this one, else the other's name or inode. Returns 0 or -1.
 */
int lx_mark_place(json_t *report, const struct lx_metadata *metadata);

/* "eth0" or "eth0@10" of a marked report. */
struct lx_called lx_report_called(const json_t *report);

/* "eth0", or "eth0 (network namespace blue)" of a marked report or of an attachment. */
struct lx_title {
    char text[320];
};

struct lx_title lx_report_title(const json_t *report);
struct lx_title lx_attachment_title(const struct lx_metadata *metadata);

/* Whether one of the reports is about another namespace: then a table has a column more. */
bool lx_some_elsewhere(const json_t *reports);

#endif
