/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pieces that a schema is made of. Every sentence says what is wrong and what to write instead; the callers give
 * the second half, because only they know what belongs there.
 */
#include "schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "spelling.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* More names than this are not searched for a likely one. */
#define HINT_NAMES 1000

int lx_reader_open(struct lx_reader *reader, FILE *stream, const char *name, struct lx_diagnostics *diagnostics)
{
    int error;

    *reader = (struct lx_reader){
        .diagnostics = diagnostics, .first = diagnostics->count, .errors_before = diagnostics->errors};
    error = lx_text_read(stream, name, &reader->text, diagnostics);
    if (error)
        return error;
    error = lx_tree_parse(&reader->text, &reader->tree, diagnostics);
    if (error)
        return lx_reader_close(reader, error);
    return 0;
}

int lx_reader_close(struct lx_reader *reader, int error)
{
    lx_tree_free(&reader->tree);
    lx_text_free(&reader->text);
    lx_diagnostics_sort(reader->diagnostics, reader->first);
    if (!error && (reader->out_of_memory || reader->diagnostics->out_of_memory))
        error = -ENOMEM;
    if (!error && reader->diagnostics->errors > reader->errors_before)
        error = -EINVAL;
    return error;
}

void lx_mistake(struct lx_reader *reader, const struct lx_node *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    lx_text_vmistake(&reader->text, reader->diagnostics, node->line, node->column, format, arguments);
    va_end(arguments);
}

struct lx_place lx_node_place(const struct lx_node *node, const char *file)
{
    return (struct lx_place){.file = file, .line = node->line, .column = node->column};
}

char *lx_reader_copy(struct lx_reader *reader, const char *text)
{
    char *copy = strdup(text);

    reader->out_of_memory |= !copy;
    return copy;
}

void *lx_reader_room(struct lx_reader *reader, size_t count, size_t size)
{
    void *room = count ? calloc(count, size) : NULL;

    reader->out_of_memory |= count && !room;
    return room;
}

struct lx_hint lx_hint(struct lx_reader *reader, const char *word, const char *const *names, size_t count)
{
    struct lx_hint hint = {""};
    const char *nearest = NULL;

    if (count <= HINT_NAMES && !lx_diagnostics_full(reader->diagnostics))
        nearest = lx_nearest(word, names, count);
    if (nearest)
        snprintf(hint.text, sizeof(hint.text), "; did you mean '%s'?", lx_show(nearest).text);
    return hint;
}

struct lx_hint lx_hint_named(struct lx_reader *reader, const char *word, const struct lx_named *names, size_t count)
{
    const char **words = count && count <= HINT_NAMES ? lx_reader_room(reader, count, sizeof(*words)) : NULL;
    struct lx_hint hint = {""};

    if (words) {
        for (size_t i = 0; i < count; i++)
            words[i] = names[i].name;
        hint = lx_hint(reader, word, words, count);
    }
    free(words);
    return hint;
}

static const char *kind_name(enum lx_node_kind kind)
{
    return kind == LX_NODE_LIST ? "a list" : kind == LX_NODE_MAPPING ? "a mapping" : "text";
}

static bool is_empty(const struct lx_reader *reader, const struct lx_node *node)
{
    return node->kind == LX_NODE_TEXT ? !*lx_node_text(&reader->tree, node) : !node->value;
}

bool lx_expect(struct lx_reader *reader, const struct lx_node *node, enum lx_node_kind kind, const char *instead)
{
    if (node->kind == LX_NODE_SPOILT)
        return false;
    if (is_empty(reader, node)) {
        lx_mistake(reader, node, "nothing where %s is needed; write %s, or leave it out", kind_name(kind), instead);
        return false;
    }
    if (node->kind != kind) {
        lx_mistake(reader, node, "%s where %s is needed; write %s", kind_name(node->kind), kind_name(kind), instead);
        return false;
    }
    return true;
}

