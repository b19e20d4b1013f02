/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the documents print of an edition, as README.md beside it describes it: the lines of the transcriptions with
 * their figures parsed, and the list of exceptions.
 */
#ifndef LYNCXDP_TESTS_PRINTED_LINES_H
#define LYNCXDP_TESTS_PRINTED_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "user/core/policy/policy_file.h"

#define LINES_LIMIT 1024
#define TABLES_LIMIT 256
#define EXCEPTIONS_LIMIT 64

struct printed_table {
    char *document, *table, *cited_as, *rows, *line_count, *path, *title, *left_out;
};

struct printed_line {
    char *document, *row, *edition, *roles, *side, *ports_text, *sources_text, *transport, *direction, *hook,
        *application, *condition, *workload, *peers, *certainty, *note;
    struct lx_ports ports, source_ports; /* as meant, where a misprint is noted; unused when unresolved */
    bool unresolved;
    bool site_ports, site_sources; /* left to the site: any port will do */
    bool unprinted;                /* it stands in no port table */
    const char *cited_as;          /* the keys by which policies cite its table, or "-" */
};

struct printed {
    struct printed_table tables[TABLES_LIMIT];
    size_t table_count;
    struct printed_line lines[LINES_LIMIT];
    size_t count;
};

/* Where a document and a policy differ on purpose. */
struct exception {
    char *kind, *where, *reason;
    bool used;
};

struct exceptions {
    struct exception items[EXCEPTIONS_LIMIT];
    size_t count;
};

/* The lines of that edition, of every transcription, that are about a role. */
struct printed *read_printed(const char *edition);
void free_printed(struct printed *printed);

struct exceptions *read_exceptions(void);
void free_exceptions(struct exceptions *exceptions);

/* What the pages print of the vendor's clouds. */
struct addresses {
    struct address_line {
        char *document, *row, *cloud, *use, *prefixes, *note;
    } items[EXCEPTIONS_LIMIT];
    size_t count;
};

struct addresses *read_addresses(void);
void free_addresses(struct addresses *addresses);

/* True when a field's list, "front-end,director", has the word. */
bool listed(const char *list, const char *word);

/* True when a line's list has the role, or one that it includes: what is printed of that one holds for it. */
bool names_role(const char *list, const struct lx_role *role);

bool line_has_hook(const struct printed_line *line, enum lx_hook hook);
bool line_has_side(const struct printed_line *line, enum lx_side side);
bool line_has_lb(const struct printed_line *line, enum lx_lb lb);
bool line_has_transport(const struct printed_line *line, enum lx_transport transport);

/* A name by which a line asks for the addresses of a site: those of one kind are names of the same machines. */
struct group_name {
    const char *name;
    unsigned kind;
};

/* The groups that a line may ask for, up to one without a name. */
extern const struct group_name group_names[];

/* The line asks for groups that a site gives addresses, and for nobody else. */
bool line_names_groups(const struct printed_line *line);

#endif
