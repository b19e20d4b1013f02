/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mirror of policy_text.c and row_text.c: what they read, this writes. A row that cites nothing stands for its
 * place in a file, so the file becomes a document here, and the place survives.
 */
#include "policy_print.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/text/foreign.h"

/* What stands between the name of a file and a line number in the source of a row that cites nothing. */
#define LINE_MARK ", line "

/* A text in double quotes. Nothing that a policy holds needs more escapes than these two. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

/* A name as it is, unless YAML might take it for something else. */
static void put_name(FILE *out, const char *name)
{
    static const char *const taken[] = {"on", "off", "yes", "no", "y", "n", "true", "false", "null"};
    bool plain = isalpha((unsigned char)*name);

    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
        plain = plain && strcmp(name, taken[i]) != 0;
    if (plain)
        fputs(name, out);
    else
        put_quoted(out, name);
}

static void put_words(FILE *out, const char *key, const struct lx_words *words)
{
    if (!words->count)
        return;
    fprintf(out, ", %s: ", key);
    for (size_t i = 0; i < words->count; i++) {
        fputs(i ? ", " : "[", out);
        put_name(out, words->items[i]);
    }
    fputc(']', out);
}

static void put_terms(FILE *out, const struct lx_terms *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        fputs("  ", out);
        put_name(out, terms->items[i].name);
        fputs(terms->items[i].closed ? ": {for: " : ": ", out);
        put_quoted(out, terms->items[i].text);
        fputs(terms->items[i].closed ? ", default: off}\n" : "\n", out);
    }
}

/* Two lists of terms as one section, where there are any. */
static void put_section(FILE *out, const char *section, const struct lx_terms *terms, const struct lx_terms *more)
{
    if (terms->count || more->count)
        fprintf(out, "%s:\n", section);
    put_terms(out, terms);
    put_terms(out, more);
}

static void put_endpoint(FILE *out, const char *key, const struct lx_endpoint *endpoint)
{
    char text[LX_PREFIX_TEXT];

    fprintf(out, ", %s: ", key);
    if (endpoint->kind == LX_ENDPOINT_ANY || endpoint->kind == LX_ENDPOINT_SELF)
        fputs(endpoint->kind == LX_ENDPOINT_ANY ? "any" : "self", out);
    if (endpoint->kind == LX_ENDPOINT_GROUP)
        put_name(out, endpoint->group);
    for (size_t i = 0; endpoint->kind == LX_ENDPOINT_ADDRESSES && i < endpoint->prefix_count; i++) {
        const char *quote = lx_prefix_is_ipv4(&endpoint->prefixes[i]) ? "" : "\"";

        fprintf(out, "%s%s%s%s", i ? ", " : "[", quote, lx_prefix_format(&endpoint->prefixes[i], text), quote);
    }
    if (endpoint->kind == LX_ENDPOINT_ADDRESSES)
        fputc(']', out);
}

static void put_ports(FILE *out, const char *key, const struct lx_ports *ports)
{
    fprintf(out, ", %s: %s", key, lx_ports_any(ports) ? "any" : ports->count > 1 ? "[" : "");
    for (size_t i = 0; i < ports->count; i++) {
        const struct lx_port_range *range = &ports->ranges[i];

        fprintf(out, range->first == range->last ? "%s%u" : "%s%u-%u", i ? ", " : "", range->first, range->last);
    }
    if (ports->count > 1)
        fputc(']', out);
}

static void put_text(FILE *out, const char *key, const char *text)
{
    if (!text)
        return;
    fprintf(out, ", %s: ", key);
    put_quoted(out, text);
}

/* Where ", line 7" begins in the source of a row that cites nothing. */
static const char *line_mark(const char *source)
{
    const char *mark = source;

    for (const char *next = strstr(source, LINE_MARK); next; next = strstr(next + 1, LINE_MARK))
        mark = next;
    return mark;
}

/* The document that stands for the file of a row that cites nothing; NULL when there is none yet. */
static const struct lx_term *file_of_row(const struct lx_terms *files, const struct lx_row *row)
{
    size_t length = (size_t)(line_mark(row->source) - row->source);

    for (size_t i = 0; i < files->count; i++)
        if (!strncmp(files->items[i].text, row->source, length) && !files->items[i].text[length])
            return &files->items[i];
    return NULL;
}

static void put_source(FILE *out, const struct lx_terms *files, const struct lx_row *row)
{
    if (row->citation && row->repeats.count) {
        fputs(", source: [", out);
        put_quoted(out, row->citation);
        for (size_t i = 0; i < row->repeats.count; i++) {
            fputs(", ", out);
            put_quoted(out, row->repeats.items[i]);
        }
        fputc(']', out);
    } else if (row->citation)
        put_text(out, "source", row->citation);
    else
        fprintf(out, ", source: \"%s %s\"", file_of_row(files, row)->name, line_mark(row->source) + strlen(", "));
}

static void put_row(FILE *out, const struct lx_terms *files, const struct lx_row *row)
{
    fputs("- {id: ", out);
    put_name(out, strrchr(row->id, '/') + 1);
    put_endpoint(out, "from", &row->from);
    if (!lx_ports_any(&row->source_ports))
        put_ports(out, "source-port", &row->source_ports);
    put_endpoint(out, "to", &row->to);
    if (!lx_row_is_portless(row) && (!row->unresolved || !lx_ports_any(&row->destination_ports)))
        put_ports(out, "port", &row->destination_ports);
    if (row->transports)
        fprintf(out, ", transport: %s", lx_transports_name(row, row->transports).text);
    if (row->unresolved)
        fputs(", unresolved: true", out);
    put_text(out, "application", row->application);
    if (row->direction)
        fprintf(out, ", direction: %s", row->direction);
    put_words(out, "options", &row->options);
    put_words(out, "workloads", &row->workloads);
    if (row->lb != LX_LB_ANY)
        fprintf(out, ", lb: %s", lx_lb_name(row->lb));
    if (row->needs) {
        fputs(", needs: ", out);
        put_name(out, row->needs);
    }
    put_source(out, files, row);
    put_text(out, "note", row->note);
    put_text(out, "missed", row->missed);
    fputc('}', out);
}

