/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the documents print, as tests/documents/README.md describes it: the lines of the transcriptions with their
 * figures parsed, and the list of exceptions. For coverage.c alone.
 */
#ifndef LYNCXDP_TESTS_PRINTED_LINES_H
#define LYNCXDP_TESTS_PRINTED_LINES_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/row.h"

#define DOCUMENTS "tests/documents/"
#define LINES_LIMIT 512
#define EXCEPTIONS_LIMIT 64

struct printed_line {
    char *document, *row, *edition, *roles, *side, *ports_text, *sources_text, *transport, *direction, *hook,
        *application, *condition, *workload, *peers, *certainty, *note;
    struct lx_ports ports, source_ports; /* as meant, where a misprint is noted; unused when unresolved */
    bool unresolved;
};

#define PRINTED_FIELDS (offsetof(struct printed_line, ports) / sizeof(char *))

struct printed {
    struct printed_line lines[LINES_LIMIT];
    size_t count;
};

/* Where a document and a policy differ on purpose. */
struct exception {
    char *kind, *where, *reason;
    bool used;
};

struct exceptions {
    struct exception items[EXCEPTIONS_LIMIT];
    size_t count;
};

/* Reads a line's fields, tab-separated; the first one owns the text of all, which lives as long as the test. False at
 * the end of the file. */
static inline bool read_fields(FILE *file, char **fields, size_t count)
{
    char *text = NULL, *rest;
    size_t room = 0;

    if (getline(&text, &room, file) < 0) {
        free(text);
        return false;
    }
    text[strcspn(text, "\n")] = '\0';
    rest = text;
    for (size_t i = 0; i < count; i++)
        cr_assert_not_null(fields[i] = strsep(&rest, "\t"), "%zu fields are needed: %s", count, text);
    cr_assert_null(rest, "more than %zu fields: %s", count, text);
    return true;
}

static inline FILE *open_table(const char *path, size_t fields)
{
    FILE *file = fopen(path, "r");
    char *names[PRINTED_FIELDS];

    cr_assert_not_null(file, "%s", path);
    cr_assert(read_fields(file, names, fields), "%s is empty", path);
    free(names[0]);
    return file;
}

static inline void parse_line(struct printed_line *line)
{
    static const char misprint[] = "misprint of ";
    bool meant = !strncmp(line->note, misprint, strlen(misprint));
    const char *ports = meant ? line->note + strlen(misprint) : line->ports_text;

    line->unresolved = !strcmp(ports, "-") || !strcmp(line->transport, "-");
    if (strcmp(ports, "-"))
        cr_assert_eq(lx_ports_parse(ports, &line->ports, NULL), 0, "%s: %s", line->row, ports);
    if (strcmp(line->sources_text, "-"))
        cr_assert_eq(lx_ports_parse(line->sources_text, &line->source_ports, NULL), 0, "%s", line->row);
}

static inline void read_document(struct printed *printed, const char *document)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), DOCUMENTS "%s.tsv", document);
    file = open_table(path, PRINTED_FIELDS);
    while (read_fields(file, &printed->lines[printed->count].document, PRINTED_FIELDS)) {
        parse_line(&printed->lines[printed->count++]);
        cr_assert_lt(printed->count, LINES_LIMIT);
    }
    fclose(file);
}

static inline struct printed *read_printed(void)
{
    static const char *const documents[] = {"ocs2007", "ocs2007r2", "lync2010-servers", "lync2010-edge",
                                            "lync2010-poster"};
    struct printed *printed = calloc(1, sizeof(*printed));

    cr_assert_not_null(printed);
    for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++)
        read_document(printed, documents[i]);
    return printed;
}

static inline struct exceptions *read_exceptions(void)
{
    struct exceptions *exceptions = calloc(1, sizeof(*exceptions));
    FILE *file = open_table(DOCUMENTS "exceptions.tsv", 3);

    cr_assert_not_null(exceptions);
    while (read_fields(file, &exceptions->items[exceptions->count].kind, 3)) {
        exceptions->count++;
        cr_assert_lt(exceptions->count, EXCEPTIONS_LIMIT);
    }
    fclose(file);
    return exceptions;
}

static inline void free_exceptions(struct exceptions *exceptions)
{
    for (size_t i = 0; i < exceptions->count; i++)
        free(exceptions->items[i].kind);
    free(exceptions);
}

/* True when a field's list, "front-end,director", has the word. */
static inline bool listed(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

/* True when a line's list has the role, or one that this role is too: what is printed of that one holds for it. */
static inline bool names_role(const char *list, const char *role)
{
    static const char *const more[][2] = {
        {"front-end-mediation", "front-end"},  {"front-end-cms", "front-end"},   {"consolidated-edge", "access-edge"},
        {"consolidated-edge", "webconf-edge"}, {"consolidated-edge", "av-edge"},
    };

    if (listed(list, role))
        return true;
    for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
        if (!strcmp(role, more[i][0]) && listed(list, more[i][1]))
            return true;
    return false;
}

static inline bool line_has_hook(const struct printed_line *line, enum lx_hook hook)
{
    return !strcmp(line->hook, "both") || !strcmp(line->hook, hook == LX_HOOK_TO_ROLE ? "to-role" : "from-role");
}

static inline bool line_has_side(const struct printed_line *line, enum lx_side side)
{
    if (side == LX_SIDE_NONE)
        return !strcmp(line->side, "-");
    return !strcmp(line->side, "both") || !strcmp(line->side, lx_side_name(side));
}

static inline bool line_has_lb(const struct printed_line *line, enum lx_lb lb)
{
    if (!strcmp(line->condition, "lb-hardware"))
        return lb == LX_LB_HARDWARE;
    return strcmp(line->condition, "lb-dns") || lb == LX_LB_DNS;
}

static inline bool line_has_transport(const struct printed_line *line, enum lx_transport transport)
{
    return !strcmp(line->transport, "tcp/udp") || !strcmp(line->transport, transport == LX_TCP ? "tcp" : "udp");
}

/* The line asks for one of the groups that a site gives addresses, and for nobody else. */
static inline bool line_names_groups(const struct printed_line *line)
{
    return !listed(line->peers, "any") &&
           (listed(line->peers, "pool") || listed(line->peers, "next-hop") || listed(line->peers, "pool-vip"));
}

#endif