/* A list of ports without brackets ends at its first comma, and the second port looks like a key. */
static void unknown_key(struct lx_reader *reader, const struct lx_node *key, const char *what,
                        const struct lx_field *fields, size_t count)
{
    const char *word = lx_node_text(&reader->tree, key), *names[LX_FIELDS];
    char known[256] = "";
    struct lx_hint hint;

    if (*word >= '0' && *word <= '9') {
        lx_mistake(reader, key, "'%s' stands where a key must; a list needs brackets, [443, 3478]", lx_show(word).text);
        return;
    }
    for (size_t i = 0, used = 0; i < count; i++) {
        names[i] = fields[i].name;
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "", names[i]);
    }
    hint = lx_hint(reader, word, names, count);
    if (*hint.text)
        lx_mistake(reader, key, "unknown key '%s' in %s%s", lx_show(word).text, what, hint.text);
    else
        lx_mistake(reader, key, "unknown key '%s' in %s; its keys are %s", lx_show(word).text, what, known);
}

bool lx_read_mapping(struct lx_reader *reader, const struct lx_node *node, const char *what,
                     const struct lx_field *fields, size_t count, const struct lx_node **values)
{
    const struct lx_node *value;
    char instead[64];

    for (size_t i = 0; i < count; i++)
        values[i] = NULL;
    snprintf(instead, sizeof(instead), "the keys of %s, like %s: ...", what, fields[0].name);
    if (!lx_expect(reader, node, LX_NODE_MAPPING, instead))
        return false;
    for (const struct lx_node *key = lx_node_first(node); key; key = lx_node_next(value)) {
        size_t i = 0;

        value = lx_node_next(key);
        if (key->kind != LX_NODE_TEXT)
            continue;
        while (i < count && strcmp(fields[i].name, lx_node_text(&reader->tree, key)))
            i++;
        if (i == count) {
            unknown_key(reader, key, what, fields, count);
            continue;
        }
        values[i] = value;
    }
    for (size_t i = 0; i < count; i++)
        if (!values[i] && fields[i].missing)
            lx_mistake(reader, node, "%s without the key '%s'; write %s", what, fields[i].name, fields[i].missing);
    return true;
}

const char *lx_read_text(struct lx_reader *reader, const struct lx_node *node, const char *instead)
{
    return lx_expect(reader, node, LX_NODE_TEXT, instead) ? lx_node_text(&reader->tree, node) : NULL;
}

bool lx_is_name(const char *text)
{
    return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

const char *lx_read_name(struct lx_reader *reader, const struct lx_node *node, const char *what)
{
    const char *name = lx_read_text(reader, node, "a name");

    if (!name)
        return NULL;
    if (!lx_is_name(name)) {
        lx_mistake(reader, node,
                   "'%s' cannot be the name of %s; write it with the letters a-z, digits and hyphens only",
                   lx_show(name).text, what);
        return NULL;
    }
    if (strlen(name) > LX_NAME_LIMIT) {
        lx_mistake(reader, node, "the name of %s is longer than %d letters; write a shorter one", what, LX_NAME_LIMIT);
        return NULL;
    }
    return name;
}

int lx_read_choice(struct lx_reader *reader, const struct lx_node *node, const char *what, const char *const *choices,
                   size_t count)
{
    char all[160] = "";
    const char *word;

    for (size_t i = 0, used = 0; i < count && used < sizeof(all); i++)
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
                                 i == 0          ? ""
                                 : i + 1 < count ? ", "
                                                 : " or ",
                                 choices[i]);
    word = lx_read_text(reader, node, all);
    if (!word)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(word, choices[i]))
            return (int)i;
    lx_mistake(reader, node, "unknown %s '%s'; write %s%s", what, lx_show(word).text, all,
               lx_hint(reader, word, choices, count).text);
    return -1;
}

bool lx_read_flag(struct lx_reader *reader, const struct lx_node *node, bool *flag)
{
    static const char *const words[] = {"off", "on", "no", "yes", "false", "true"};
    const char *word = lx_read_text(reader, node, "on or off");

    if (!word)
        return false;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!strcmp(word, words[i])) {
            *flag = i % 2;
            return true;
        }
    }
    lx_mistake(reader, node, "'%s' where a switch is needed; write on or off", lx_show(word).text);
    return false;
}

bool lx_read_number(struct lx_reader *reader, const struct lx_node *node, const char *what, unsigned least,
                    unsigned most, unsigned *number)
{
    const char *word = lx_read_text(reader, node, "a number");

    if (!word)
        return false;
    if (lx_number_parse(word, least, most, number))
        return true;
    lx_mistake(reader, node, "'%s' is no %s; write a number from %u to %u", lx_show(word).text, what, least, most);
    return false;
}
