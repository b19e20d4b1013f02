/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The includes of the roles as a graph. It is walked with a stack of its own, because a file may hold a chain of roles
 * longer than the machine's stack is deep.
 */
#include "role_includes.h"

#include <stdlib.h>
#include <string.h>

enum state { NEW, OPEN, DONE };

/* A role on the way from where the walk began; `next` is the include to follow next. */
struct step {
    size_t role;
    const struct lx_node *next;
};

struct walk {
    struct lx_reader *reader;
    struct lx_role *roles;
    const struct lx_node *const *nodes;
    struct lx_named *names; /* sorted; index: of the role */
    size_t count;
    unsigned char *states; /* enum state, by role */
    struct step *steps;    /* the way, as deep as there are roles */
    size_t depth;
};

static const struct lx_node *first_include(const struct walk *walk, size_t role)
{
    const struct lx_node *node = walk->nodes[role];

    if (!node)
        return NULL;
    return node->kind == LX_NODE_LIST ? lx_node_first(node) : node;
}

static const struct lx_node *next_include(const struct walk *walk, size_t role, const struct lx_node *include)
{
    return walk->nodes[role]->kind == LX_NODE_LIST ? lx_node_next(include) : NULL;
}

static void enter(struct walk *walk, size_t role)
{
    walk->states[role] = OPEN;
    walk->steps[walk->depth++] = (struct step){.role = role, .next = first_include(walk, role)};
}

static void add_sides(struct lx_role *role, const struct lx_role *included)
{
    role->external |= included->external;
    role->internal |= included->internal;
}

/* Follows one include of a role: into a role not seen yet, or takes over the sides of a finished one. */
static void follow(struct walk *walk, size_t role, const struct lx_node *include)
{
    const struct lx_named *found;
    const char *name;

    if (include->kind != LX_NODE_TEXT || !lx_is_name(lx_node_text(&walk->reader->tree, include)))
        return; /* diagnosed when the words were read */
    name = lx_node_text(&walk->reader->tree, include);
    found = lx_named_find(walk->names, walk->count, name);
    if (!found) {
        lx_mistake(walk->reader, include, "unknown role '%s'; only roles of this file can be included%s",
                   lx_show(name).text, lx_hint_named(walk->reader, name, walk->names, walk->count).text);
    } else if (walk->states[found->index] == OPEN) {
        lx_mistake(walk->reader, include, "including '%s' here goes round in a circle; take it out of one of the roles",
                   name);
    } else if (walk->states[found->index] == NEW) {
        enter(walk, found->index);
    } else {
        add_sides(&walk->roles[role], &walk->roles[found->index]);
    }
}

static void walk_from(struct walk *walk, size_t start)
{
    enter(walk, start);
    while (walk->depth) {
        struct step *step = &walk->steps[walk->depth - 1];
        const struct lx_node *include = step->next;

        if (include) {
            step->next = next_include(walk, step->role, include);
            follow(walk, step->role, include);
            continue;
        }
        walk->states[step->role] = DONE;
        walk->depth--;
        if (walk->depth)
            add_sides(&walk->roles[walk->steps[walk->depth - 1].role], &walk->roles[step->role]);
    }
}

void lx_check_includes(struct lx_reader *reader, struct lx_role *roles, const struct lx_node *const *nodes,
                       size_t count)
{
    struct walk walk = {.reader = reader, .roles = roles, .nodes = nodes};

    walk.names = lx_reader_room(reader, count, sizeof(*walk.names));
    walk.states = lx_reader_room(reader, count, sizeof(*walk.states));
    walk.steps = lx_reader_room(reader, count, sizeof(*walk.steps));
    if (walk.names && walk.states && walk.steps) {
        for (size_t i = 0; i < count; i++)
            if (roles[i].name)
                walk.names[walk.count++] = (struct lx_named){.name = roles[i].name, .index = (uint32_t)i};
        lx_named_sort(walk.names, walk.count);
        for (size_t i = 0; i < count; i++)
            if (walk.states[i] == NEW)
                walk_from(&walk, i);
    }
    free(walk.names);
    free(walk.states);
    free(walk.steps);
}
