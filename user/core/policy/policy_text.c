/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One policy file at a time, section by section.
 */
#include "policy_text.h"

#include <stdlib.h>
#include <string.h>

#include "items.h"

/* What a publication has room for. */
#define EDITION_LIMIT (sizeof(((struct lx_publication *)0)->edition) - 1)

/* The edition of the file that was asked for, or else of the first that names one. */
static void read_edition(struct lx_policy_draft *policy, struct lx_unit *unit, const struct lx_node *node)
{
    const char *edition = lx_read_name(&unit->reader, node, "an edition");

    policy->edition_seen = true;
    if (!edition)
        return;
    if (strlen(edition) > EDITION_LIMIT) {
        lx_mistake(&unit->reader, node, "the name of an edition is longer than %zu letters; write a shorter one",
                   EDITION_LIMIT);
    } else if (!unit->depth || !policy->file.edition) {
        free(policy->file.edition);
        policy->file.edition = lx_reader_copy(&unit->reader, edition);
    }
}

/* What is known to the rows of a file, where the role, the set and the side are still to be filled in. */
static struct lx_row_scope scope_of(struct lx_policy_draft *policy, const struct lx_unit *unit)
{
    return (struct lx_row_scope){
        .file = unit->name,
        .documents = &policy->documents,
        .options = &policy->options,
        .workloads = &policy->workloads,
        .rows_read = policy->rows_read,
    };
}

/* Who else has the name already, in words; NULL when it is free. */
static const struct lx_place *taken_by(const struct lx_policy_draft *policy, const char *name, const char **noun)
{
    const struct lx_named *found = lx_find_name(policy, name);
    bool set = found && (found->index & LX_NAME_OF_SET);

    if (!found)
        return NULL;
    *noun = set ? "set" : "role";
    return set ? &policy->sets[found->index & ~LX_NAME_OF_SET].place : &policy->file.roles[found->index].place;
}

static void read_set(struct lx_policy_draft *policy, struct lx_unit *unit, const struct lx_node *key)
{
    struct lx_row_set *set = &policy->sets[policy->set_count++];
    const char *name = lx_read_name(&unit->reader, key, "a set"), *noun;
    struct lx_row_scope scope = scope_of(policy, unit);
    const struct lx_place *taken = name ? taken_by(policy, name, &noun) : NULL;

    if (taken)
        lx_mistake(&unit->reader, key, "'%s' is the name of a %s already, in %s, line %u; choose another name", name,
                   noun, taken->file, taken->line);
    else if (name)
        set->name = lx_reader_copy(&unit->reader, name);
    set->place = lx_node_place(key, unit->name);
    scope.owner = LX_ROWS_OF_SET;
    lx_read_rows(&unit->reader, lx_node_next(key), &scope, &set->rows, &set->row_count);
    policy->rows_read = scope.rows_read;
}

/* The array with room for more items, zeroed; NULL when there is none, and the array stays as it is. */
static void *grow(struct lx_reader *reader, void *items, size_t size, size_t count, size_t more)
{
    char *grown = reallocarray(items, count + more, size);

    if (grown)
        memset(grown + count * size, 0, more * size);
    else
        reader->out_of_memory = true;
    return grown;
}

static void read_sets(struct lx_policy_draft *policy, struct lx_unit *unit, const struct lx_node *node)
{
    struct lx_row_set *sets;

    if (!lx_expect(&unit->reader, node, LX_NODE_MAPPING, "SET: with its rows below, for each set"))
        return;
    sets = grow(&unit->reader, policy->sets, sizeof(*sets), policy->set_count, node->value / 2);
    if (!sets)
        return;
    policy->sets = sets;
    for (const struct lx_node *key = lx_node_first(node); key; key = lx_node_next(lx_node_next(key)))
        if (key->kind == LX_NODE_TEXT)
            read_set(policy, unit, key);
}

enum { INCLUDES = LX_SIDE_INTERNAL + 1, SIDES, EXTENDS, ROLE_FIELDS };

/* The lists of rows of a role, by side, in the order of the file: a packet is credited to the first row that allows it.
 */
