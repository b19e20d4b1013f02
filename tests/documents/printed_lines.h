/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the documents print, as README.md beside it describes it: the lines of the transcriptions with their figures
 * parsed, and the list of exceptions.
 */
#ifndef LYNCXDP_TESTS_PRINTED_LINES_H
#define LYNCXDP_TESTS_PRINTED_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "user/core/policy/row.h"

#define LINES_LIMIT 512
#define EXCEPTIONS_LIMIT 64

struct printed_line {
    char *document, *row, *edition, *roles, *side, *ports_text, *sources_text, *transport, *direction, *hook,
        *application, *condition, *workload, *peers, *certainty, *note;
    struct lx_ports ports, source_ports; /* as meant, where a misprint is noted; unused when unresolved */
    bool unresolved;
};

struct printed {
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

/* All of them, of every transcription. Free with free(). */
struct printed *read_printed(void);

struct exceptions *read_exceptions(void);
void free_exceptions(struct exceptions *exceptions);

/* True when a field's list, "front-end,director", has the word. */
bool listed(const char *list, const char *word);

/* True when a line's list has the role, or one that this role is too: what is printed of that one holds for it. */
bool names_role(const char *list, const char *role);

bool line_has_hook(const struct printed_line *line, enum lx_hook hook);
bool line_has_side(const struct printed_line *line, enum lx_side side);
bool line_has_lb(const struct printed_line *line, enum lx_lb lb);
bool line_has_transport(const struct printed_line *line, enum lx_transport transport);

/* The line asks for one of the groups that a site gives addresses, and for nobody else. */
bool line_names_groups(const struct printed_line *line);

#endif
