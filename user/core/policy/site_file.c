/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of a site file: whose addresses stand behind the names of the rows, what is switched, and own rows. */
#include "site_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lyncxdp/image.h>

#include "built_ins.h"
#include "items.h"
#include "override_text.h"
#include "policy_file.h"
#include "prefix_text.h"
#include "row_text.h"
#include "site_reader.h"
#include "user/core/text/date.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* The next entry of a mapping whose keys are names of the deployment's own choice; `key` NULL: from the first. */
static const struct lx_node *next_entry(const struct lx_node *mapping, const struct lx_node *key)
{
    const struct lx_node *next = key ? lx_node_next(lx_node_next(key)) : lx_node_first(mapping);

    while (next && next->kind != LX_NODE_TEXT)
        next = lx_node_next(lx_node_next(next));
    return next;
}

/* The addresses of one role on one side. */
static void read_self(struct site_reader *site, const char *role, const struct lx_node *node, enum lx_side side,
                      struct lx_place place)
{
    struct lx_self *self = &site->site.selves[site->site.self_count];

    if (!node || !lx_read_prefixes(&site->reader, node, lx_unusable_self, &self->prefixes, &self->prefix_count))
        return;
    self->role = lx_reader_copy(&site->reader, role);
    self->side = side;
    self->place = place;
    site->site.self_count++;
}

static void read_role(struct site_reader *site, const struct lx_node *key, const struct lx_node *node)
{
    enum { EXTERNAL, INTERNAL, FIELDS };
    static const struct lx_field fields[FIELDS] = {[EXTERNAL] = {"external", NULL}, [INTERNAL] = {"internal", NULL}};
    const char *role = lx_read_name(&site->reader, key, "a role");
    struct lx_place place = lx_node_place(key, site->site.name);
    const struct lx_node *values[FIELDS] = {NULL};

    if (!role)
        role = "?";
    if (node->kind != LX_NODE_MAPPING) {
        read_self(site, role, node, LX_SIDE_NONE, place);
    } else if (lx_read_mapping(&site->reader, node, "a role's addresses", fields, FIELDS, values)) {
        read_self(site, role, values[EXTERNAL], LX_SIDE_EXTERNAL, place);
        read_self(site, role, values[INTERNAL], LX_SIDE_INTERNAL, place);
    }
}

static void read_selves(struct site_reader *site, const struct lx_node *node)
{
    if (!lx_expect(&site->reader, node, LX_NODE_MAPPING, "ROLE: ADDRESS, or ROLE: {external: ..., internal: ...}"))
        return;
    /* A pair of nodes is a role, which has addresses on one or two sides. */
    site->site.selves = lx_reader_room(&site->reader, node->value, sizeof(*site->site.selves));
    if (!site->site.selves)
        return;
    for (const struct lx_node *key = next_entry(node, NULL); key; key = next_entry(node, key))
        read_role(site, key, lx_node_next(key));
}

/* The addresses of a group from a file of their own, whose mistakes are diagnosed where they stand in it. */
static bool read_list(struct site_reader *site, const struct lx_node *mapping, struct lx_group *group)
{
    static const struct lx_field fields[] = {{"file", NULL}};
    struct lx_prefix_list list = {0};
    struct lx_opened opened;
    const struct lx_node *file;
    int error;

    if (!lx_read_mapping(&site->reader, mapping, "a group from a file", fields, COUNT_OF(fields), &file) || !file ||
        !lx_site_open_named(site, file, LX_OPENED_LIST, "the path of a list, like partners.txt", &opened))
        return false;
    error = lx_prefix_list_read(opened.stream, opened.name, lx_unusable_peer, &list, site->reader.diagnostics);
    group->prefixes = list.prefixes;
    group->prefix_count = list.count;
    group->date = list.date ? list.date : opened.modified - opened.modified % LX_DAY_SECONDS;
    site->reader.out_of_memory |= error == -ENOMEM;
    if (error == -EIO)
        lx_mistake(&site->reader, file, "'%s' cannot be read: input/output error",
                   lx_show(lx_node_text(&site->reader.tree, file)).text);
    if (!error)
        group->file = lx_reader_copy(&site->reader, opened.name);
    lx_opened_close(&opened);
    return !error;
}

static bool read_members(struct site_reader *site, const struct lx_node *node, struct lx_group *group)
{
    if (node->kind == LX_NODE_MAPPING)
        return read_list(site, node, group);
    return lx_read_prefixes(&site->reader, node, lx_unusable_peer, &group->prefixes, &group->prefix_count);
}

static void read_group(struct site_reader *site, const struct lx_node *key)
{
    struct lx_group *group = &site->site.groups[site->site.group_count];
    const char *name = lx_read_name(&site->reader, key, "a group");

    if (name && (!strcmp(name, "any") || !strcmp(name, "self"))) {
        lx_mistake(&site->reader, key, "a group cannot be called '%s', which has its own meaning%s", name,
                   *name == 's' ? "; give a role's own addresses under self:" : "; choose another name");
        name = NULL;
    }
    if (!read_members(site, lx_node_next(key), group))
        return;
    group->name = lx_reader_copy(&site->reader, name ? name : "?");
    group->place = lx_node_place(key, site->site.name);
    site->site.group_count++;
}

