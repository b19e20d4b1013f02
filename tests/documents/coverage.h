/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a policy differs from what the documents print: printed lines that it does not open, rows without their line, and
 * numbered lines that no row cites.
 */
#ifndef LYNCXDP_TESTS_COVERAGE_H
#define LYNCXDP_TESTS_COVERAGE_H

#include <stdio.h>

#include "port_set.h"
#include "printed_lines.h"
#include "user/core/policy/policy_file.h"

/* What was found to differ and is no exception. */
struct findings {
    struct exceptions *exceptions;
    size_t count;
    char *text; /* one line each */
    size_t size;
    FILE *out;
};

void open_findings(struct findings *findings);
void close_findings(struct findings *findings);

/* Whether they differ there on purpose; such an exception is marked as used. */
bool excepted(struct exceptions *exceptions, const char *kind, const char *where);

/* Roles that are printed and not there. */
void find_missing_roles(const struct lx_policy_file *file, const struct printed *printed, struct findings *findings);

/* What is printed and not open. */
void find_missing(const struct lx_policy_file *file, const struct printed *printed, struct findings *findings);

/* What is open and not printed. */
void find_unprinted(const struct lx_policy_file *file, const struct printed *printed, struct findings *findings);

/* Numbered lines that no row cites. */
void find_uncited(const struct lx_policy_file *file, const struct printed *printed, struct findings *findings);

/* Whether a row's citation is this line, whatever part of it: "servers 9", or a label somewhere on the poster. */
bool cites(const struct lx_row *row, const struct printed_line *line);

#endif
