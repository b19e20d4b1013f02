/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From policy options to what they name: finds the tables, reads them and the site, resolves, and prints every
 * diagnostic on the way. Functions return an exit code (enum lx_exit).
 */
#ifndef LYNCXDP_CLI_TABLES_H
#define LYNCXDP_CLI_TABLES_H

#include "user/cli/options/policy_options.h"
#include "user/core/policy/last_good.h"
#include "user/core/policy/policy_file.h"
#include "user/core/policy/site_file.h"
#include "user/core/resolve/resolve.h"

/* The tables of policy files and of an edition, and perhaps a site. Zeroed but for the setting: nothing yet. */
struct lx_tables {
    struct lx_policy_file *files; /* owned; the first, and behind it the others, in the order of looking for roles */
    size_t file_count;
    struct lx_policy_file *elsewhere; /* owned: the other editions, one behind the other; only read beside a site */
    size_t elsewhere_count;
    struct lx_site site;
    bool has_site;
    struct lx_words site_files; /* that the site names, sound or not */
    struct lx_last_good *kept;  /* setting, borrowed: whence they are read (opening.h) */
};

/* Reads the policy files, the edition and the site. */
int lx_tables_read(const struct lx_policy_options *options, struct lx_tables *tables);
void lx_tables_free(struct lx_tables *tables);

/* What the options ask for. Borrows from them and the tables. */
struct lx_request lx_policy_request(const struct lx_tables *tables, const struct lx_policy_options *options);

/* Prints the diagnostics of lx_resolve or lx_select, frees them, and turns what was returned into an exit code. */
int lx_resolve_exit(int error, struct lx_diagnostics *diagnostics);

/* Gives the rows of the roles their addresses. */
int lx_tables_resolve(const struct lx_tables *tables, const struct lx_policy_options *options,
                      struct lx_policy *policy);

#endif