static void read_groups(struct site_reader *site, const struct lx_node *node)
{
    if (!lx_expect(&site->reader, node, LX_NODE_MAPPING, "NAME: [ADDRESS, PREFIX], or NAME: {file: LIST.txt}"))
        return;
    site->site.groups = lx_reader_room(&site->reader, node->value / 2, sizeof(*site->site.groups));
    if (!site->site.groups)
        return;
    for (const struct lx_node *key = next_entry(node, NULL); key; key = next_entry(node, key))
        read_group(site, key);
}

static void read_option(struct site_reader *site, const struct lx_node *key)
{
    struct lx_words *closed = &site->site.closed_options;
    struct lx_terms *options = &site->site.options;
    const char *name = lx_read_name(&site->reader, key, "an option");
    bool on, read = lx_read_flag(&site->reader, lx_node_next(key), &on);
    struct lx_term *option = &options->items[options->count];

    if (!name || !read)
        return;
    option->place = lx_node_place(key, site->site.name);
    option->name = lx_reader_copy(&site->reader, name);
    option->text = lx_reader_copy(&site->reader, on ? "on" : "off");
    options->count++;
    if (!on && lx_words_add(closed, name))
        site->reader.out_of_memory = true;
}

static void read_options(struct site_reader *site, const struct lx_node *node)
{
    if (!lx_expect(&site->reader, node, LX_NODE_MAPPING, "OPTION: off for each option to close, or on to open it"))
        return;
    site->site.options.items = lx_reader_room(&site->reader, node->value / 2, sizeof(*site->site.options.items));
    if (!site->site.options.items)
        return;
    for (const struct lx_node *key = next_entry(node, NULL); key; key = next_entry(node, key))
        read_option(site, key);
}

/* Whether a built-in case is on. Of fragments it may also be said what becomes of them. */
static bool read_switch(struct lx_reader *reader, uint32_t built_in, const struct lx_node *node, bool *on)
{
    const char *word = built_in == LX_BUILT_IN_FRAGMENTS ? lx_read_text(reader, node, "track or drop") : NULL;

    if (word && (!strcmp(word, "track") || !strcmp(word, "drop"))) {
        *on = !strcmp(word, "track");
        return true;
    }
    return (word || built_in != LX_BUILT_IN_FRAGMENTS) && lx_read_flag(reader, node, on);
}

static void read_built_ins(struct site_reader *site, const struct lx_node *node)
{
    struct lx_field fields[LX_BUILT_INS];
    const struct lx_node *values[LX_BUILT_INS];
    bool on;

    for (size_t i = 0; i < LX_BUILT_INS; i++)
        fields[i] = (struct lx_field){lx_built_ins[i].name, NULL};
    lx_read_mapping(&site->reader, node, "the built-in cases", fields, LX_BUILT_INS, values);
    for (size_t i = 0; i < LX_BUILT_INS; i++) {
        if (!values[i] || !read_switch(&site->reader, lx_built_ins[i].bit, values[i], &on))
            continue;
        site->site.built_in_places[i] = lx_node_place(values[i], site->site.name);
        if (on)
            site->site.built_ins_on |= lx_built_ins[i].bit;
        else
            site->site.built_ins_off |= lx_built_ins[i].bit;
    }
}

static void read_vlans(struct site_reader *site, const struct lx_node *node)
{
    unsigned vlan;

    if (!lx_expect(&site->reader, node, LX_NODE_LIST, "the VLAN ids let in, like [10, 20]"))
        return;
    site->site.vlans_listed = true;
    for (const struct lx_node *item = lx_node_first(node); item; item = lx_node_next(item))
        if (lx_read_number(&site->reader, item, "VLAN id", 0, 4094, &vlan))
            site->site.vlans[vlan >> 3] |= (uint8_t)(1u << (vlan & 7));
}

/* Behind the VLANs that are let in, which cannot be bypassed as well. */
static void read_bypass(struct site_reader *site, const struct lx_node *node)
{
    lx_read_bypass(&site->reader, node, site->site.name, site->site.vlans_listed ? site->site.vlans : NULL,
                   &site->site.bypass);
}

/* An empty list is a choice here: name no port that has not been seen. */
static void read_watch_ports(struct site_reader *site, const struct lx_node *node)
{
    struct lx_site *read = &site->site;
    unsigned port;

    read->watch_ports_listed = true;
    if (node->kind == LX_NODE_LIST && !node->value)
        return;
    if (!lx_expect(&site->reader, node, LX_NODE_LIST, "ports, like [3389, 5060]"))
        return;
    read->watch_ports = lx_reader_room(&site->reader, node->value, sizeof(*read->watch_ports));
    if (!read->watch_ports)
        return;
    for (const struct lx_node *item = lx_node_first(node); item; item = lx_node_next(item))
        if (lx_read_number(&site->reader, item, "port", 1, UINT16_MAX, &port))
            read->watch_ports[read->watch_port_count++] = (uint16_t)port;
}