struct printing {
    FILE *out;
    const struct lx_overrides *overrides; /* NULL: rows are as printed */
    struct lx_terms files;                /* that stand for rows which cite nothing */
    bool headed;                          /* the role has a heading for rows of this side */
    enum lx_side side;
};

static void put_heading(struct printing *printing, const struct lx_row *row)
{
    if (printing->headed && printing->side == row->side)
        return;
    fprintf(printing->out, "    %s:\n", row->side == LX_SIDE_NONE ? "rows" : lx_side_name(row->side));
    printing->headed = true;
    printing->side = row->side;
}

/* A row as a site changes it, with the site's line; one that the site closes is a comment. */
static int put_changed(struct printing *printing, const struct lx_row *row, const struct lx_overriding *overriding)
{
    struct lx_row changed;
    char *lines;

    if (lx_override_apply(overriding, row, &changed))
        return -ENOMEM;
    lines = lx_foreign_text(changed.override);
    if (!changed.closed)
        put_heading(printing, row);
    fputs(changed.closed ? "      # " : "      ", printing->out);
    put_row(printing->out, &printing->files, &changed);
    fprintf(printing->out, " # %s %s\n", changed.closed ? "closed in" : "changed in", lines ?: "");
    lx_row_free(&changed);
    free(lines);
    return lines ? 0 : -ENOMEM;
}

static int put_line(struct printing *printing, const struct lx_row *row)
{
    struct lx_overriding overriding;

    if (printing->overrides && lx_override_find(printing->overrides, row, &overriding, NULL, NULL))
        return put_changed(printing, row, &overriding);
    put_heading(printing, row);
    fputs("      ", printing->out);
    put_row(printing->out, &printing->files, row);
    fputc('\n', printing->out);
    return 0;
}

/* The sides that neither a row nor an included role would give the role. */
static void put_sides(FILE *out, const struct lx_role *role)
{
    bool external = role->external, internal = role->internal;

    for (size_t i = 0; i < role->row_count; i++) {
        external = external && role->rows[i].side != LX_SIDE_EXTERNAL;
        internal = internal && role->rows[i].side != LX_SIDE_INTERNAL;
    }
    for (size_t i = 0; i < role->include_count; i++) {
        external = external && !role->includes[i]->external;
        internal = internal && !role->includes[i]->internal;
    }
    if (external || internal)
        fprintf(out, "    sides: [%s%s%s]\n", external ? "external" : "", external && internal ? ", " : "",
                internal ? "internal" : "");
}

static int put_role(struct printing *printing, const struct lx_role *role)
{
    FILE *out = printing->out;
    int error = 0;

    fputs("  ", out);
    put_name(out, role->name);
    fputs(":\n", out);
    put_sides(out, role);
    for (size_t i = 0; i < role->include_count; i++) {
        fputs(i ? ", " : "    includes: [", out);
        put_name(out, role->includes[i]->name);
        fputs(i + 1 < role->include_count ? "" : "]\n", out);
    }
    printing->headed = false;
    for (size_t i = 0; i < role->row_count && !error; i++)
        error = put_line(printing, &role->rows[i]);
    return error;
}

/* A key for a file among the documents: "file", or with a number when that is taken. */
static void choose_key(const struct lx_policy_file *file, const struct lx_terms *files, char key[32])
{
    snprintf(key, 32, "file");
    for (size_t i = 2; lx_terms_find(&file->documents, key) || lx_terms_find(files, key); i++)
        snprintf(key, 32, "file-%zu", i);
}

/* The file of a row that cites nothing becomes a document, once. */
static int add_file(const struct lx_policy_file *file, const struct lx_row *row, struct lx_terms *files)
{
    struct lx_term *grown, added = {0};
    char key[32];

    if (row->citation || file_of_row(files, row))
        return 0;
    grown = reallocarray(files->items, files->count + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    files->items = grown;
    choose_key(file, files, key);
    added.name = strdup(key);
    added.text = strndup(row->source, (size_t)(line_mark(row->source) - row->source));
    grown[files->count++] = added;
    return added.name && added.text ? 0 : -ENOMEM;
}

static int collect_files(const struct lx_policy_file *file, struct lx_terms *files)
{
    for (size_t i = 0; i < file->role_count; i++)
        for (size_t j = 0; j < file->roles[i].row_count; j++)
            if (add_file(file, &file->roles[i].rows[j], files))
                return -ENOMEM;
    return 0;
}

int lx_policy_print(const struct lx_policy_file *file, const struct lx_overrides *overrides, FILE *stream)
{
    struct printing printing = {.out = stream, .overrides = overrides};
    struct lx_terms none = {0};
    int error = collect_files(file, &printing.files);

    if (!error) {
        fputs("edition: ", stream);
        put_name(stream, file->edition);
        fputc('\n', stream);
        put_section(stream, "documents", &file->documents, &printing.files);
        put_section(stream, "workloads", &file->workloads, &none);
        put_section(stream, "options", &file->options, &none);
        fputs("roles:\n", stream);
        for (size_t i = 0; i < file->role_count && !error; i++)
            error = put_role(&printing, &file->roles[i]);
        if (!error && ferror(stream))
            error = -EIO;
    }
    lx_terms_free(&printing.files);
    return error;
}
