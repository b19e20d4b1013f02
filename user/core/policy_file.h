/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy text: an edition's tables as YAML. One file may include others; the README documents the syntax. */
#ifndef LYNCXDP_CORE_POLICY_FILE_H
#define LYNCXDP_CORE_POLICY_FILE_H

#include <stdio.h>

#include "diagnostic.h"
#include "row.h"

/* A role: its own rows and the roles whose rows it takes over as they are (their `self` stays their own). */
struct lx_role {
    char *name;
    bool external, internal; /* sides it has rows on; neither: a role without sides */
    struct lx_row *rows;     /* own rows, in the order of the file */
    size_t row_count;
    struct lx_words includes;
    struct lx_place place;
};

/* What one policy file says. Everything is owned. */
struct lx_policy_file {
    char *name;    /* as given, for diagnostics */
    char *edition; /* "lync2010" */
    struct lx_role *roles;
    size_t role_count;
    struct lx_words groups; /* every group that a row names, once */
};

/* The most a policy or site file may hold, in bytes; and how deep its YAML may nest. */
#define LX_FILE_LIMIT (8u << 20)
#define LX_DEPTH_LIMIT 16

/*
 * Reads a policy from a stream. All mistakes of the file are diagnosed in one run. Returns 0, -EINVAL when there was an
 * error, -ENOMEM, or -EIO; the output is untouched unless 0.
 */
int lx_policy_file_read(FILE *stream, const char *name, struct lx_policy_file *file,
                        struct lx_diagnostics *diagnostics);

const struct lx_role *lx_policy_file_role(const struct lx_policy_file *file, const char *name);

void lx_policy_file_free(struct lx_policy_file *file);

#endif
