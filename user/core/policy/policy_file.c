/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the files of a policy in their order, puts together what they say, and looks things up in it. */
#include "policy_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "composition.h"
#include "policy_reader.h"
#include "policy_text.h"
#include "role_includes.h"
#include "vocabulary.h"

void lx_index_names(struct lx_policy_reader *policy, struct lx_reader *reader)
{
    size_t count = policy->file.role_count + policy->set_count;

    free(policy->names);
    policy->name_count = 0;
    policy->names = lx_reader_room(reader, count, sizeof(*policy->names));
    if (!policy->names)
        return;
    for (size_t i = 0; i < policy->file.role_count; i++)
        if (policy->file.roles[i].name)
            policy->names[policy->name_count++] =
                (struct lx_named){.name = policy->file.roles[i].name, .index = (uint32_t)i};
    for (size_t i = 0; i < policy->set_count; i++)
        if (policy->sets[i].name)
            policy->names[policy->name_count++] =
                (struct lx_named){.name = policy->sets[i].name, .index = (uint32_t)i | LX_NAME_OF_SET};
    lx_named_sort(policy->names, policy->name_count);
}

const struct lx_named *lx_find_name(const struct lx_policy_reader *policy, const char *name)
{
    return lx_named_find(policy->names, policy->name_count, name);
}

/* A place for one more file; NULL when out of memory. Takes over identity either way. */
static struct lx_unit *add_unit(struct lx_policy_reader *policy, const char *name, char *identity, unsigned depth)
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

int lx_read_unit(struct lx_policy_reader *policy, FILE *stream, const char *name, char *identity, unsigned depth)
{
    struct lx_unit *unit = add_unit(policy, name, identity, depth);
    int error;

    if (!unit)
        return -ENOMEM;
    unit->open = true;
    error = lx_reader_open(&unit->reader, stream, unit->name, policy->diagnostics);
    if (!error)
        lx_read_policy_text(policy, unit);
    unit->open = false;
    return error;
}

/* Lists every group that a row names. */
static void collect_groups(struct lx_policy_reader *policy)
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
static void check_declared(struct lx_policy_reader *policy, const struct lx_glossary *glossary, enum lx_subject subject)
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

/* What only all files together tell. */
static void finish(struct lx_policy_reader *policy)
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
static int close_reader(struct lx_policy_reader *policy, int error)
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
    struct lx_policy_reader policy = {
        .opener = opener,
        .diagnostics = diagnostics,
        .errors_before = diagnostics->errors,
        .documents = glossary("documents", "document", "a document", "the title of the document, in quotes"),
        .workloads = glossary("workloads", "workload", "a workload", "a line that says what it is"),
        .options = glossary("options", "option", "an option", "a line that says what it is for"),
    };
    char *identity = top->identity ? strdup(top->identity) : NULL;
    int error = (top->identity && !identity) || !(policy.file.name = strdup(top->name)) ? -ENOMEM : 0;

    if (error)
        free(identity);
    else
        error = lx_read_unit(&policy, top->stream, top->name, identity, 0);
    if (!error)
        finish(&policy);
    error = close_reader(&policy, error);
    if (error)
        lx_policy_file_free(&policy.file);
    else
        *file = policy.file;
    return error;
}

int lx_policy_file_read(FILE *stream, const char *name, struct lx_policy_file *file, struct lx_diagnostics *diagnostics)
{
    struct lx_opened top = {.stream = stream, .name = (char *)name};

    return lx_policy_file_load(&top, NULL, file, diagnostics);
}

static const struct lx_role *find_role(const struct lx_policy_file *file, const char *name)
{
    for (size_t i = 0; i < file->role_count; i++)
        if (!strcmp(file->roles[i].name, name))
            return &file->roles[i];
    return NULL;
}

const struct lx_policy_file *lx_policy_file_with(const struct lx_policy_file *file, const char *role)
{
    while (file && !find_role(file, role))
        file = file->next;
    return file;
}

const struct lx_role *lx_policy_file_role(const struct lx_policy_file *file, const char *name)
{
    const struct lx_policy_file *with = lx_policy_file_with(file, name);

    return with ? find_role(with, name) : NULL;
}

void lx_policy_file_free(struct lx_policy_file *file)
{
    for (size_t i = 0; i < file->role_count; i++) {
        struct lx_role *role = &file->roles[i];

        for (size_t j = 0; j < role->row_count; j++)
            lx_row_free(&role->rows[j]);
        free(role->rows);
        free(role->name);
        free(role->includes);
    }
    free(file->roles);
    free(file->name);
    free(file->edition);
    lx_words_free(&file->files);
    lx_words_free(&file->groups);
    lx_terms_free(&file->documents);
    lx_terms_free(&file->workloads);
    lx_terms_free(&file->options);
    *file = (struct lx_policy_file){0};
}
