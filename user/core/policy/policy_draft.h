/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known while the files of a policy are read, one after the other: the policy so far, and what still has to be
 * put together when the last of them is read. Only the modules that read policy files share it.
 */
#ifndef LYNCXDP_CORE_POLICY_DRAFT_H
#define LYNCXDP_CORE_POLICY_DRAFT_H

#include "policy_file.h"
#include "row_text.h"
#include "term_text.h"

#define LX_NO_EDGE ((size_t)-1)

/* One of the files. Its text and tree stay until all are read, for the mistakes that show only then. */
struct lx_unit {
    struct lx_reader reader;
    const char *name; /* borrowed from the policy's `files` */
    char *identity;   /* owned, or NULL */
    bool open;        /* it is being read: including it now would go round in a circle */
    unsigned depth;   /* of includes; 0: the file that was asked for */
};

/* A name under a role's `includes:`, which may be a role or a set. */
struct lx_edge {
    struct lx_unit *unit;
    const struct lx_node *node;
    size_t next; /* index of the same role's next edge, or LX_NO_EDGE */
};

/* What belongs to the role of the same index until the roles are put together. */
struct lx_role_draft {
    size_t first_edge, last_edge; /* or LX_NO_EDGE */
};

/* Rows that roles share; they are copied into each. */
struct lx_row_set {
    char *name;
    struct lx_row *rows;
    size_t row_count;
    struct lx_place place;
};

struct lx_policy_draft {
    struct lx_policy_file file;
    struct lx_diagnostics *diagnostics;
    size_t errors_before;
    struct lx_unit **units; /* owned; the first is the file that was asked for */
    size_t unit_count;
    struct lx_glossary documents, workloads, options; /* their terms pass to the file in the end */
    struct lx_role_draft *drafts;                     /* by role */
    struct lx_edge *edges;
    size_t edge_count, edge_room;
    struct lx_row_set *sets;
    size_t set_count;
    struct lx_named *names; /* of roles and sets, sorted by lx_index_names */
    size_t name_count;
    size_t rows_read;  /* of all files */
    bool edition_seen; /* even if it is no good */
    bool incomplete;   /* a file could not be included: a name that is not found may be in there */
};

/* In `names`, sets are distinguished from roles by this bit of the index. */
#define LX_NAME_OF_SET (1u << 31)

/* Sorts the names of all roles and sets read so far. Out of memory is the reader's to remember. */
void lx_index_names(struct lx_policy_draft *policy, struct lx_reader *reader);
/* The first role or set of that name, or NULL. */
const struct lx_named *lx_find_name(const struct lx_policy_draft *policy, const char *name);

#endif
