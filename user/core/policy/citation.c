/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A citation names a document by its key; what a person sees is its title. The label of a row in the kernel has room
 * for a title of some length and a place, no more.
 */
#include "citation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"

static char *compose(struct lx_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

static char *compose(struct lx_reader *reader, const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length >= 0)
        return text;
    reader->out_of_memory = true;
    return NULL;
}

static void unknown_document(struct lx_reader *reader, const struct lx_node *node, const char *key,
                             const struct lx_glossary *documents)
{
    struct lx_hint hint = lx_glossary_hint(reader, documents, key);

    lx_mistake(reader, node, "unknown document '%s'%s", lx_show(key).text,
               *hint.text ? hint.text : "; give its title under documents");
}

/* One of the places: the first is the row's source, the others print the same again. */
static void read_place(struct lx_reader *reader, const struct lx_node *node, const struct lx_glossary *documents,
                       struct lx_row *row)
{
    const char *text = lx_read_text(reader, node, "the key of a document and a place in it"), *place;
    const struct lx_term *document;
    char *key;

    if (!text)
        return;
    place = text + strcspn(text, " ");
    key = strndup(text, (size_t)(place - text));
    if (!key) {
        reader->out_of_memory = true;
        return;
    }
    place += strspn(place, " ");
    document = lx_glossary_find(documents, key);
    if (!document) {
        unknown_document(reader, node, key, documents);
    } else if (!*place) {
        lx_mistake(reader, node, "the source names no place in the document; write source: %s 1", lx_show(key).text);
    } else {
        bool number = !place[strspn(place, "0123456789")];
        char *citation = compose(reader, "%s %s", key, place);

        if (row->citation) {
            reader->out_of_memory |= citation && lx_words_add(&row->repeats, citation) != 0;
            free(citation);
        } else {
            row->source = compose(reader, "%s, %s%s", document->text, number ? "row " : "", place);
            row->citation = citation;
        }
    }
    free(key);
}

void lx_read_citation(struct lx_reader *reader, const struct lx_node *node, const struct lx_glossary *documents,
                      struct lx_row *row)
{
    if (lx_expect_items(reader, node, "the key of a document and a place in it, or a list of them"))
        for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item))
            read_place(reader, item, documents, row);
}

/* The name of a file in the place of a document's title: as long as a title may be, and without control characters. */
static const char *file_title(const char *name, char title[LX_TERM_LIMIT + 1])
{
    size_t left = strlen(name), used = 0, length;

    if (left > LX_TERM_LIMIT) {
        name += left - LX_TERM_LIMIT; /* the end of a path says more than its beginning */
        left = LX_TERM_LIMIT;
    }
    for (; left; left -= length, name += length) {
        bool sound = lx_character(name, left, &length) >= ' ';

        if (!sound)
            length = 1;
        memcpy(title + used, sound ? name : "?", length);
        used += length;
    }
    strcpy(title + used, used ? "" : "?");
    return title;
}

char *lx_cite_line(struct lx_reader *reader, const char *file, unsigned line)
{
    char title[LX_TERM_LIMIT + 1];

    return compose(reader, "%s, line %u", file_title(file, title), line);
}
