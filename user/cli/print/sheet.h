/* SPDX-License-Identifier: GPL-2.0-only */
/* A report as a file for other programs: the columns of table.h as CSV or as a Markdown table. */
#ifndef LYNCXDP_CLI_SHEET_H
#define LYNCXDP_CLI_SHEET_H

#include "table.h"

enum lx_sheet {
    LX_SHEET_CSV,
    LX_SHEET_MARKDOWN,
};

/* Prints the objects of `rows`, whose columns are texts, to standard output. */
void lx_print_sheet(const json_t *rows, const struct lx_column *columns, size_t count, enum lx_sheet sheet);

#endif