static void read_own_overrides(struct site_reader *site, const struct lx_node *node)
{
    lx_read_overrides(&site->reader, node, site->site.name, false, &site->site.overrides);
}

static void read_file(struct site_reader *site)
{
    enum { SITE, SELF, GROUPS, OPTIONS, BUILT_IN, VLANS, BYPASS, WATCH_PORTS, OVERRIDE, ROWS, INCLUDE, FIELDS };
    static const struct lx_field fields[FIELDS] = {
        [SITE] = {"site", NULL},         [SELF] = {"self", NULL},
        [GROUPS] = {"groups", NULL},     [OPTIONS] = {"options", NULL},
        [BUILT_IN] = {"built-in", NULL}, [VLANS] = {"vlans", NULL},
        [BYPASS] = {"bypass", NULL},     [WATCH_PORTS] = {"watch-ports", NULL},
        [OVERRIDE] = {"override", NULL}, [ROWS] = {"rows", NULL},
        [INCLUDE] = {"include", NULL},
    };
    static void (*const readers[FIELDS])(struct site_reader *, const struct lx_node *) = {
        [SELF] = read_selves, [GROUPS] = read_groups, [OPTIONS] = read_options,         [BUILT_IN] = read_built_ins,
        [VLANS] = read_vlans, [BYPASS] = read_bypass, [WATCH_PORTS] = read_watch_ports, [OVERRIDE] = read_own_overrides,
    };
    struct lx_row_scope scope = {.file = site->site.name};
    const struct lx_node *values[FIELDS] = {NULL};

    lx_read_mapping(&site->reader, site->reader.tree.nodes, "a site file", fields, FIELDS, values);
    if (values[SITE])
        lx_read_text(&site->reader, values[SITE], "the name of the site");
    for (size_t i = 0; i < FIELDS; i++)
        if (values[i] && readers[i])
            readers[i](site, values[i]);
    if (values[ROWS])
        lx_read_rows(&site->reader, values[ROWS], &scope, &site->site.rows, &site->site.row_count);
    if (values[INCLUDE])
        lx_site_read_includes(site, values[INCLUDE]);
}

int lx_site_file_load(FILE *stream, const char *name, const struct lx_opener *opener, struct lx_site *site,
                      struct lx_diagnostics *diagnostics)
{
    struct site_reader read = {.opener = opener, .site = {.name = strdup(name)}};
    int error;

    if (!read.site.name)
        return -ENOMEM;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the name is freed with the site, or moves out with it */
    error = lx_reader_open(&read.reader, stream, read.site.name, diagnostics);
    if (!error) {
        read_file(&read);
        read.site.text = read.reader.text;
        read.reader.text = (struct lx_text){0};
        error = lx_reader_close(&read.reader, 0);
    }
    if (error)
        lx_site_free(&read.site);
    else
        *site = read.site;
    return error;
}

int lx_site_file_read(FILE *stream, const char *name, struct lx_site *site, struct lx_diagnostics *diagnostics)
{
    return lx_site_file_load(stream, name, NULL, site, diagnostics);
}

void lx_site_mistake(const struct lx_site *site, struct lx_diagnostics *diagnostics, struct lx_place place,
                     const char *format, ...)
{
    const struct lx_text *text = &site->text;
    va_list arguments;

    for (size_t i = 0; i < site->included_count; i++)
        if (site->included[i]->name == place.file)
            text = &site->included[i]->text;
    va_start(arguments, format);
    lx_text_vmistake(text, diagnostics, place.line, place.column, format, arguments);
    va_end(arguments);
}

const struct lx_group *lx_site_group(const struct lx_site *site, const char *name)
{
    for (size_t i = 0; i < site->group_count; i++)
        if (!strcmp(site->groups[i].name, name))
            return &site->groups[i];
    return NULL;
}

void lx_site_free(struct lx_site *site)
{
    for (size_t i = 0; i < site->self_count; i++) {
        free(site->selves[i].role);
        free(site->selves[i].prefixes);
    }
    for (size_t i = 0; i < site->group_count; i++) {
        free(site->groups[i].name);
        free(site->groups[i].file);
        free(site->groups[i].prefixes);
    }
    for (size_t i = 0; i < site->row_count; i++)
        lx_row_free(&site->rows[i]);
    lx_site_bypass_free(&site->bypass);
    free(site->name);
    lx_text_free(&site->text);
    free(site->selves);
    free(site->groups);
    free(site->rows);
    free(site->watch_ports);
    lx_overrides_free(&site->overrides);
    for (size_t i = 0; i < site->included_count; i++) {
        lx_text_free(&site->included[i]->text);
        free(site->included[i]->name);
        free(site->included[i]);
    }
    free(site->included);
    lx_words_free(&site->closed_options);
    lx_terms_free(&site->options);
    *site = (struct lx_site){0};
}