static void read_lists(struct lx_policy_draft *policy, struct lx_unit *unit, const char *name,
                       const struct lx_node *lists[LX_SIDE_INTERNAL + 1], struct lx_role *role)
{
    struct lx_row_scope scope = scope_of(policy, unit);

    scope.owner = LX_ROWS_OF_ROLE;
    scope.role = name;
    for (;;) {
        const struct lx_node **first = NULL;

        for (enum lx_side side = LX_SIDE_NONE; side <= LX_SIDE_INTERNAL; side++)
            if (lists[side] && (!first || lists[side] < *first))
                first = &lists[side];
        if (!first)
            break;
        scope.side = (enum lx_side)(first - lists);
        lx_read_rows(&unit->reader, *first, &scope, &role->rows, &role->row_count);
        role->external |= scope.side == LX_SIDE_EXTERNAL;
        role->internal |= scope.side == LX_SIDE_INTERNAL;
        *first = NULL;
    }
    policy->rows_read = scope.rows_read;
}

/* Sides that a role has even without rows of their own: its `rows:` belong to all of them. */
static void read_role_sides(struct lx_unit *unit, const struct lx_node *node, struct lx_role *role)
{
    if (!lx_expect_items(&unit->reader, node, "[external, internal]"))
        return;
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item)) {
        int side = lx_read_choice(&unit->reader, item, "side", lx_side_names + 1, LX_SIDES - 1);

        role->external |= side == 0;
        role->internal |= side == 1;
    }
}

/* Room for more edges. It doubles: a file may hold as many roles with includes as it has lines. */
static bool make_edge_room(struct lx_policy_draft *policy, struct lx_unit *unit, size_t more)
{
    struct lx_edge *edges;

    if (policy->edge_count + more <= policy->edge_room)
        return true;
    more += policy->edge_count;
    edges = grow(&unit->reader, policy->edges, sizeof(*edges), policy->edge_count, more);
    if (!edges)
        return false;
    policy->edges = edges;
    policy->edge_room = policy->edge_count + more;
    return true;
}

/* Remembers the names; what they stand for is known when all files are read. */
static void read_role_includes(struct lx_policy_draft *policy, struct lx_unit *unit, const struct lx_node *node,
                               struct lx_role_draft *draft)
{
    if (!lx_expect_items(&unit->reader, node, "a role or a set, or a list of them like [one, two]") ||
        !make_edge_room(policy, unit, lx_count_items(node)))
        return;
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item)) {
        if (!lx_read_name(&unit->reader, item, "a role"))
            continue;
        policy->edges[policy->edge_count] = (struct lx_edge){.unit = unit, .node = item, .next = LX_NO_EDGE};
        if (draft->first_edge == LX_NO_EDGE)
            draft->first_edge = policy->edge_count;
        else
            policy->edges[draft->last_edge].next = policy->edge_count;
        draft->last_edge = policy->edge_count++;
    }
}

/* The index of the role that a name stands for: a new one, or one of another file that is added to. */
static size_t find_target(struct lx_policy_draft *policy, struct lx_unit *unit, const struct lx_node *key,
                          const char *name, const struct lx_node *extends)
{
    const struct lx_named *found = name ? lx_find_name(policy, name) : NULL;
    const struct lx_place *taken;
    const char *noun;
    bool extend = false;

    if (extends)
        lx_read_flag(&unit->reader, extends, &extend);
    if (extend && found && !(found->index & LX_NAME_OF_SET))
        return found->index;
    taken = name ? taken_by(policy, name, &noun) : NULL;
    if (taken)
        lx_mistake(&unit->reader, key, "'%s' is the name of a %s already, in %s, line %u; %schoose another name", name,
                   noun, taken->file, taken->line, *noun == 'r' ? "write extends: true to add to it, or " : "");
    else if (extend && name && !policy->incomplete)
        lx_mistake(&unit->reader, extends, "no included file has a role '%s' to extend%s", name,
                   lx_hint_named(&unit->reader, name, policy->names, policy->name_count).text);
    return policy->file.role_count;
}

