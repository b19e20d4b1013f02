/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a YAML tree as what it must be: a mapping with these keys, a name, a flag, ports, addresses. Each function
 * diagnoses what is wrong at its place and goes on, so that all mistakes of a file are found in one run.
 */
#ifndef LYNCXDP_CORE_SCHEMA_H
#define LYNCXDP_CORE_SCHEMA_H

#include "yaml_tree.h"

struct lx_reader {
    struct lx_text text;
    struct lx_tree tree;
    struct lx_diagnostics *diagnostics;
    size_t first; /* index of the first diagnostic about this file */
    size_t errors_before;
    bool out_of_memory;
};

/* Reads and parses a stream. Returns 0 with `reader` ready for what follows, or as lx_policy_file_read. */
int lx_reader_open(struct lx_reader *reader, FILE *stream, const char *name, struct lx_diagnostics *diagnostics);
/* Frees the tree and the text and puts the diagnostics into order. Returns `error`, or what the reading came to. */
int lx_reader_close(struct lx_reader *reader, int error);

void lx_mistake(struct lx_reader *reader, const struct lx_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A key that a mapping may have; a mapping has at most LX_FIELDS of them. */
#define LX_FIELDS 20

struct lx_field {
    const char *name;
    const char *missing; /* what to write when it is not there; NULL: it may be left out */
};

/*
 * Sorts the values of a mapping by its fields: values[i] is the one of fields[i], or NULL when it is missing.
 * `what` names the mapping in sentences ("a row"). Returns false when the node is no mapping; all values are NULL then.
 */
bool lx_read_mapping(struct lx_reader *reader, const struct lx_node *node, const char *what,
                     const struct lx_field *fields, size_t count, const struct lx_node **values);

/* A place of the file, for what outlives the reading; `file` is the owner's copy of its name. */
struct lx_place lx_node_place(const struct lx_node *node, const char *file);

/* True when the node is of that kind and not empty; else diagnosed. `instead` says what to write. */
bool lx_expect(struct lx_reader *reader, const struct lx_node *node, enum lx_node_kind kind, const char *instead);

/* The text of a node that must be some; NULL after a diagnostic. */
const char *lx_read_text(struct lx_reader *reader, const struct lx_node *node, const char *instead);

/* The longest name of a role, group, option or the like. */
#define LX_NAME_LIMIT 48

/* True for letters a-z, digits and hyphens. */
bool lx_is_name(const char *text);

/* The text of a node that must be a name; NULL after a diagnostic. `what` it names: "a group". */
const char *lx_read_name(struct lx_reader *reader, const struct lx_node *node, const char *what);

/* One of the names listed; returns its index, or -1 after a diagnostic that suggests one. */
int lx_read_choice(struct lx_reader *reader, const struct lx_node *node, const char *what, const char *const *choices,
                   size_t count);

/* on, yes, true or off, no, false. Returns false after a diagnostic. */
bool lx_read_flag(struct lx_reader *reader, const struct lx_node *node, bool *flag);

/* A whole number up to `most`. Returns false after a diagnostic. */
bool lx_read_number(struct lx_reader *reader, const struct lx_node *node, const char *what, unsigned least,
                    unsigned most, unsigned *number);

/* A copy, or NULL with the reader out of memory. The second allocates zeroed room; a count of 0 gives NULL as well. */
char *lx_reader_copy(struct lx_reader *reader, const char *text);
void *lx_reader_room(struct lx_reader *reader, size_t count, size_t size);

/* "; did you mean 'X'?" about one of the names, or "". */
struct lx_hint {
    char text[96];
};

struct lx_hint lx_hint(struct lx_reader *reader, const char *word, const char *const *names, size_t count);
struct lx_hint lx_hint_named(struct lx_reader *reader, const char *word, const struct lx_named *names, size_t count);

#endif
