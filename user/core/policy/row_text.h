/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows from policy text. Policy files and site files write them alike; what differs is in the scope. */
#ifndef LYNCXDP_CORE_ROW_TEXT_H
#define LYNCXDP_CORE_ROW_TEXT_H

#include "row.h"
#include "term_text.h"
#include "user/core/text/schema.h"

/* The most rows that a policy or a site may hold, so that a file of empty rows cannot fill the memory. */
#define LX_FILE_ROWS 65536

/* Whose rows they are. */
enum lx_row_owner {
    LX_ROWS_OF_SITE,
    LX_ROWS_OF_MANAGEMENT, /* of a declaration: what is left open when all else fails */
    LX_ROWS_OF_ROLE,
    LX_ROWS_OF_SET, /* their ids are still without a role, and so are they */
};

/* Where rows stand. All borrowed. */
struct lx_row_scope {
    const char *file; /* the owner's copy of the name: row places point at it */
    enum lx_row_owner owner;
    const char *role; /* only for LX_ROWS_OF_ROLE */
    enum lx_side side;
    const struct lx_glossary *documents, *options, *workloads; /* NULL for rows of no policy file */
    size_t rows_read;                                          /* so far */
};

/* Reads an end of a row: any, self, a group or addresses. Returns false after a diagnostic. */
bool lx_read_endpoint(struct lx_reader *reader, const struct lx_node *node, struct lx_endpoint *endpoint);

/*
 * Reads a list of rows and appends them. After a mistake the rows are incomplete, but may be freed. A list of
 * incomplete rows is never used: the reader knows that there was an error.
 */
void lx_read_rows(struct lx_reader *reader, const struct lx_node *list, struct lx_row_scope *scope,
                  struct lx_row **rows, size_t *count);

#endif
