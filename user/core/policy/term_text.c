/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations and their use. Files are read one after the other into one glossary, which is sorted anew after each, so
 * that looking a name up stays quick however many there are.
 */
#include "term_text.h"

#include <stdlib.h>
#include <string.h>

#include "items.h"

/* Sorts the terms by name for lx_glossary_find. */
static void index_terms(struct lx_reader *reader, struct lx_glossary *glossary)
{
    struct lx_named *index = lx_reader_room(reader, glossary->terms.count, sizeof(*index));

    free(glossary->index);
    glossary->index = index;
    if (!index)
        return;
    for (size_t i = 0; i < glossary->terms.count; i++)
        index[i] = (struct lx_named){.name = glossary->terms.items[i].name, .index = (uint32_t)i};
    lx_named_sort(index, glossary->terms.count);
}

const struct lx_term *lx_glossary_find(const struct lx_glossary *glossary, const char *name)
{
    const struct lx_named *found = glossary->index ? lx_named_find(glossary->index, glossary->terms.count, name) : NULL;

    return found ? &glossary->terms.items[found->index] : NULL;
}

struct lx_hint lx_glossary_hint(struct lx_reader *reader, const struct lx_glossary *glossary, const char *name)
{
    return lx_hint_named(reader, name, glossary->index, glossary->index ? glossary->terms.count : 0);
}

/* True when the name is new; what an earlier file says otherwise is diagnosed. */
static bool is_new(struct lx_reader *reader, const struct lx_node *key, const struct lx_glossary *glossary,
                   const char *name, const char *text, bool closed)
{
    const struct lx_term *before = lx_glossary_find(glossary, name);

    if (before && (strcmp(before->text, text) || before->closed != closed))
        lx_mistake(reader, key, "the %s '%s' stands for something else in %s, line %u; choose another name",
                   glossary->noun, name, before->place.file, before->place.line);
    return !before;
}

/* An option is on unless it says otherwise: `{for: TEXT, default: off}`. Returns the text, or NULL. */
static const char *read_switch(struct lx_reader *reader, const struct lx_node *node, bool *closed)
{
    static const struct lx_field fields[] = {{"for", "for: \"...\", a line that says what it is for"},
                                             {"default", NULL}};
    const struct lx_node *values[2];
    bool on = true;

    if (!lx_read_mapping(reader, node, "an option", fields, 2, values) || !values[0])
        return NULL;
    if (values[1])
        lx_read_flag(reader, values[1], &on);
    *closed = !on;
    return lx_read_text(reader, values[0], "a line that says what it is for");
}

static void read_term(struct lx_reader *reader, const struct lx_node *key, const char *file,
                      struct lx_glossary *glossary, size_t *added)
{
    const struct lx_node *node = lx_node_next(key);
    struct lx_term term = {.place = lx_node_place(key, file)};
    const char *name = lx_read_name(reader, key, glossary->what);
    const char *text = glossary->switches && node->kind == LX_NODE_MAPPING ? read_switch(reader, node, &term.closed)
                                                                           : lx_read_text(reader, node, glossary->text);

    if (!name || !text)
        return;
    if (strlen(text) > LX_TERM_LIMIT)
        lx_mistake(reader, node, "the text is longer than %d letters; write a shorter one", LX_TERM_LIMIT);
    if (!is_new(reader, key, glossary, name, text, term.closed))
        return;
    term.name = lx_reader_copy(reader, name);
    term.text = lx_reader_copy(reader, text);
    glossary->terms.items[glossary->terms.count + *added] = term;
    if (term.name && term.text) {
        ++*added;
        return;
    }
    free(term.name);
    free(term.text);
}

void lx_read_terms(struct lx_reader *reader, const struct lx_node *node, const char *file, struct lx_glossary *glossary)
{
    struct lx_terms *terms = &glossary->terms;
    struct lx_term *grown;
    char instead[80];
    size_t added = 0;

    snprintf(instead, sizeof(instead), "NAME: \"...\", %s", glossary->text);
    if (!lx_expect(reader, node, LX_NODE_MAPPING, instead))
        return;
    grown = reallocarray(terms->items, terms->count + node->value / 2, sizeof(*grown));
    if (!grown) {
        reader->out_of_memory = true;
        return;
    }
    terms->items = grown;
    /* The new ones are counted at the end: a key that comes twice is refused with the tree, not here. */
    for (const struct lx_node *key = lx_node_first(node); key; key = lx_node_next(lx_node_next(key)))
        if (key->kind == LX_NODE_TEXT)
            read_term(reader, key, file, glossary, &added);
    terms->count += added;
    index_terms(reader, glossary);
    if (!glossary->reader) {
        glossary->reader = reader;
        glossary->node = node;
    }
}

bool lx_read_terms_used(struct lx_reader *reader, const struct lx_node *node, const struct lx_glossary *glossary,
                        struct lx_words *words)
{
    bool sound = lx_read_words(reader, node, glossary->what, words);

    if (!glossary->reader || (node->kind != LX_NODE_LIST && node->kind != LX_NODE_TEXT))
        return sound;
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item)) {
        const char *name = item->kind == LX_NODE_TEXT ? lx_node_text(&reader->tree, item) : "";
        struct lx_hint hint;

        if (!lx_is_name(name) || lx_glossary_find(glossary, name))
            continue;
        hint = lx_glossary_hint(reader, glossary, name);
        lx_mistake(reader, item, "undeclared %s '%s'%s%s%s", glossary->noun, lx_show(name).text,
                   *hint.text ? hint.text : "; declare it under ", *hint.text ? "" : glossary->section,
                   *hint.text ? "" : ", with a line that says what it is for");
        sound = false;
    }
    return sound;
}

void lx_glossary_free(struct lx_glossary *glossary)
{
    lx_terms_free(&glossary->terms);
    free(glossary->index);
    glossary->index = NULL;
}
