/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a row is printed: a document and a place in it, or else the line of the file where it stands. */
#ifndef LYNCXDP_CORE_CITATION_H
#define LYNCXDP_CORE_CITATION_H

#include "row.h"
#include "term_text.h"

/*
 * "edge-external 3", the key of a document and the place in it: becomes the row's source and citation. Those behind it
 * in a list are other places that print the same: the row's `repeats`.
 */
void lx_read_citation(struct lx_reader *reader, const struct lx_node *node, const struct lx_glossary *documents,
                      struct lx_row *row);

/* "own.yaml, line 7", the source of a row that cites nothing. Caller frees; NULL with the reader out of memory. */
char *lx_cite_line(struct lx_reader *reader, const char *file, unsigned line);

#endif
