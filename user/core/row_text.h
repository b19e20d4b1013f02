/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows from policy text. Policy files and site files write them alike; what differs is in the scope. */
#ifndef LYNCXDP_CORE_ROW_TEXT_H
#define LYNCXDP_CORE_ROW_TEXT_H

#include "row.h"
#include "schema.h"

/* The most rows that one file may hold, so that a file of empty rows cannot fill the memory. */
#define LX_FILE_ROWS 65536

/* Where rows stand. All borrowed. */
struct lx_row_scope {
    const char *file; /* the owner's copy of the name: row places point at it */
    const char *role; /* NULL: a site's own rows */
    enum lx_side side;
    const struct lx_named *documents; /* key -> node of the title, sorted */
    size_t document_count;
    size_t rows_read; /* of the whole file so far */
};

/*
 * Reads a list of rows and appends them. After a mistake the rows are incomplete, but may be freed. A list of
 * incomplete rows is never used: the reader knows that there was an error.
 */
void lx_read_rows(struct lx_reader *reader, const struct lx_node *list, struct lx_row_scope *scope,
                  struct lx_row **rows, size_t *count);

#endif
