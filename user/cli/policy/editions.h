/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The editions that there are tables of, and how policies and sites are read with all that they name. `kept` says
 * whence (opening.h). Functions return an exit code (enum lx_exit) where nothing else is said.
 */
#ifndef LYNCXDP_CLI_EDITIONS_H
#define LYNCXDP_CLI_EDITIONS_H

#include "opening.h"
#include "user/core/policy/policy_reader.h"
#include "user/core/policy/site_file.h"

/* The editions there are tables of. Sorted; the caller frees the words. */
int lx_editions(const struct lx_last_good *kept, struct lx_words *editions);

/* Reads one edition's tables, or a policy file; prints what is wrong. */
int lx_edition_read(const char *edition, struct lx_last_good *kept, struct lx_policy_file *file);
int lx_policy_open(const char *path, struct lx_last_good *kept, struct lx_policy_file *file);

/* Reads one edition's tables if they are sound; prints nothing. Returns 0 or -errno. */
int lx_edition_try(const char *edition, struct lx_last_good *kept, struct lx_policy_file *file);

/* Reads a policy from a stream, with what it includes. Returns what lx_policy_file_load returns, and prints nothing. */
int lx_policy_read(FILE *stream, const char *path, struct lx_last_good *kept, struct lx_policy_file *file,
                   struct lx_diagnostics *diagnostics);

/*
 * Reads a site from a stream, with the files that it names: their paths are added to `named` unless it is NULL, even
 * those that cannot be opened. Returns what lx_site_file_load returns, and prints nothing.
 */
int lx_site_read(FILE *stream, const char *path, struct lx_last_good *kept, struct lx_site *site,
                 struct lx_words *named, struct lx_diagnostics *diagnostics);

/* What a reader's return value means to the command line, after its diagnostics are printed. */
int lx_read_exit(int error, const char *path);

#endif
