/* SPDX-License-Identifier: GPL-2.0-only */
/* The files that a site names: lists, which its groups open, and overrides and rows that several sites share. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"
#include "override_text.h"
#include "policy_reader.h"
#include "row_text.h"
#include "site_reader.h"

bool lx_site_open_named(struct site_reader *site, const struct lx_node *node, enum lx_opened_as as, const char *instead,
                        struct lx_opened *opened)
{
    char problem[256] = "there is nowhere to look for other files";
    const char *what = lx_read_text(&site->reader, node, instead);
    int error = -ENOENT;

    if (!what)
        return false;
    if (site->opener)
        error = site->opener->open(site->opener, as, site->site.name, what, opened, problem);
    site->reader.out_of_memory |= error == -ENOMEM;
    if (error && error != -ENOMEM)
        lx_mistake(&site->reader, node, "'%s' cannot be read: %s", lx_show(what).text, problem);
    return !error;
}

/* The names of the rows so far, sorted. */
static struct lx_named *name_rows(struct site_reader *site, size_t *count)
{
    struct lx_named *names = lx_reader_room(&site->reader, site->site.row_count + 1, sizeof(*names));

    *count = 0;
    for (size_t i = 0; names && i < site->site.row_count; i++)
        if (site->site.rows[i].id)
            names[(*count)++] = (struct lx_named){.name = site->site.rows[i].id, .index = (uint32_t)i};
    if (names)
        lx_named_sort(names, *count);
    return names;
}

/* A row of the site's own stands in the place of an included one with its id; two included ones are a mistake. */
static bool is_known(struct site_reader *site, const struct lx_named *names, size_t count, const struct lx_row *row)
{
    const struct lx_named *name = row->id ? lx_named_find(names, count, row->id) : NULL;
    const struct lx_row *known = name ? &site->site.rows[name->index] : NULL;

    if (known && known->place.file != site->site.name)
        lx_site_mistake(&site->site, site->reader.diagnostics, row->place,
                        "the id %s is there already, on line %u of %s; give this row another one", row->id,
                        known->place.line, known->place.file);
    return known;
}

/* Takes over the rows of an included file. */
static void take_rows(struct site_reader *site, struct lx_row *rows, size_t count)
{
    struct lx_site *read = &site->site;
    struct lx_row *grown = reallocarray(read->rows, read->row_count + count + 1, sizeof(*grown));
    struct lx_named *names;
    size_t named;

    if (grown)
        read->rows = grown;
    names = name_rows(site, &named);
    site->reader.out_of_memory |= !grown;
    for (size_t i = 0; i < count; i++) {
        if (!grown || !names || is_known(site, names, named, &rows[i]))
            lx_row_free(&rows[i]);
        else
            read->rows[read->row_count++] = rows[i];
    }
    free(names);
    free(rows);
}

/* The names of the files stay in their place, and so do the texts, which show the lines of later mistakes. */
static struct lx_included *add_included(struct site_reader *site, const char *name)
{
    struct lx_site *read = &site->site;
    struct lx_included **grown = reallocarray(read->included, read->included_count + 1, sizeof(*grown));
    struct lx_included *included = calloc(1, sizeof(*included));

    if (grown)
        read->included = grown;
    if (!grown || !included || !(included->name = strdup(name))) {
        free(included);
        site->reader.out_of_memory = true;
        return NULL;
    }
    grown[read->included_count++] = included;
    return included;
}

/* Reads an included file: overrides and rows, nothing else. */
static int read_included(struct site_reader *site, FILE *stream, struct lx_included *included)
{
    enum { SITE, OVERRIDE, ROWS, FIELDS };
    static const struct lx_field fields[FIELDS] = {
        [SITE] = {"site", NULL}, [OVERRIDE] = {"override", NULL}, [ROWS] = {"rows", NULL}};
    struct lx_row_scope scope = {.file = included->name, .rows_read = site->site.row_count};
    const struct lx_node *values[FIELDS] = {NULL};
    struct lx_reader reader;
    struct lx_row *rows = NULL;
    size_t count = 0;
    int error = lx_reader_open(&reader, stream, included->name, site->reader.diagnostics);

    if (error)
        return error;
    lx_read_mapping(&reader, reader.tree.nodes, "a file that sites include", fields, FIELDS, values);
    if (values[SITE])
        lx_read_text(&reader, values[SITE], "the name of the file");
    if (values[OVERRIDE])
        lx_read_overrides(&reader, values[OVERRIDE], included->name, true, &site->site.overrides);
    if (values[ROWS])
        lx_read_rows(&reader, values[ROWS], &scope, &rows, &count);
    included->text = reader.text;
    reader.text = (struct lx_text){0};
    take_rows(site, rows, count);
    return lx_reader_close(&reader, 0);
}

static void read_include(struct site_reader *site, const struct lx_node *item)
{
    struct lx_opened opened;
    struct lx_included *included = NULL;
    int error = -ENOMEM;

    if (!lx_site_open_named(site, item, LX_OPENED_SITE, "the name of a file, like hardening", &opened))
        return;
    for (size_t i = 0; i < site->site.included_count; i++)
        if (!strcmp(site->site.included[i]->name, opened.name)) {
            lx_mistake(&site->reader, item, "'%s' is included already; take one of the two out",
                       lx_show(opened.name).text);
            lx_opened_close(&opened);
            return;
        }
    included = add_included(site, opened.name);
    if (included)
        error = read_included(site, opened.stream, included);
    site->reader.out_of_memory |= error == -ENOMEM;
    if (error == -EIO)
        lx_mistake(&site->reader, item, "'%s' cannot be read: input/output error", lx_show(opened.name).text);
    lx_opened_close(&opened);
}

void lx_site_read_includes(struct site_reader *site, const struct lx_node *node)
{
    if (!lx_expect_items(&site->reader, node, "the name of a file, or a list of them like [hardening]"))
        return;
    if (lx_count_items(node) > LX_INCLUDE_FILES) {
        lx_mistake(&site->reader, node, "more than %d files are included; put some of them together", LX_INCLUDE_FILES);
        return;
    }
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item))
        read_include(site, item);
}
