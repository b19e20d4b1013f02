/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cells of tables that other programs read: as CSV (RFC 4180) and as Markdown. A site's names may hold anything, so
 * what a terminal would obey is spelled out (foreign.h), and so that no spreadsheet takes a cell for a formula, one
 * that begins like a formula gets an apostrophe in front.
 */
#ifndef LYNCXDP_CORE_SHEET_TEXT_H
#define LYNCXDP_CORE_SHEET_TEXT_H

#include <stdio.h>

/* One cell, in quotes where it needs them. */
void lx_csv_put(const char *text, FILE *stream);

/* One cell, its pipes and whatever else Markdown reads escaped. */
void lx_markdown_put(const char *text, FILE *stream);

#endif
