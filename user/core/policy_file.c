/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of a policy file: an edition, the documents that its rows cite, and the roles with their rows. */
#include "policy_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "role_includes.h"
#include "row_text.h"

/* Title and place must fit a row label. */
#define TITLE_LIMIT 140
/* What the metadata of an attachment has room for. */
#define EDITION_LIMIT (sizeof(((struct lx_metadata *)0)->edition) - 1)

struct policy_reader {
    struct lx_reader reader;
    struct lx_policy_file file;
    struct lx_row_scope scope;
    struct lx_named *documents;
    const struct lx_node **includes; /* by role: what stands behind `includes:` */
};

static void read_edition(struct policy_reader *policy, const struct lx_node *node)
{
    const char *edition = lx_read_name(&policy->reader, node, "an edition");

    if (!edition)
        return;
    if (strlen(edition) > EDITION_LIMIT)
        lx_mistake(&policy->reader, node, "the name of an edition is longer than %zu letters; write a shorter one",
                   EDITION_LIMIT);
    else
        policy->file.edition = lx_reader_copy(&policy->reader, edition);
}

static void read_documents(struct policy_reader *policy, const struct lx_node *node)
{
    struct lx_reader *reader = &policy->reader;
    const struct lx_node *title;
    size_t count = 0;

    if (!lx_expect(reader, node, LX_NODE_MAPPING, "KEY: \"Title of the document\" for each document"))
        return;
    policy->documents = lx_reader_room(reader, node->value / 2, sizeof(*policy->documents));
    if (!policy->documents)
        return;
    for (const struct lx_node *key = lx_node_first(node); key; key = lx_node_next(title)) {
        const char *name, *text;

        title = lx_node_next(key);
        name = lx_read_name(reader, key, "a document");
        text = lx_read_text(reader, title, "the title of the document, in quotes");
        if (!name || !text)
            continue;
        if (strlen(text) > TITLE_LIMIT)
            lx_mistake(reader, title, "the title is longer than %d letters; write a shorter one", TITLE_LIMIT);
        policy->documents[count++] = (struct lx_named){.name = name, .node = title};
    }
    lx_named_sort(policy->documents, count);
    policy->scope.documents = policy->documents;
    policy->scope.document_count = count;
}

/* The lists of rows of a role, by side, in the order of the file: a packet is credited to the first row that allows it.
 */
static void read_sides(struct policy_reader *policy, const struct lx_node *lists[LX_SIDE_INTERNAL + 1],
                       struct lx_role *role)
{
    for (;;) {
        const struct lx_node **first = NULL;

        for (enum lx_side side = LX_SIDE_NONE; side <= LX_SIDE_INTERNAL; side++)
            if (lists[side] && (!first || lists[side] < *first))
                first = &lists[side];
        if (!first)
            return;
        policy->scope.side = (enum lx_side)(first - lists);
        lx_read_rows(&policy->reader, *first, &policy->scope, &role->rows, &role->row_count);
        role->external |= policy->scope.side == LX_SIDE_EXTERNAL;
        role->internal |= policy->scope.side == LX_SIDE_INTERNAL;
        *first = NULL;
    }
}

static void read_role(struct policy_reader *policy, const struct lx_node *key, const struct lx_node *node,
                      struct lx_role *role, const struct lx_node **includes)
{
    enum { INCLUDES = LX_SIDE_INTERNAL + 1, FIELDS };
    static const struct lx_field fields[FIELDS] = {
        [LX_SIDE_NONE] = {"rows", NULL},
        [LX_SIDE_EXTERNAL] = {"external", NULL},
        [LX_SIDE_INTERNAL] = {"internal", NULL},
        [INCLUDES] = {"includes", NULL},
    };
    const char *name = lx_read_name(&policy->reader, key, "a role");
    const struct lx_node *values[FIELDS] = {NULL};

    if (name)
        role->name = lx_reader_copy(&policy->reader, name);
    role->place = lx_node_place(key, policy->file.name);
    if (!lx_read_mapping(&policy->reader, node, "a role", fields, FIELDS, values))
        return;
    policy->scope.role = name ? name : "?";
    read_sides(policy, values, role);
    *includes = values[INCLUDES];
    if (*includes)
        lx_read_words(&policy->reader, *includes, "a role", &role->includes);
}