static void read_role(struct lx_policy_draft *policy, struct lx_unit *unit, const struct lx_node *key)
{
    static const struct lx_field fields[ROLE_FIELDS] = {
        [LX_SIDE_NONE] = {"rows", NULL},
        [LX_SIDE_EXTERNAL] = {"external", NULL},
        [LX_SIDE_INTERNAL] = {"internal", NULL},
        [INCLUDES] = {"includes", NULL},
        [SIDES] = {"sides", NULL},
        [EXTENDS] = {"extends", NULL},
    };
    const char *name = lx_read_name(&unit->reader, key, "a role");
    const struct lx_node *values[ROLE_FIELDS] = {NULL};
    struct lx_role *role;
    size_t target;
    bool mapping = lx_read_mapping(&unit->reader, lx_node_next(key), "a role", fields, ROLE_FIELDS, values);

    target = find_target(policy, unit, key, name, values[EXTENDS]);
    role = &policy->file.roles[target];
    if (target == policy->file.role_count) {
        policy->file.role_count++;
        policy->drafts[target] = (struct lx_role_draft){LX_NO_EDGE, LX_NO_EDGE};
        if (name && !lx_find_name(policy, name)) /* else it stays with whoever has it */
            role->name = lx_reader_copy(&unit->reader, name);
        role->place = lx_node_place(key, unit->name);
    }
    if (!mapping)
        return;
    if (!values[LX_SIDE_NONE] && !values[LX_SIDE_EXTERNAL] && !values[LX_SIDE_INTERNAL] && !values[INCLUDES] &&
        !values[SIDES])
        lx_mistake(&unit->reader, lx_node_next(key),
                   "a role without rows; write rows:, or external: and internal:, or includes:");
    read_lists(policy, unit, name ? name : "?", values, role);
    if (values[SIDES])
        read_role_sides(unit, values[SIDES], role);
    if (values[INCLUDES])
        read_role_includes(policy, unit, values[INCLUDES], &policy->drafts[target]);
}

static void read_roles(struct lx_policy_draft *policy, struct lx_unit *unit, const struct lx_node *node)
{
    struct lx_policy_file *file = &policy->file;
    struct lx_role_draft *drafts;
    struct lx_role *roles;

    if (!lx_expect(&unit->reader, node, LX_NODE_MAPPING, "ROLE: with its rows below, for each role"))
        return;
    roles = grow(&unit->reader, file->roles, sizeof(*roles), file->role_count, node->value / 2);
    if (roles)
        file->roles = roles;
    drafts = grow(&unit->reader, policy->drafts, sizeof(*drafts), file->role_count, node->value / 2);
    if (drafts)
        policy->drafts = drafts;
    if (!roles || !drafts)
        return;
    for (const struct lx_node *key = lx_node_first(node); key; key = lx_node_next(lx_node_next(key)))
        if (key->kind == LX_NODE_TEXT)
            read_role(policy, unit, key);
}

bool lx_read_sections(struct lx_unit *unit, const struct lx_node *sections[LX_SECTIONS])
{
    static const struct lx_field fields[LX_SECTIONS] = {
        [LX_SECTION_EDITION] = {"edition", NULL},     [LX_SECTION_INCLUDE] = {"include", NULL},
        [LX_SECTION_DOCUMENTS] = {"documents", NULL}, [LX_SECTION_WORKLOADS] = {"workloads", NULL},
        [LX_SECTION_OPTIONS] = {"options", NULL},     [LX_SECTION_SETS] = {"sets", NULL},
        [LX_SECTION_ROLES] = {"roles", NULL},
    };

    return lx_read_mapping(&unit->reader, unit->reader.tree.nodes, "a policy file", fields, LX_SECTIONS, sections);
}

void lx_read_documents(struct lx_policy_draft *policy, struct lx_unit *unit,
                       const struct lx_node *const sections[LX_SECTIONS])
{
    if (sections[LX_SECTION_DOCUMENTS])
        lx_read_terms(&unit->reader, sections[LX_SECTION_DOCUMENTS], unit->name, &policy->documents);
}

void lx_read_policy_text(struct lx_policy_draft *policy, struct lx_unit *unit,
                         const struct lx_node *const sections[LX_SECTIONS])
{
    const struct lx_node *root = unit->reader.tree.nodes;
    struct lx_reader *reader = &unit->reader;

    if (sections[LX_SECTION_EDITION])
        read_edition(policy, unit, sections[LX_SECTION_EDITION]);
    if (sections[LX_SECTION_WORKLOADS])
        lx_read_terms(reader, sections[LX_SECTION_WORKLOADS], unit->name, &policy->workloads);
    if (sections[LX_SECTION_OPTIONS])
        lx_read_terms(reader, sections[LX_SECTION_OPTIONS], unit->name, &policy->options);
    lx_index_names(policy, reader);
    if (sections[LX_SECTION_SETS])
        read_sets(policy, unit, sections[LX_SECTION_SETS]);
    lx_index_names(policy, reader);
    if (sections[LX_SECTION_ROLES])
        read_roles(policy, unit, sections[LX_SECTION_ROLES]);
    if (!unit->depth && !policy->edition_seen && !policy->incomplete)
        lx_mistake(reader, root, "a policy file without the key 'edition'; write edition: lync2010");
    if (!unit->depth && !sections[LX_SECTION_ROLES] && !policy->file.role_count && !policy->incomplete)
        lx_mistake(reader, root, "a policy file without the key 'roles'; write roles: and the roles with their rows");
}
