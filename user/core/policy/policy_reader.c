/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of a policy, depth first: what a file includes is read before it, so that it can use all that is declared
 * there and add to the roles. Two files may include a third; one that includes itself, by whatever way, is a mistake
 * where the circle closes. When all are read, their roles are put together.
 */
#include "policy_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "composition.h"
#include "items.h"
#include "policy_draft.h"
#include "policy_text.h"
#include "role_includes.h"
#include "vocabulary.h"

struct reader {
    const struct lx_opener *opener; /* NULL: nothing can be included */
    struct lx_policy_draft policy;
};

/* Reads a file into the policy, its includes first. Takes over identity. Returns 0, -EINVAL, -EIO or -ENOMEM. */
static int read_unit(struct reader *reader, FILE *stream, const char *name, char *identity, unsigned depth);

static const struct lx_unit *find_unit(const struct lx_policy_draft *policy, const char *identity)
{
    for (size_t i = 0; identity && i < policy->unit_count; i++)
        if (policy->units[i]->identity && !strcmp(policy->units[i]->identity, identity))
            return policy->units[i];
    return NULL;
}

/* Reads an opened file, unless it is known. Returns whether all of it is known now. */
static bool read_opened(struct reader *reader, struct lx_unit *unit, const struct lx_node *item,
                        struct lx_opened *opened)
{
    const struct lx_unit *known = find_unit(&reader->policy, opened->identity);
    struct lx_shown shown = lx_show(lx_node_text(&unit->reader.tree, item));
    int error;

    if (known && known->open)
        lx_mistake(&unit->reader, item, "including '%s' here goes round in a circle; take it out of one of the files",
                   shown.text);
    if (known)
        return !known->open;
    error = read_unit(reader, opened->stream, opened->name, opened->identity, unit->depth + 1);
    opened->identity = NULL;
    unit->reader.out_of_memory |= error == -ENOMEM;
    if (error == -EIO)
        lx_mistake(&unit->reader, item, "'%s' cannot be included: input/output error", shown.text);
    return !error;
}

/* Returns false after a mistake that leaves names unknown. */
static bool include(struct reader *reader, struct lx_unit *unit, const struct lx_node *item)
{
    const char *what = lx_read_text(&unit->reader, item, "an edition's name, or the path of a file");
    char problem[256] = "it cannot be opened";
    struct lx_opened opened = {0};
    bool known;
    int error;

    if (!what)
        return false;
    if (!reader->opener || unit->depth == LX_INCLUDE_DEPTH || reader->policy.unit_count == LX_INCLUDE_FILES) {
        lx_mistake(&unit->reader, item, "'%s' cannot be included: %s", lx_show(what).text,
                   !reader->opener                   ? "there is nowhere to look for other files"
                   : unit->depth == LX_INCLUDE_DEPTH ? "files include each other more than 8 deep"
                                                     : "more than 64 files come together");
        return false;
    }
    error = reader->opener->open(reader->opener, LX_OPENED_POLICY, unit->name, what, &opened, problem);
    unit->reader.out_of_memory |= error == -ENOMEM;
    if (error) {
        if (error != -ENOMEM)
            lx_mistake(&unit->reader, item, "'%s' cannot be included: %s", lx_show(what).text, problem);
        return false;
    }
    known = read_opened(reader, unit, item, &opened);
    lx_opened_close(&opened);
    return known;
}

/* Reads what stands behind a file's `include:`. A file that was read already is not read again. */
static void read_includes(struct reader *reader, struct lx_unit *unit, const struct lx_node *node)
{
    if (!lx_expect_items(&unit->reader, node, "an edition's name or the path of a file, or a list of them")) {
        reader->policy.incomplete = true;
        return;
    }
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item))
        if (!include(reader, unit, item))
            reader->policy.incomplete = true;
}

/* A place for one more file; NULL when out of memory. Takes over identity either way. */
static struct lx_unit *add_unit(struct lx_policy_draft *policy, const char *name, char *identity, unsigned depth)
{
    struct lx_unit **units = reallocarray(policy->units, policy->unit_count + 1, sizeof(*units));
    struct lx_unit *unit = calloc(1, sizeof(*unit));

    if (units)
        policy->units = units;
    if (!units || !unit || lx_words_add(&policy->file.files, name)) {
        free(unit);
        free(identity);
        return NULL;
    }
    *unit = (struct lx_unit){
        .name = policy->file.files.items[policy->file.files.count - 1], .identity = identity, .depth = depth};
    units[policy->unit_count++] = unit;
    return unit;
}

static int read_unit(struct reader *reader, FILE *stream, const char *name, char *identity, unsigned depth)
{
    struct lx_unit *unit = add_unit(&reader->policy, name, identity, depth);
    const struct lx_node *sections[LX_SECTIONS];
    int error;

    if (!unit)
        return -ENOMEM;
    unit->open = true;
    error = lx_reader_open(&unit->reader, stream, unit->name, reader->policy.diagnostics);
    if (!error && lx_read_sections(unit, sections)) {
        lx_read_documents(&reader->policy, unit, sections);
        if (sections[LX_SECTION_INCLUDE])
            read_includes(reader, unit, sections[LX_SECTION_INCLUDE]);
        lx_read_policy_text(&reader->policy, unit, sections);
    }
    unit->open = false;
    return error;
}

