/* SPDX-License-Identifier: GPL-2.0-only */
#include "printed_lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENTS "tests/documents/"
#define PRINTED_FIELDS (offsetof(struct printed_line, ports) / sizeof(char *))
#define TABLE_FIELDS (sizeof(struct printed_table) / sizeof(char *))

/* Reads a line's fields, tab-separated; the first one owns the text of all. False at the
 * end of the file. */
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
    line->site_ports = !strcmp(ports, "site");
    line->site_sources = !strcmp(line->sources_text, "site");
    line->unprinted = listed(line->condition, "unprinted");
    if (strcmp(ports, "-") && !line->site_ports)
        cr_assert_eq(lx_ports_parse(ports, &line->ports, NULL), 0, "%s: %s", line->row, ports);
    if (strcmp(line->sources_text, "-") && !line->site_sources)
        cr_assert_eq(lx_ports_parse(line->sources_text, &line->source_ports, NULL), 0, "%s", line->row);
}

static const struct printed_table *table_of(const struct printed *printed, const struct printed_line *line)
{
    size_t length = strcspn(line->row, "/");

    for (size_t i = 0; i < printed->table_count; i++)
        if (!strcmp(printed->tables[i].document, line->document) &&
            !strncmp(printed->tables[i].table, line->row, length) && !printed->tables[i].table[length])
            return &printed->tables[i];
    cr_assert_fail("%s %s is of no table of tables.tsv", line->document, line->row);
    return NULL;
}

static void read_document(struct printed *printed, const char *document, const char *edition)
{
    struct printed_line line = {0};
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), DOCUMENTS "%s.tsv", document);
    file = open_table(path, PRINTED_FIELDS);
    for (; read_fields(file, &line.document, PRINTED_FIELDS); line = (struct printed_line){0}) {
        parse_line(&line);
        line.cited_as = table_of(printed, &line)->cited_as;
        if (listed(line.edition, edition) && strcmp(line.roles, "-"))
            printed->lines[printed->count++] = line;
        else
            free(line.document);
        cr_assert_lt(printed->count, LINES_LIMIT);
    }
    fclose(file);
}

static void read_tables(struct printed *printed)
{
    FILE *file = open_table(DOCUMENTS "tables.tsv", TABLE_FIELDS);

    while (read_fields(file, &printed->tables[printed->table_count].document, TABLE_FIELDS))
        cr_assert_lt(++printed->table_count, TABLES_LIMIT);
    fclose(file);
}

struct printed *read_printed(const char *edition)
{
    struct printed *printed = calloc(1, sizeof(*printed));
    const char *last = "";

    cr_assert_not_null(printed);
    read_tables(printed);
    for (size_t i = 0; i < printed->table_count; i++) {
        const struct printed_table *table = &printed->tables[i];

        if (strcmp(table->left_out, "-") || !strcmp(table->document, last))
            continue;
        last = table->document;
        read_document(printed, last, edition);
    }
    return printed;
}

void free_printed(struct printed *printed)
{
    for (size_t i = 0; i < printed->table_count; i++)
        free(printed->tables[i].document);
    for (size_t i = 0; i < printed->count; i++)
        free(printed->lines[i].document);
    free(printed);
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

struct addresses *read_addresses(void)
{
    struct addresses *addresses = calloc(1, sizeof(*addresses));
    FILE *file = open_table(DOCUMENTS "addresses.tsv", 6);

    cr_assert_not_null(addresses);
    while (read_fields(file, &addresses->items[addresses->count].document, 6)) {
        addresses->count++;
        cr_assert_lt(addresses->count, EXCEPTIONS_LIMIT);
    }
    fclose(file);
    return addresses;
}

void free_addresses(struct addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        free(addresses->items[i].document);
    free(addresses);
}

bool listed(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

bool names_role(const char *list, const struct lx_role *role)
{
    if (listed(list, role->name))
        return true;
    for (size_t i = 0; i < role->include_count; i++)
        if (names_role(list, role->includes[i]))
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

const struct group_name group_names[] = {
    {"pool", 0},        {"next-hop", 0},        {"pool-vip", 0},  {"branch", 1},
    {"cms", 2},         {"office-web-apps", 3}, {"office365", 4}, {"teams-signalling", 5},
    {"teams-media", 6}, {"teams-gcc-high", 7},  {"teams-dod", 8}, {NULL, 0},
};

bool line_names_groups(const struct printed_line *line)
{
    for (const struct group_name *group = group_names; group->name; group++)
        if (listed(line->peers, group->name))
            return !listed(line->peers, "any");
    return false;
}
