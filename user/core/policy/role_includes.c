/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The includes of the roles as a graph. It is walked with a stack of its own, because a file may hold a chain of roles
 * longer than the machine's stack is deep.
 */
#include "role_includes.h"

#include <stdlib.h>
#include <string.h>

enum state { NEW, OPEN, DONE };

/* A role on the way from where the walk began; `next` is the edge to follow next. */
struct step {
    size_t role, next;
};

struct walk {
    struct lx_policy_draft *policy;
    unsigned char *states; /* enum state, by role */
    struct step *steps;    /* the way, as deep as there are roles */
    size_t depth;
};

const struct lx_named *lx_edge_target(const struct lx_policy_draft *policy, const struct lx_edge *edge)
{
    return lx_find_name(policy, lx_node_text(&edge->unit->reader.tree, edge->node));
}

static void enter(struct walk *walk, size_t role)
{
    walk->states[role] = OPEN;
    walk->steps[walk->depth++] = (struct step){.role = role, .next = walk->policy->drafts[role].first_edge};
}

static void add_sides(struct lx_role *role, const struct lx_role *included)
{
    role->external |= included->external;
    role->internal |= included->internal;
}

static void unknown(const struct lx_policy_draft *policy, const struct lx_edge *edge)
{
    const char *name = lx_node_text(&edge->unit->reader.tree, edge->node);
    struct lx_hint hint = lx_hint_named(&edge->unit->reader, name, policy->names, policy->name_count);

    if (!policy->incomplete)
        lx_mistake(&edge->unit->reader, edge->node,
                   "unknown role '%s'; only roles of this file and of those it includes, and sets, can be included%s",
                   lx_show(name).text, hint.text);
}

/* Follows one include of a role: into a role not seen yet, or takes over the sides of a finished one. */
static void follow(struct walk *walk, size_t role, const struct lx_edge *edge)
{
    struct lx_policy_draft *policy = walk->policy;
    const struct lx_named *found = lx_edge_target(policy, edge);

    if (!found) {
        unknown(policy, edge);
    } else if (found->index & LX_NAME_OF_SET) {
        return;
    } else if (walk->states[found->index] == OPEN) {
        lx_mistake(&edge->unit->reader, edge->node,
                   "including '%s' here goes round in a circle; take it out of one of the roles", found->name);
    } else if (walk->states[found->index] == NEW) {
        enter(walk, found->index);
    } else {
        add_sides(&policy->file.roles[role], &policy->file.roles[found->index]);
    }
}

static void walk_from(struct walk *walk, size_t start)
{
    struct lx_role *roles = walk->policy->file.roles;

    enter(walk, start);
    while (walk->depth) {
        struct step *step = &walk->steps[walk->depth - 1];

        if (step->next != LX_NO_EDGE) {
            const struct lx_edge *edge = &walk->policy->edges[step->next];

            step->next = edge->next;
            follow(walk, step->role, edge);
            continue;
        }
        walk->states[step->role] = DONE;
        walk->depth--;
        if (walk->depth)
            add_sides(&roles[walk->steps[walk->depth - 1].role], &roles[step->role]);
    }
}

void lx_check_role_includes(struct lx_policy_draft *policy)
{
    struct lx_reader *reader = &policy->units[0]->reader;
    struct walk walk = {.policy = policy};
    size_t count = policy->file.role_count;

    walk.states = lx_reader_room(reader, count, sizeof(*walk.states));
    walk.steps = lx_reader_room(reader, count, sizeof(*walk.steps));
    for (size_t i = 0; walk.states && walk.steps && i < count; i++)
        if (walk.states[i] == NEW)
            walk_from(&walk, i);
    free(walk.states);
    free(walk.steps);
}
