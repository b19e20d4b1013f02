/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subset of YAML that policy text uses, as a tree: text, lists and mappings, each with its line and column.
 * Anchors, aliases, tags, a second document, a key given twice, deep nesting and control characters in text are
 * mistakes.
 */
#ifndef LYNCXDP_CORE_YAML_TREE_H
#define LYNCXDP_CORE_YAML_TREE_H

#include <stdint.h>

#include "text.h"

/* The most nodes that a tree may have: room for as many addresses as fit a file, and a bound for its memory. */
#define LX_TREE_LIMIT (1u << 20)

enum lx_node_kind {
    LX_NODE_TEXT, /* also numbers, on and off: what it means is up to the reader */
    LX_NODE_LIST,
    LX_NODE_MAPPING, /* children: key, value, key, value… every key is text, or spoilt */
    LX_NODE_SPOILT,  /* diagnosed already: pass over it */
};

/* Nodes lie in one array, each before its children. */
struct lx_node {
    uint32_t kind : 8; /* enum lx_node_kind */
    uint32_t column : 24;
    uint32_t line;
    uint32_t value; /* text: where it begins in the tree's text; else the number of children, keys included */
    uint32_t next;  /* how many nodes further the next child of the same parent is; 0: none */
};

_Static_assert(sizeof(struct lx_node) == 16, "a hundred thousand addresses take two megabytes");

struct lx_tree {
    struct lx_node *nodes; /* owned; the first is the root */
    uint32_t count;
    char *text; /* owned; zero-terminated pieces */
};

/* Parses. Returns 0 (also when mistakes were diagnosed that leave a tree), -EINVAL when there is no tree, -ENOMEM. */
int lx_tree_parse(const struct lx_text *text, struct lx_tree *tree, struct lx_diagnostics *diagnostics);

void lx_tree_free(struct lx_tree *tree);

/* The children of a list or mapping: NULL at the end. */
const struct lx_node *lx_node_first(const struct lx_node *node);
const struct lx_node *lx_node_next(const struct lx_node *node);

/* The text of a text node. */
const char *lx_node_text(const struct lx_tree *tree, const struct lx_node *node);

/* A name and where it stands, to find names and repetitions of them among many. */
struct lx_named {
    const char *name;
    const struct lx_node *node;
    uint32_t index; /* for the caller */
};

/* Sorts by name, equal names in the order of the file. */
void lx_named_sort(struct lx_named *names, size_t count);
/* Finds the first of that name in a sorted array, or NULL. */
const struct lx_named *lx_named_find(const struct lx_named *names, size_t count, const char *name);

#endif
