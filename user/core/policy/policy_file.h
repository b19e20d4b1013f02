/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policy text: an edition's tables as YAML. One file may include others and add to what they say; what is read of all
 * of them is one policy file here. The README documents the syntax.
 */
#ifndef LYNCXDP_CORE_POLICY_FILE_H
#define LYNCXDP_CORE_POLICY_FILE_H

#include "row.h"
#include "terms.h"
#include "user/core/text/diagnostic.h"

/* A role: its own rows and the roles whose rows it takes over as they are (their `self` stays their own). */
struct lx_role {
    char *name;
    bool external, internal; /* sides it has: on which it has rows, that it declares, or of what it includes */
    struct lx_row *rows;     /* own rows, then those of its sets; rows of one side stand together */
    size_t row_count;
    const struct lx_role **includes; /* the list is owned, the roles are of the same policy file */
    size_t include_count;
    struct lx_place place;
};

/* What one policy file says, with all that it includes. Everything is owned. */
struct lx_policy_file {
    char *name;            /* as given, for diagnostics */
    struct lx_words files; /* that it was read from: places of its roles and rows point here */
    char *edition;         /* "lync2010" */
    struct lx_terms documents, workloads, options;
    struct lx_role *roles; /* at least one */
    size_t role_count;
    struct lx_words groups; /* every group that a row names, once */
    /* Where a role is looked for that this file does not have. Borrowed; set by whoever has more than one. */
    const struct lx_policy_file *next;
};

/* The role of that name, or NULL; of the file and then of those behind it. */
const struct lx_role *lx_policy_file_role(const struct lx_policy_file *file, const char *name);

/* The file that a role is found in, or NULL. */
const struct lx_policy_file *lx_policy_file_with(const struct lx_policy_file *file, const char *role);

void lx_policy_file_free(struct lx_policy_file *file);

#endif
