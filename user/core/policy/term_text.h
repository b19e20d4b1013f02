/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sections of a policy file that declare names: documents, workloads, options. Once anything of a kind is declared,
 * a row may use no name of that kind that is not.
 */
#ifndef LYNCXDP_CORE_TERM_TEXT_H
#define LYNCXDP_CORE_TERM_TEXT_H

#include "terms.h"
#include "user/core/text/schema.h"
#include "user/core/text/words.h"

/* The longest text of a term: a document's title and a place in it must fit a row label. */
#define LX_TERM_LIMIT 140

/* The terms of one kind while files are read. */
struct lx_glossary {
    const char *section; /* "options" */
    const char *noun;    /* "option" */
    const char *what;    /* "an option" */
    const char *text;    /* what stands behind a name: "a line that says what the option is for" */
    bool switches;       /* they are on or off: `{for: TEXT, default: off}` */
    struct lx_terms terms;
    struct lx_named *index;     /* owned: the terms, sorted */
    struct lx_reader *reader;   /* of the file that declares first; NULL: nothing is declared */
    const struct lx_node *node; /* its section */
};

/* Reads a section. What another file declared already may be declared again with the same text. */
void lx_read_terms(struct lx_reader *reader, const struct lx_node *node, const char *file,
                   struct lx_glossary *glossary);

/* The term of that name, or NULL. */
const struct lx_term *lx_glossary_find(const struct lx_glossary *glossary, const char *name);

/* "; did you mean 'X'?" about one of the terms, or "". */
struct lx_hint lx_glossary_hint(struct lx_reader *reader, const struct lx_glossary *glossary, const char *name);

/* Reads words of the glossary, which may be any names where nothing is declared. Output as lx_read_words. */
bool lx_read_terms_used(struct lx_reader *reader, const struct lx_node *node, const struct lx_glossary *glossary,
                        struct lx_words *words);

void lx_glossary_free(struct lx_glossary *glossary); /* its terms too */

#endif