/* Lists every group that a row names. */
static void collect_groups(struct lx_policy_draft *policy)
{
    struct lx_words *groups = &policy->file.groups;
    struct lx_reader *reader = &policy->units[0]->reader;
    struct lx_vocabulary used = {0};

    reader->out_of_memory |= lx_vocabulary_gather(&policy->file, LX_GROUPS, &used) != 0;
    groups->items = lx_reader_room(reader, used.count, sizeof(*groups->items));
    for (size_t i = 0; groups->items && i < used.count; i++) {
        char *copy = lx_reader_copy(reader, used.words[i]);

        if (copy)
            groups->items[groups->count++] = copy;
    }
    lx_vocabulary_free(&used);
}

/* Words of files that declare none are known only now; once a file declares some, all have to be. */
static void check_declared(struct lx_policy_draft *policy, const struct lx_glossary *glossary, enum lx_subject subject)
{
    struct lx_vocabulary used = {0};

    if (!glossary->reader)
        return;
    glossary->reader->out_of_memory |= lx_vocabulary_gather(&policy->file, subject, &used) != 0;
    for (size_t i = 0; i < used.count; i++)
        if (!lx_glossary_find(glossary, used.words[i]))
            lx_mistake(glossary->reader, glossary->node,
                       "rows of an included file have the %s '%s'; declare it here too, or none at all", glossary->noun,
                       used.words[i]);
    lx_vocabulary_free(&used);
}

/* What only all files together show. */
static void finish(struct lx_policy_draft *policy)
{
    lx_index_names(policy, &policy->units[0]->reader);
    lx_check_role_includes(policy);
    lx_compose_roles(policy);
    if (policy->diagnostics->errors == policy->errors_before)
        check_declared(policy, &policy->options, LX_OPTIONS);
    if (policy->diagnostics->errors == policy->errors_before)
        check_declared(policy, &policy->workloads, LX_WORKLOADS);
    if (policy->diagnostics->errors == policy->errors_before)
        collect_groups(policy);
    policy->file.documents = policy->documents.terms;
    policy->file.options = policy->options.terms;
    policy->file.workloads = policy->workloads.terms;
    policy->documents.terms = policy->options.terms = policy->workloads.terms = (struct lx_terms){0};
}

/* Frees all but the policy file. Returns what the reading came to. */
static int close_reader(struct lx_policy_draft *policy, int error)
{
    for (size_t i = 0; i < policy->unit_count; i++) {
        int closed = lx_reader_close(&policy->units[i]->reader, 0);

        if (closed && error != -ENOMEM)
            error = error && closed == -EINVAL ? error : closed;
        free(policy->units[i]->identity);
        free(policy->units[i]);
    }
    for (size_t i = 0; i < policy->set_count; i++) {
        for (size_t j = 0; j < policy->sets[i].row_count; j++)
            lx_row_free(&policy->sets[i].rows[j]);
        free(policy->sets[i].rows);
        free(policy->sets[i].name);
    }
    lx_glossary_free(&policy->documents);
    lx_glossary_free(&policy->options);
    lx_glossary_free(&policy->workloads);
    free(policy->units);
    free(policy->drafts);
    free(policy->edges);
    free(policy->sets);
    free(policy->names);
    return error;
}

static struct lx_glossary glossary(const char *section, const char *noun, const char *what, const char *text)
{
    return (struct lx_glossary){.section = section, .noun = noun, .what = what, .text = text};
}

int lx_policy_file_load(const struct lx_opened *top, const struct lx_opener *opener, struct lx_policy_file *file,
                        struct lx_diagnostics *diagnostics)
{
    struct reader reader = {
        .opener = opener,
        .policy = {
            .diagnostics = diagnostics,
            .errors_before = diagnostics->errors,
            .documents = glossary("documents", "document", "a document", "the title of the document, in quotes"),
            .workloads = glossary("workloads", "workload", "a workload", "a line that says what it is"),
            .options = glossary("options", "option", "an option", "a line that says what it is for"),
        }};
    char *identity = top->identity ? strdup(top->identity) : NULL;
    int error;

    reader.policy.options.switches = true;
    error = (top->identity && !identity) || !(reader.policy.file.name = strdup(top->name)) ? -ENOMEM : 0;

    if (error)
        free(identity);
    else
        error = read_unit(&reader, top->stream, top->name, identity, 0);
    if (!error)
        finish(&reader.policy);
    error = close_reader(&reader.policy, error);
    if (error)
        lx_policy_file_free(&reader.policy.file);
    else
        *file = reader.policy.file;
    return error;
}

int lx_policy_file_read(FILE *stream, const char *name, struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    struct lx_opened top = {.stream = stream, .name = (char *)name};

    return lx_policy_file_load(&top, NULL, file, diagnostics);
}
