/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that `check` looks at: a policy, a site or a declaration, read once, with all that is to be said of it. */
#ifndef LYNCXDP_CLI_INPUT_FILE_H
#define LYNCXDP_CLI_INPUT_FILE_H

#include <jansson.h>

#include "user/core/policy/declaration.h"
#include "user/core/policy/policy_file.h"
#include "user/core/policy/site_file.h"

enum lx_file_kind {
    LX_FILE_POLICY,
    LX_FILE_SITE,
    LX_FILE_DECLARATION,
};

struct lx_input_file {
    const char *path;
    enum lx_file_kind kind;
    bool sound; /* read without an error, so that one of the following is there */
    struct lx_policy_file policy;
    struct lx_site site;
    struct lx_declaration declaration;
    struct lx_diagnostics diagnostics;
};

/* Reads the file and finds out what it is. Returns an exit code; diagnostics are collected, not printed. */
int lx_input_file_read(const char *path, struct lx_input_file *input);

/*
 * Adds what lint finds: in a policy by itself, in a site against the policies among the files and all editions. Returns
 * an exit code.
 */
int lx_input_file_lint(struct lx_input_file *files, size_t count);

/* The canonical form of a sound policy, with what a site, unless NULL, changes in it; the caller frees it. NULL when
 * out of memory. */
char *lx_input_file_canonical(const struct lx_input_file *input, const struct lx_site *site);

/* What `check --json` says of a file; NULL when out of memory. */
json_t *lx_input_file_report(const struct lx_input_file *input, bool canonical, const struct lx_site *site);

void lx_input_file_free(struct lx_input_file *input);

#endif
