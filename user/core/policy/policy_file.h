/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policy text: an edition's tables as YAML. One file may include others and add to what they say; what is read of all
 * of them is one policy file here. The README documents the syntax.
 */
#ifndef LYNCXDP_CORE_POLICY_FILE_H
#define LYNCXDP_CORE_POLICY_FILE_H

#include <stdio.h>

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

/* How deep policy files may include each other, and how many may come together. */
#define LX_INCLUDE_DEPTH 8
#define LX_INCLUDE_FILES 64

/* A file, opened for reading. */
struct lx_opened {
    FILE *stream;
    char *name;     /* owned; what diagnostics call it, and what its own includes are relative to */
    char *identity; /* owned; equal for one file by whatever name it is opened; NULL: unlike any other */
};

/* How the core comes by the files that a policy includes: it opens none by itself. */
struct lx_opener {
    /*
     * Opens what `from` includes as `what`: an edition's name or a path. Returns 0, with all of `opened` passing to the
     * caller, -ENOMEM, or another error after writing into `problem` why not, as half a sentence.
     */
    int (*open)(const struct lx_opener *opener, const char *from, const char *what, struct lx_opened *opened,
                char problem[256]);
    void *context;
};

/*
 * Reads a policy from a stream. All mistakes of the file are diagnosed in one run. Returns 0, -EINVAL when there was an
 * error, -ENOMEM, or -EIO; the output is untouched unless 0. Nothing can be included.
 */
int lx_policy_file_read(FILE *stream, const char *name, struct lx_policy_file *file,
                        struct lx_diagnostics *diagnostics);

/* The same for a policy that may include files. `top` stays the caller's. */
int lx_policy_file_load(const struct lx_opened *top, const struct lx_opener *opener, struct lx_policy_file *file,
                        struct lx_diagnostics *diagnostics);

/* The role of that name, or NULL; of the file and then of those behind it. */
const struct lx_role *lx_policy_file_role(const struct lx_policy_file *file, const char *name);

/* The file that a role is found in, or NULL. */
const struct lx_policy_file *lx_policy_file_with(const struct lx_policy_file *file, const char *role);

void lx_policy_file_free(struct lx_policy_file *file);

#endif
