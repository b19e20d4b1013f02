/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the texts of policies, sites and declarations are opened. `kept` is NULL: they are files. Or it is what was kept:
 * while it is not whole, files are opened and kept; once it is, what is not in it is not there.
 */
#ifndef LYNCXDP_CLI_OPENING_H
#define LYNCXDP_CLI_OPENING_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "user/core/policy/last_good.h"

/* Where the tables of the editions are; the path may be in the buffer. */
const char *lx_policy_directory(const struct lx_last_good *kept, char buffer[PATH_MAX]);

/* Opens a text. Returns 0, or an error after pointing `problem` at why not. */
int lx_text_open(struct lx_last_good *kept, const char *path, FILE **stream, const char **problem);

/* The same for what a person has named: NULL after it has printed why not. */
FILE *lx_open_input(const char *path, struct lx_last_good *kept);

FILE *lx_kept_text_open(const struct lx_kept_text *text); /* NULL when out of memory */

/* Whether there is such a file, not a directory. */
bool lx_text_is_file(const struct lx_last_good *kept, const char *path);

/* Equal for one file by whatever name it is opened; owned by the caller, NULL: unlike any other. */
char *lx_text_identity(const struct lx_last_good *kept, const char *path);

/* When the file was modified: seconds of CLOCK_REALTIME, or 0. */
uint64_t lx_text_modified(const struct lx_last_good *kept, const char *path);

#endif
