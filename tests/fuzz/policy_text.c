/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzes the readers of policy files, sites and declarations with one text, which may include itself: no crash, no
 * leak, an answer that agrees with its diagnostics, places that exist, rows that hold what row.h promises, and a
 * canonical form that reads back and prints the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy/declaration.h"
#include "user/core/policy/lint.h"
#include "user/core/policy/policy_print.h"
#include "user/core/policy/policy_reader.h"
#include "user/core/policy/site_file.h"
#include "user/core/resolve/closed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
    if (!promise)
        abort();
}

static void check_diagnostics(const struct lx_diagnostics *diagnostics, int error)
{
    require(error == 0 || error == -EINVAL);
    require((error == 0) == (diagnostics->errors == 0));
    require(!diagnostics->out_of_memory);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct lx_diagnostic *item = &diagnostics->items[i];

        require(item->message && !strpbrk(item->message, "\n\r\x1b"));
        require(!item->excerpt || !strpbrk(item->excerpt, "\n\r\x1b"));
        require((item->line == 0) == (item->column == 0));
        require(!i || !item->line || strcmp(diagnostics->items[i - 1].file, item->file) != 0 ||
                diagnostics->items[i - 1].line <= item->line);
    }
}

static void check_endpoint(const struct lx_endpoint *endpoint)
{
    char *text = lx_endpoint_format(endpoint);

    require(text && *text);
    free(text);
    for (size_t i = 0; i < endpoint->prefix_count; i++) {
        struct lx_prefix again;
        char written[LX_PREFIX_TEXT];

        require(!lx_prefix_parse(lx_prefix_format(&endpoint->prefixes[i], written), &again, NULL));
        require(!lx_prefix_compare(&endpoint->prefixes[i], &again));
    }
}

static void check_ports(const struct lx_ports *ports)
{
    struct lx_ports again;
    char written[LX_PORTS_TEXT];

    require(!lx_ports_parse(lx_ports_format(ports, written), &again, NULL));
    require(again.count == ports->count);
    for (size_t i = 0; i < ports->count; i++)
        require(ports->ranges[i].first && ports->ranges[i].first <= ports->ranges[i].last);
}

static void check_row(const struct lx_row *row)
{
    require(row->id && strlen(row->id) < sizeof(((struct lx_row_label *)0)->id));
    require((row->from.kind == LX_ENDPOINT_SELF) != (row->to.kind == LX_ENDPOINT_SELF));
    require(row->unresolved || row->transports);
    require(row->source && row->place.line);
    check_endpoint(&row->from);
    check_endpoint(&row->to);
    check_ports(&row->source_ports);
    check_ports(&row->destination_ports);
}

struct input {
    const uint8_t *data;
    size_t size;
};

static FILE *open_bytes(const void *data, size_t size)
{
    return size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");
}

/* Lists are "list", and what sites share is "shared". "again" is the text itself, as another file every time; "base" is
 * what a policy usually includes.
 */
static int open_include(const struct lx_opener *opener, enum lx_opened_as as, const char *from, const char *what,
                        struct lx_opened *opened, char problem[256])
{
    static const char base[] = "documents: {t: Table}\n"
                               "sets: {common: [{id: c, from: pool, to: self, port: 1, transport: tcp}]}\n"
                               "roles: {edge: {includes: common, external: [{id: e, from: any, to: self, port: 2, "
                               "transport: udp, source: t 1}]}}\n";
    static const char shared[] = "override: {edge/external/e: {port: 3}, edge/external/*: {closed: no}}\n"
                                 "rows: [{id: s, from: any, to: self, port: 4, transport: tcp}]\n";
    static const char list[] = "192.0.2.1 # a list\n2001:db8::/32\n";
    const struct input *input = opener->context;

    require(from && *what);
    snprintf(problem, 256, "there is no such file");
    if ((as == LX_OPENED_LIST && !strcmp(what, "list")) || (as == LX_OPENED_SITE && !strcmp(what, "shared"))) {
        *opened = (struct lx_opened){.name = strdup(what)};
        opened->stream = *what == 'l' ? open_bytes(list, sizeof(list) - 1) : open_bytes(shared, sizeof(shared) - 1);
        require(opened->stream && opened->name);
        return 0;
    }
    if (!input || (strcmp(what, "base") != 0 && strcmp(what, "again") != 0) || as == LX_OPENED_LIST)
        return -ENOENT;
    *opened = (struct lx_opened){.name = strdup(what), .identity = *what == 'b' ? strdup(what) : NULL};
    opened->stream = *what == 'b' ? open_bytes(base, sizeof(base) - 1) : open_bytes(input->data, input->size);
    require(opened->stream && opened->name);
    return 0;
}

static char *print(const struct lx_policy_file *file)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    require(out && !lx_policy_print(file, NULL, out));
    fclose(out);
    return text;
}

static void check_canonical(const struct lx_policy_file *file)
{
    struct lx_diagnostics diagnostics = {0};
    char *text = print(file), *again;
    struct lx_policy_file read;
    FILE *stream;

    if (strlen(text) <= LX_FILE_LIMIT) { /* sets may grow a file beyond what one may hold */
        stream = open_bytes(text, strlen(text));
        require(!lx_policy_file_read(stream, "canonical.yaml", &read, &diagnostics));
        fclose(stream);
        again = print(&read);
        require(!strcmp(text, again));
        require(read.groups.count == file->groups.count);
        free(again);
        lx_policy_file_free(&read);
    }
    lx_diagnostics_free(&diagnostics);
    free(text);
}