static void read_roles(struct policy_reader *policy, const struct lx_node *node)
{
    struct lx_policy_file *file = &policy->file;
    const struct lx_node *value;

    if (!lx_expect(&policy->reader, node, LX_NODE_MAPPING, "ROLE: with its rows below, for each role"))
        return;
    file->roles = lx_reader_room(&policy->reader, node->value / 2, sizeof(*file->roles));
    policy->includes = lx_reader_room(&policy->reader, node->value / 2, sizeof(*policy->includes));
    if (!file->roles || !policy->includes)
        return;
    for (const struct lx_node *key = lx_node_first(node); key; key = lx_node_next(value)) {
        value = lx_node_next(key);
        if (key->kind != LX_NODE_TEXT)
            continue;
        read_role(policy, key, value, &file->roles[file->role_count], &policy->includes[file->role_count]);
        file->role_count++;
    }
    lx_check_includes(&policy->reader, file->roles, policy->includes, file->role_count);
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Puts one end of a row into the list of groups, borrowed. */
static void add_group(const struct lx_endpoint *endpoint, struct lx_words *groups)
{
    if (endpoint->kind == LX_ENDPOINT_GROUP && endpoint->group)
        groups->items[groups->count++] = endpoint->group;
}

/* Every group that a row names, once. */
static void collect_groups(struct policy_reader *policy)
{
    struct lx_words named = {0}, *groups = &policy->file.groups;

    named.items = lx_reader_room(&policy->reader, policy->scope.rows_read, sizeof(*named.items));
    groups->items = lx_reader_room(&policy->reader, policy->scope.rows_read, sizeof(*groups->items));
    if (named.items && groups->items) {
        for (size_t i = 0; i < policy->file.role_count; i++) {
            for (size_t j = 0; j < policy->file.roles[i].row_count; j++) {
                /* Exactly one end is self, so no row names two groups. */
                add_group(&policy->file.roles[i].rows[j].from, &named);
                add_group(&policy->file.roles[i].rows[j].to, &named);
            }
        }
        qsort(named.items, named.count, sizeof(*named.items), compare_words);
        for (size_t i = 0; i < named.count; i++) {
            char *copy = NULL;

            if (!i || strcmp(named.items[i], named.items[i - 1]))
                copy = lx_reader_copy(&policy->reader, named.items[i]);
            if (copy)
                groups->items[groups->count++] = copy;
        }
    }
    free(named.items);
}

static void read_file(struct policy_reader *policy)
{
    enum { EDITION, DOCUMENTS, ROLES, FIELDS };
    static const struct lx_field fields[FIELDS] = {
        [EDITION] = {"edition", "edition: lync2010"},
        [DOCUMENTS] = {"documents", NULL},
        [ROLES] = {"roles", "roles: and the roles with their rows"},
    };
    const struct lx_node *values[FIELDS] = {NULL};

    if (!lx_read_mapping(&policy->reader, policy->reader.tree.nodes, "a policy file", fields, FIELDS, values))
        return;
    if (values[EDITION])
        read_edition(policy, values[EDITION]);
    if (values[DOCUMENTS])
        read_documents(policy, values[DOCUMENTS]);
    if (values[ROLES])
        read_roles(policy, values[ROLES]);
    if (policy->reader.diagnostics->errors == policy->reader.errors_before)
        collect_groups(policy);
}

int lx_policy_file_read(FILE *stream, const char *name, struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    struct policy_reader policy = {.file = {.name = strdup(name)}};
    int error;

    if (!policy.file.name)
        return -ENOMEM;
    policy.scope.file = policy.file.name;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the name is freed with the file, or moves out with it */
    error = lx_reader_open(&policy.reader, stream, policy.file.name, diagnostics);
    if (!error) {
        read_file(&policy);
        error = lx_reader_close(&policy.reader, 0);
    }
    free(policy.documents);
    free(policy.includes);
    if (error)
        lx_policy_file_free(&policy.file);
    else
        *file = policy.file;
    return error;
}

const struct lx_role *lx_policy_file_role(const struct lx_policy_file *file, const char *name)
{
    for (size_t i = 0; i < file->role_count; i++)
        if (!strcmp(file->roles[i].name, name))
            return &file->roles[i];
    return NULL;
}

void lx_policy_file_free(struct lx_policy_file *file)
{
    for (size_t i = 0; i < file->role_count; i++) {
        struct lx_role *role = &file->roles[i];

        for (size_t j = 0; j < role->row_count; j++)
            lx_row_free(&role->rows[j]);
        free(role->rows);
        free(role->name);
        lx_words_free(&role->includes);
    }
    free(file->roles);
    free(file->name);
    free(file->edition);
    lx_words_free(&file->groups);
    *file = (struct lx_policy_file){0};
}
