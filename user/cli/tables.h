/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From policy options to what they name: finds the tables, reads them and the site, resolves and compiles, and prints
 * every diagnostic on the way. Functions return an exit code (enum lx_exit).
 */
#ifndef LYNCXDP_CLI_TABLES_H
#define LYNCXDP_CLI_TABLES_H

#include "../core/compile.h"
#include "../core/policy_file.h"
#include "../core/resolve.h"
#include "../core/site_file.h"
#include "policy_options.h"

/* The tables of one edition, or of policy files, and perhaps a site. Zeroed: nothing yet. */
struct lx_tables {
    struct lx_policy_file *files; /* owned, in the order in which roles are looked for */
    size_t file_count;
    struct lx_policy_file file; /* all of them as one; its parts are borrowed from `files` */
    struct lx_site site;
    bool has_site;
};

/* Opens a file that the command line names; NULL after it has printed why not. */
FILE *lx_open_input(const char *path);

/* The editions there are tables of. Sorted; the caller frees the words. */
int lx_editions(struct lx_words *editions);

/* Reads one edition's tables. */
int lx_edition_read(const char *edition, struct lx_policy_file *file);

/* Reads the policy files or the edition, and the site. */
int lx_tables_read(const struct lx_policy_options *options, struct lx_tables *tables);
void lx_tables_free(struct lx_tables *tables);

/* What the options ask for. Borrows from them. */
struct lx_request lx_policy_request(const struct lx_policy_options *options);

/* Prints the diagnostics of lx_resolve or lx_select, frees them, and turns what was returned into an exit code. */
int lx_resolve_exit(int error, struct lx_diagnostics *diagnostics);

/* Gives the rows of the roles their addresses. */
int lx_tables_resolve(const struct lx_tables *tables, const struct lx_policy_options *options,
                      struct lx_policy *policy);

/* Compiles a policy. */
int lx_policy_compile(const struct lx_policy *policy, struct lx_compiled *compiled);

#endif
