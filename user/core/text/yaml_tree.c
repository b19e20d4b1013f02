/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libyaml's events to a tree. The events, not libyaml's document loader, because the loader is slow on deep nesting and
 * knows neither limits nor keys given twice.
 */
#include "yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A list or mapping whose end is still to come. Nodes are named by index, because the array moves as it grows. */
struct level {
    uint32_t node, last; /* last: its latest child, or 0 */
    bool is_key;         /* it stands where a key must: a mistake */
};

struct builder {
    const struct lx_text *input;
    struct lx_diagnostics *diagnostics;
    yaml_parser_t parser;
    struct lx_tree tree;
    size_t node_capacity, text_used, text_capacity;
    struct level levels[LX_DEPTH_LIMIT];
    unsigned depth, documents;
};

static void mistake(struct builder *builder, yaml_mark_t mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void mistake(struct builder *builder, yaml_mark_t mark, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    lx_text_vmistake(builder->input, builder->diagnostics, (unsigned)mark.line + 1, (unsigned)mark.column + 1, format,
                     arguments);
    va_end(arguments);
}

/* What to write instead, for the slips that libyaml has no good words for. */
static const char *syntax_hint(const char *problem)
{
    if (strstr(problem, "expected ',' or"))
        return "; is a comma, a closing bracket or a quote missing?";
    if (strstr(problem, "expected ':'"))
        return "; is a colon with a blank behind it missing?";
    if (strstr(problem, "cannot start any token") || strstr(problem, "tab"))
        return "; indent with blanks, not tabs, and put text with @, %, ` or the like into quotes";
    if (strstr(problem, "not allowed in this context") || strstr(problem, "expected <block end>") ||
        strstr(problem, "expected '-'"))
        return "; is the line indented like its neighbours, and is text with a colon in quotes?";
    if (strstr(problem, "document start"))
        return "; is something left over behind a closing bracket?";
    return "";
}

static int syntax_error(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    const char *problem = parser->problem ? parser->problem : "unreadable";

    if (parser->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    mistake(builder, parser->problem_mark, "not YAML: %s%s", problem, syntax_hint(problem));
    return -EINVAL;
}

/* Stops the reading: what follows would be too much. */
static int too_much(struct builder *builder, yaml_mark_t mark, const char *what)
{
    mistake(builder, mark, "%s", what);
    return -EINVAL;
}

static int keep_text(struct builder *builder, const yaml_event_t *event, uint32_t *offset)
{
    size_t length = event->data.scalar.length;

    if (builder->text_used + length + 1 > builder->text_capacity) {
        size_t capacity = (builder->text_used + length + 1) * 2;
        char *grown = realloc(builder->tree.text, capacity);

        if (!grown)
            return -ENOMEM;
        builder->tree.text = grown;
        builder->text_capacity = capacity;
    }
    *offset = (uint32_t)builder->text_used;
    memcpy(builder->tree.text + builder->text_used, event->data.scalar.value, length);
    builder->text_used += length;
    builder->tree.text[builder->text_used++] = '\0';
    return 0;
}

/* Escapes and block text can bring in what the file itself may not hold. */
static bool is_one_line(const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length;

    for (size_t at = 0; at < event->data.scalar.length; at += length) {
        unsigned code = lx_character(value + at, event->data.scalar.length - at, &length);

        if (code < ' ')
            return false;
    }
    return true;
}

static bool expects_key(const struct builder *builder)
{
    const struct lx_node *parent;

    if (!builder->depth)
        return false;
    parent = &builder->tree.nodes[builder->levels[builder->depth - 1].node];
    return parent->kind == LX_NODE_MAPPING && parent->value % 2 == 0;
}

/* Adds a node below the innermost open level. */
static int add_node(struct builder *builder, yaml_mark_t mark, enum lx_node_kind kind, uint32_t value)
{
    struct lx_tree *tree = &builder->tree;

    if (tree->count == LX_TREE_LIMIT)
        return too_much(builder, mark,
                        "more than 1048576 values in one file; split it, or name prefixes instead of "
                        "single addresses");
    if (tree->count == builder->node_capacity) {
        size_t capacity = builder->node_capacity ? builder->node_capacity * 2 : 256;
        struct lx_node *grown = reallocarray(tree->nodes, capacity, sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        tree->nodes = grown;
        builder->node_capacity = capacity;
    }
    tree->nodes[tree->count] = (struct lx_node){.kind = kind,
                                                .line = (uint32_t)mark.line + 1,
                                                .column = ((uint32_t)mark.column + 1) & 0xffffff,
                                                .value = value};
    if (builder->depth) {
        struct level *level = &builder->levels[builder->depth - 1];

        if (level->last)
            tree->nodes[level->last].next = tree->count - level->last;
        level->last = tree->count;
        tree->nodes[level->node].value++;
    }
    tree->count++;
    return 0;
}

static void refuse_extras(struct builder *builder, const yaml_event_t *event, const yaml_char_t *anchor,
                          const yaml_char_t *tag)
{
    if (anchor)
        mistake(builder, event->start_mark, "an anchor (&) where plain text is needed; write the value out");
    if (tag)
        mistake(builder, event->start_mark, "a tag (!) where plain text is needed; leave it out, quotes are enough");
}

static int add_text(struct builder *builder, const yaml_event_t *event)
{
    enum lx_node_kind kind = LX_NODE_TEXT;
    uint32_t offset = 0;
    int error = 0;

    refuse_extras(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (is_one_line(event)) {
        error = keep_text(builder, event, &offset);
    } else {
        mistake(builder, event->start_mark, "text with a line end or a control character in it; write it on one line");
        kind = LX_NODE_SPOILT;
    }
    return error ? error : add_node(builder, event->start_mark, kind, offset);
}

static int add_alias(struct builder *builder, const yaml_event_t *event)
{
    mistake(builder, event->start_mark, "an alias (*) where plain text is needed; write the value out");
    return add_node(builder, event->start_mark, LX_NODE_SPOILT, 0);
}

static int open_level(struct builder *builder, const yaml_event_t *event, enum lx_node_kind kind)
{
    struct level level = {.node = builder->tree.count, .is_key = expects_key(builder)};
    int error;

    if (builder->depth == LX_DEPTH_LIMIT)
        return too_much(builder, event->start_mark,
                        "lists and mappings are nested more than 16 deep; no policy needs "
                        "that, so is a bracket missing?");
    if (level.is_key)
        mistake(builder, event->start_mark, "a list or mapping where a key must be; a key is a plain word");
    error = add_node(builder, event->start_mark, kind, 0);
    if (!error)
        builder->levels[builder->depth++] = level;
    return error;
}

/* A key that comes again is diagnosed and its later entry passed over. */
static int refuse_repeated_keys(struct builder *builder, struct lx_node *mapping)
{
    const struct lx_tree *tree = &builder->tree;
    struct lx_named *names;
    size_t count = 0;

    if (mapping->value < 4)
        return 0;
    names = calloc(mapping->value / 2, sizeof(*names));
    if (!names)
        return -ENOMEM;
    for (const struct lx_node *key = lx_node_first(mapping); key; key = lx_node_next(lx_node_next(key)))
        if (key->kind == LX_NODE_TEXT)
            names[count++] = (struct lx_named){lx_node_text(tree, key), key, (uint32_t)(key - tree->nodes)};
    lx_named_sort(names, count);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(names[first].name, names[i].name)) {
            first = i;
            continue;
        }
        lx_text_mistake(builder->input, builder->diagnostics, names[i].node->line, names[i].node->column,
                        "the key '%s' is there already, on line %u; keep one of them", lx_show(names[i].name).text,
                        names[first].node->line);
        tree->nodes[names[i].index].kind = LX_NODE_SPOILT;
    }
    free(names);
    return 0;
}

static int close_level(struct builder *builder)
{
    const struct level *level = &builder->levels[--builder->depth];
    struct lx_node *node = &builder->tree.nodes[level->node];
    int error = node->kind == LX_NODE_MAPPING ? refuse_repeated_keys(builder, node) : 0;

    if (level->is_key)
        node->kind = LX_NODE_SPOILT;
    return error;
}

static int take_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->documents++)
            return too_much(builder, event->start_mark,
                            "a second document begins here; leave the --- out, or put what "
                            "follows into a file of its own");
        return 0;
    case YAML_ALIAS_EVENT:
        return add_alias(builder, event);
    case YAML_SCALAR_EVENT:
        return add_text(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        refuse_extras(builder, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        return open_level(builder, event, LX_NODE_LIST);
    case YAML_MAPPING_START_EVENT:
        refuse_extras(builder, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return open_level(builder, event, LX_NODE_MAPPING);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_level(builder);
    default:
        return 0;
    }
}

static int take_events(struct builder *builder)
{
    yaml_event_t event;
    yaml_event_type_t type;
    int error;

    do {
        if (!yaml_parser_parse(&builder->parser, &event))
            return syntax_error(builder);
        type = event.type;
        error = take_event(builder, &event);
        yaml_event_delete(&event);
    } while (!error && type != YAML_STREAM_END_EVENT);
    if (!error && !builder->tree.count) {
        lx_text_mistake(builder->input, builder->diagnostics, 1, 1,
                        "the file is empty; the README shows what it holds");
        error = -EINVAL;
    }
    return error;
}

int lx_tree_parse(const struct lx_text *text, struct lx_tree *tree, struct lx_diagnostics *diagnostics)
{
    struct builder builder = {.input = text, .diagnostics = diagnostics};
    int error;

    if (!yaml_parser_initialize(&builder.parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text->bytes, text->size);
    error = take_events(&builder);
    yaml_parser_delete(&builder.parser);
    if (error)
        lx_tree_free(&builder.tree);
    else
        *tree = builder.tree;
    return error;
}

void lx_tree_free(struct lx_tree *tree)
{
    free(tree->nodes);
    free(tree->text);
    *tree = (struct lx_tree){0};
}

const struct lx_node *lx_node_first(const struct lx_node *node)
{
    return node->value ? node + 1 : NULL;
}

const struct lx_node *lx_node_next(const struct lx_node *node)
{
    return node->next ? node + node->next : NULL;
}

const char *lx_node_text(const struct lx_tree *tree, const struct lx_node *node)
{
    return tree->text + node->value;
}

static int compare_named(const void *left, const void *right)
{
    const struct lx_named *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    if (order)
        return order;
    return a->node < b->node ? -1 : a->node > b->node;
}

void lx_named_sort(struct lx_named *names, size_t count)
{
    qsort(names, count, sizeof(*names), compare_named);
}

const struct lx_named *lx_named_find(const struct lx_named *names, size_t count, const char *name)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(names[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && !strcmp(names[low].name, name) ? &names[low] : NULL;
}
