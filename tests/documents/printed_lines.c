/* SPDX-License-Identifier: GPL-2.0-only */
#include "printed_lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENTS "tests/documents/"
#define PRINTED_FIELDS (offsetof(struct printed_line, ports) / sizeof(char *))

/* Reads a line's fields, tab-separated; the first one owns the text of all, which lives as long as the test. False at
 * the end of the file. */
static bool read_fields(FILE *file, char **fields, size_t count)
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

static FILE *open_table(const char *path, size_t fields)
{
    FILE *file = fopen(path, "r");
    char *names[PRINTED_FIELDS];

    cr_assert_not_null(file, "%s", path);
    cr_assert(read_fields(file, names, fields), "%s is empty", path);
    free(names[0]);
    return file;
}

static void parse_line(struct printed_line *line)
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

static void read_document(struct printed *printed, const char *document)
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

struct printed *read_printed(void)
{
    static const char *const documents[] = {"ocs2007", "ocs2007r2", "lync2010-servers", "lync2010-edge",
                                            "lync2010-poster"};
    struct printed *printed = calloc(1, sizeof(*printed));

    cr_assert_not_null(printed);
    for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++)
        read_document(printed, documents[i]);
    return printed;
}

struct exceptions *read_exceptions(void)
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

void free_exceptions(struct exceptions *exceptions)
{
    for (size_t i = 0; i < exceptions->count; i++)
        free(exceptions->items[i].kind);
    free(exceptions);
}

bool listed(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

bool names_role(const char *list, const char *role)
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

bool line_has_hook(const struct printed_line *line, enum lx_hook hook)
{
    return !strcmp(line->hook, "both") || !strcmp(line->hook, hook == LX_HOOK_TO_ROLE ? "to-role" : "from-role");
}

bool line_has_side(const struct printed_line *line, enum lx_side side)
{
    if (side == LX_SIDE_NONE)
        return !strcmp(line->side, "-");
    return !strcmp(line->side, "both") || !strcmp(line->side, lx_side_name(side));
}

bool line_has_lb(const struct printed_line *line, enum lx_lb lb)
{
    if (!strcmp(line->condition, "lb-hardware"))
        return lb == LX_LB_HARDWARE;
    return strcmp(line->condition, "lb-dns") || lb == LX_LB_DNS;
}

bool line_has_transport(const struct printed_line *line, enum lx_transport transport)
{
    return !strcmp(line->transport, "tcp/udp") || !strcmp(line->transport, transport == LX_TCP ? "tcp" : "udp");
}

bool line_names_groups(const struct printed_line *line)
{
    return !listed(line->peers, "any") &&
           (listed(line->peers, "pool") || listed(line->peers, "next-hop") || listed(line->peers, "pool-vip"));
}