static void check_lint(const struct lx_policy_file *file)
{
    struct lx_diagnostics diagnostics = {0};

    require(!lx_lint_policy(file, &diagnostics));
    require(!diagnostics.errors && !diagnostics.out_of_memory);
    lx_diagnostics_free(&diagnostics);
}

static void read_policy(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct lx_opener opener = {.open = open_include, .context = &input};
    struct lx_opened top = {.stream = open_bytes(data, size), .name = (char *)"fuzz.yaml"};
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;
    int error;

    require(top.stream);
    error = lx_policy_file_load(&top, &opener, &file, &diagnostics);
    fclose(top.stream);
    check_diagnostics(&diagnostics, error);
    lx_diagnostics_free(&diagnostics);
    if (error)
        return;
    for (size_t i = 0; i < file.role_count; i++) {
        for (size_t j = 0; j < file.roles[i].row_count; j++)
            check_row(&file.roles[i].rows[j]);
        for (size_t j = 0; j < file.roles[i].include_count; j++)
            require(lx_policy_file_role(&file, file.roles[i].includes[j]->name) == file.roles[i].includes[j]);
    }
    check_canonical(&file);
    check_lint(&file);
    lx_policy_file_free(&file);
}

/* Every override that finds a row changes it into one that holds what row.h promises. */
static void check_overrides(const struct lx_site *site)
{
    static const char base[] = "edition: test\n"
                               "roles: {edge: {external: [{id: e, from: any, to: self, port: 1-9, transport: udp}, "
                               "{id: media-out, from: self, source-port: 5, to: pool, port: any, transport: tcp}]}}\n";
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;
    FILE *stream = open_bytes(base, sizeof(base) - 1);

    require(stream && !lx_policy_file_read(stream, "base.yaml", &file, &diagnostics));
    fclose(stream);
    for (size_t i = 0; i < file.roles[0].row_count; i++) {
        const struct lx_row *row = &file.roles[0].rows[i];
        struct lx_overriding overriding;
        struct lx_row changed;

        if (!lx_override_find(&site->overrides, row, &overriding, NULL, NULL))
            continue;
        require(!lx_override_apply(&overriding, row, &changed));
        require(changed.override && !strcmp(changed.id, row->id));
        check_row(&changed);
        lx_row_free(&changed);
    }
    require(!lx_lint_site(site, &file, &diagnostics));
    for (size_t i = 0; i < diagnostics.count; i++)
        require((diagnostics.items[i].line == 0) == (diagnostics.items[i].column == 0));
    lx_diagnostics_free(&diagnostics);
    lx_policy_file_free(&file);
}

static void read_site(FILE *stream)
{
    const struct lx_opener opener = {.open = open_include};
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;
    int error = lx_site_file_load(stream, "fuzz.yaml", &opener, &site, &diagnostics);

    check_diagnostics(&diagnostics, error);
    lx_diagnostics_free(&diagnostics);
    if (error)
        return;
    for (size_t i = 0; i < site.row_count; i++)
        check_row(&site.rows[i]);
    require(!(site.built_ins_on & site.built_ins_off));
    check_overrides(&site);
    lx_site_free(&site);
}

/* None of them is empty, and the first says whose rows. */
static void check_words(const struct lx_declared *declared)
{
    struct lx_words words;

    require(!lx_declared_words(declared, &words));
    require(words.count >= 2 && !strcmp(words.items[0], "--role"));
    for (size_t i = 0; i < words.count; i++)
        require(words.items[i] && *words.items[i]);
    lx_words_free(&words);
}

/* Rows like any other, that come to a policy unless a group of theirs has no addresses. */
static void check_management(const struct lx_declared *declared)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy policy;

    for (size_t i = 0; i < declared->management_count; i++) {
        check_row(&declared->management[i]);
        require(!strncmp(declared->management[i].id, "management/", 11));
    }
    if (!lx_closed_policy(declared, &policy, &diagnostics)) {
        require(policy.origin == LX_ORIGIN_CLOSED && policy.egress == LX_EGRESS_ENFORCE);
        require(policy.rule_count <= declared->management_count);
        lx_policy_free(&policy);
    }
    lx_diagnostics_free(&diagnostics);
}

static void read_declaration(FILE *stream)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_declaration declaration;
    int error = lx_declaration_read(stream, "fuzz.yaml", &declaration, &diagnostics);

    check_diagnostics(&diagnostics, error);
    lx_diagnostics_free(&diagnostics);
    if (error)
        return;
    for (size_t i = 0; i < declaration.count; i++) {
        const struct lx_declared *declared = &declaration.items[i];

        require(*declared->interface && declared->place.line && declared->roles.count);
        require(!declared->forward || declared->pair);
        for (size_t j = 0; j < i; j++)
            require(strcmp(declaration.items[j].interface, declared->interface) != 0);
        check_words(declared);
        check_management(declared);
    }
    lx_declaration_free(&declaration);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *stream = open_bytes(data, size);

    if (!stream)
        return 0;
    read_policy(data, size);
    read_site(stream);
    rewind(stream);
    read_declaration(stream);
    fclose(stream);
    return 0;
}
