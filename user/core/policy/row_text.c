/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of a row: one line of a table, keyed as the tables head their columns. */
#include "row_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "citation.h"
#include "items.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

enum {
    ROW_ID,
    ROW_FROM,
    ROW_SOURCE_PORT,
    ROW_TO,
    ROW_PORT,
    ROW_TRANSPORT,
    ROW_APPLICATION,
    ROW_DIRECTION,
    ROW_OPTIONS,
    ROW_WORKLOADS,
    ROW_SOURCE,
    ROW_NOTE,
    ROW_MISSED,
    ROW_UNRESOLVED,
    ROW_LB,
    ROW_NEEDS,
    ROW_SIDE, /* from here on only in site files, where no heading says it */
    ROW_ROLE,
    ROW_SELF,
    ROW_FIELDS,
};

static const struct lx_field fields[ROW_FIELDS] = {
    [ROW_ID] = {"id", "id: NAME, unique among its neighbours"},
    [ROW_FROM] = {"from", "from: any, self, a group or addresses"},
    [ROW_SOURCE_PORT] = {"source-port", NULL},
    [ROW_TO] = {"to", "to: any, self, a group or addresses"},
    [ROW_PORT] = {"port", NULL},
    [ROW_TRANSPORT] = {"transport", NULL},
    [ROW_APPLICATION] = {"application", NULL},
    [ROW_DIRECTION] = {"direction", NULL},
    [ROW_OPTIONS] = {"options", NULL},
    [ROW_WORKLOADS] = {"workloads", NULL},
    [ROW_SOURCE] = {"source", NULL},
    [ROW_NOTE] = {"note", NULL},
    [ROW_MISSED] = {"missed", NULL},
    [ROW_UNRESOLVED] = {"unresolved", NULL},
    [ROW_LB] = {"lb", NULL},
    [ROW_NEEDS] = {"needs", NULL},
    [ROW_SIDE] = {"side", NULL},
    [ROW_ROLE] = {"role", NULL},
    [ROW_SELF] = {"self", NULL},
};

_Static_assert(ROW_FIELDS <= LX_FIELDS, "a row is a mapping that lx_read_mapping can read");

static bool is_site(const struct lx_row_scope *scope)
{
    return scope->owner == LX_ROWS_OF_SITE;
}

/* What comes before the name in an id: the role, or whose rows they are where they are no role's. */
static const char *owner_name(const struct lx_row_scope *scope)
{
    return is_site(scope) ? "site" : scope->owner == LX_ROWS_OF_MANAGEMENT ? "management" : scope->role;
}

/* Ids label counters in the kernel, where they have this much room. */
static void read_id(struct lx_reader *reader, const struct lx_node *node, const struct lx_row_scope *scope,
                    struct lx_row *row)
{
    const char *name = lx_read_name(reader, node, "a row"), *side = lx_side_name(scope->side);
    char id[sizeof(((struct lx_row_label *)0)->id)];
    int length;

    if (!name)
        return;
    if (scope->owner == LX_ROWS_OF_SET)
        length = snprintf(id, sizeof(id), "%s", name);
    else
        length = snprintf(id, sizeof(id), "%s%s%s/%s", owner_name(scope), side ? "/" : "", side ? side : "", name);
    if (length >= (int)sizeof(id))
        lx_mistake(reader, node, "the id %s is longer than %zu letters; write a shorter one", lx_show(id).text,
                   sizeof(id) - 1);
    else
        row->id = lx_reader_copy(reader, id);
}

static bool looks_like_address(const char *text)
{
    return isdigit((unsigned char)*text) || strpbrk(text, ".:/");
}

bool lx_read_endpoint(struct lx_reader *reader, const struct lx_node *node, struct lx_endpoint *endpoint)
{
    const char *text = node->kind == LX_NODE_TEXT ? lx_node_text(&reader->tree, node) : NULL;

    if (!text || looks_like_address(text)) {
        endpoint->kind = LX_ENDPOINT_ADDRESSES;
        return lx_read_prefixes(reader, node, lx_unusable_peer, &endpoint->prefixes, &endpoint->prefix_count);
    }
    text = lx_read_name(reader, node, "a group");
    if (!text)
        return false;
    if (!strcmp(text, "any")) {
        endpoint->kind = LX_ENDPOINT_ANY;
    } else if (!strcmp(text, "self")) {
        endpoint->kind = LX_ENDPOINT_SELF;
    } else {
        endpoint->kind = LX_ENDPOINT_GROUP;
        endpoint->group = lx_reader_copy(reader, text);
    }
    return true;
}

static void read_endpoints(struct lx_reader *reader, const struct lx_node *from, const struct lx_node *to,
                           struct lx_row *row)
{
    bool from_read = from && lx_read_endpoint(reader, from, &row->from);
    bool to_read = to && lx_read_endpoint(reader, to, &row->to);
    bool from_self = row->from.kind == LX_ENDPOINT_SELF, to_self = row->to.kind == LX_ENDPOINT_SELF;

    if (!from_read || !to_read || from_self != to_self)
        return;
    if (to_self)
        lx_mistake(reader, to,
                   "both 'from' and 'to' are self; exactly one of them is, and the other says who is there");
    else
        lx_mistake(reader, to, "neither 'from' nor 'to' is self; write self where the role itself stands");
}

/* A protocol without ports; its number stands where ports do. False when the word is none. */
static bool read_protocol(struct lx_reader *reader, const struct lx_node *node, const char *word, struct lx_row *row)
{
    const char *problem;
    uint8_t protocol;

    if (lx_protocol_parse(word, &protocol, &problem)) {
        if (problem)
            lx_mistake(reader, node, "%s", problem);
        return problem;
    }
    row->transports = LX_TRANSPORT_BIT(LX_PORTLESS);
    row->destination_ports = (struct lx_ports){.count = 1, .ranges = {{protocol, protocol}}};
    return true;
}

static void read_transport(struct lx_reader *reader, const struct lx_node *node, struct lx_row *row)
{
    static const struct {
        const char *name;
        unsigned bits;
    } ported[] = {{"tcp", LX_TRANSPORT_BIT(LX_TCP)},
                  {"udp", LX_TRANSPORT_BIT(LX_UDP)},
                  {"tcp/udp", LX_TRANSPORT_BIT(LX_TCP) | LX_TRANSPORT_BIT(LX_UDP)}};
    const char *word = lx_read_text(reader, node, "tcp, udp, tcp/udp, or a protocol without ports such as vrrp");
    const char *names[COUNT_OF(ported) + LX_PROTOCOL_NAMES];

    if (!word)
        return;
    for (size_t i = 0; i < COUNT_OF(ported); i++) {
        names[i] = ported[i].name;
        if (!strcmp(word, ported[i].name))
            row->transports = ported[i].bits;
    }
    memcpy(names + COUNT_OF(ported), lx_protocol_names, sizeof(lx_protocol_names));
    if (!row->transports && !read_protocol(reader, node, word, row))
        lx_mistake(reader, node,
                   "unknown transport '%s'; write tcp, udp, tcp/udp, vrrp, ospf, igmp, pim, esp, ah, gre, ipip, echo "
                   "or the number of a protocol%s",
                   lx_show(word).text, lx_hint(reader, word, names, COUNT_OF(names)).text);
}

/* A row about a protocol that has no ports names none. */
static void refuse_ports(struct lx_reader *reader, const struct lx_node *const *values, const struct lx_row *row)
{
    static const int keys[] = {ROW_SOURCE_PORT, ROW_PORT};

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (values[keys[i]])
            lx_mistake(reader, values[keys[i]], "%s has no ports; leave out '%s', and the row is about all of it",
                       lx_transports_name(row, row->transports).text, fields[keys[i]].name);
    if (row->unresolved)
        lx_mistake(reader, values[ROW_UNRESOLVED], "nothing is missing of a row about %s; leave out 'unresolved'",
                   lx_transports_name(row, row->transports).text);
}

/* What a row opens. A row printed without a port opens nothing, and must say that this is no slip. */
static void read_ports(struct lx_reader *reader, const struct lx_node *node, const struct lx_node *const *values,
                       struct lx_row *row)
{
    if (values[ROW_UNRESOLVED])
        lx_read_flag(reader, values[ROW_UNRESOLVED], &row->unresolved);
    if (values[ROW_TRANSPORT])
        read_transport(reader, values[ROW_TRANSPORT], row);
    else if (!row->unresolved)
        lx_mistake(reader, node,
                   "a row without the key 'transport'; write transport: tcp, udp or tcp/udp, or "
                   "unresolved: true");
    if (lx_row_is_portless(row)) {
        refuse_ports(reader, values, row);
        return;
    }
    if (values[ROW_SOURCE_PORT])
        lx_read_ports(reader, values[ROW_SOURCE_PORT], &row->source_ports);
    if (values[ROW_PORT])
        lx_read_ports(reader, values[ROW_PORT], &row->destination_ports);
    else if (!row->unresolved && (row->transports || !values[ROW_TRANSPORT]))
        lx_mistake(reader, node, "a row without the key 'port'; write port: 443, port: any, or unresolved: true");
}

static char *read_line(struct lx_reader *reader, const struct lx_node *node)
{
    const char *text = node ? lx_read_text(reader, node, "a few words") : NULL;

    return text ? lx_reader_copy(reader, text) : NULL;
}

/* Options or workloads: what a policy has declared, anything in a site. */
static void read_terms_used(struct lx_reader *reader, const struct lx_node *node, const struct lx_glossary *glossary,
                            const char *what, struct lx_words *words)
{
    if (!node)
        return;
    if (glossary)
        lx_read_terms_used(reader, node, glossary, words);
    else
        lx_read_words(reader, node, what, words);
}

static void read_texts(struct lx_reader *reader, const struct lx_node *const *values, const struct lx_row_scope *scope,
                       struct lx_row *row)
{
    static const char *const directions[] = {"in", "out", "in/out"};
    int direction = -1;

    if (values[ROW_DIRECTION])
        direction = lx_read_choice(reader, values[ROW_DIRECTION], "direction", directions, COUNT_OF(directions));
    if (direction >= 0)
        row->direction = lx_reader_copy(reader, directions[direction]);
    row->application = read_line(reader, values[ROW_APPLICATION]);
    row->note = read_line(reader, values[ROW_NOTE]);
    row->missed = read_line(reader, values[ROW_MISSED]);
    read_terms_used(reader, values[ROW_OPTIONS], scope->options, "an option", &row->options);
    read_terms_used(reader, values[ROW_WORKLOADS], scope->workloads, "a workload", &row->workloads);
}

static void read_source(struct lx_reader *reader, const struct lx_node *node, const struct lx_node *source,
                        const struct lx_row_scope *scope, struct lx_row *row)
{
    if (source && !scope->documents)
        row->source = read_line(reader, source);
    else if (source)
        lx_read_citation(reader, source, scope->documents, row);
    else
        row->source = lx_cite_line(reader, scope->file, node->line);
}

/* A site's row belongs to every role and side, unless it says to which. */
static void read_limits(struct lx_reader *reader, const struct lx_node *const *values, const struct lx_row_scope *scope,
                        struct lx_row *row)
{
    const char *role = scope->role;
    int side;

    row->side = scope->side;
    if (is_site(scope) && values[ROW_SIDE]) {
        side = lx_read_choice(reader, values[ROW_SIDE], "side", lx_side_names + 1, LX_SIDES - 1);
        row->side = side == 0 ? LX_SIDE_EXTERNAL : LX_SIDE_INTERNAL;
    }
    if (is_site(scope) && values[ROW_ROLE])
        role = lx_read_name(reader, values[ROW_ROLE], "a role");
    if (role)
        row->role = lx_reader_copy(reader, role);
}

/* When the row is there at all. */
static void read_conditions(struct lx_reader *reader, const struct lx_node *const *values, struct lx_row *row)
{
    static const char *const ways[] = {"hardware", "dns"};
    const char *group;
    int way = -1;

    if (values[ROW_LB])
        way = lx_read_choice(reader, values[ROW_LB], "load balancing", ways, COUNT_OF(ways));
    row->lb = way < 0 ? LX_LB_ANY : way == 0 ? LX_LB_HARDWARE : LX_LB_DNS;
    group = values[ROW_NEEDS] ? lx_read_name(reader, values[ROW_NEEDS], "a group") : NULL;
    if (!group)
        return;
    if (!strcmp(group, "any") || !strcmp(group, "self"))
        lx_mistake(reader, values[ROW_NEEDS], "'%s' is no group that a site can set; write the name of one", group);
    else
        row->needs = lx_reader_copy(reader, group);
}

/* A site's row may be about other addresses than the role's own: they are kept with the end that is self. */
static void read_self(struct lx_reader *reader, const struct lx_node *node, struct lx_row *row)
{
    struct lx_endpoint *self = row->to.kind == LX_ENDPOINT_SELF ? &row->to : &row->from;
    struct lx_prefix *prefixes;
    size_t count;

    if (!lx_read_prefixes(reader, node, lx_unusable_self, &prefixes, &count))
        return;
    free(self->prefixes); /* of a row where neither end is self, a mistake that was reported */
    self->prefixes = prefixes;
    self->prefix_count = count;
}

static void read_row(struct lx_reader *reader, const struct lx_node *node, const struct lx_row_scope *scope,
                     struct lx_row *row, struct lx_named *id)
{
    const struct lx_node *values[ROW_FIELDS] = {NULL};

    row->place = lx_node_place(node, scope->file);
    if (!lx_read_mapping(reader, node, "a row", fields, is_site(scope) ? ROW_FIELDS : ROW_SIDE, values))
        return;
    if (values[ROW_ID])
        read_id(reader, values[ROW_ID], scope, row);
    read_limits(reader, values, scope, row);
    read_endpoints(reader, values[ROW_FROM], values[ROW_TO], row);
    if (values[ROW_SELF])
        read_self(reader, values[ROW_SELF], row);
    read_ports(reader, node, values, row);
    read_texts(reader, values, scope, row);
    read_conditions(reader, values, row);
    read_source(reader, node, values[ROW_SOURCE], scope, row);
    if (row->id)
        *id = (struct lx_named){.name = row->id, .node = values[ROW_ID]};
}

static void refuse_repeated_ids(struct lx_reader *reader, struct lx_named *ids, size_t count)
{
    lx_named_sort(ids, count);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(ids[first].name, ids[i].name))
            first = i;
        else
            lx_mistake(reader, ids[i].node, "the id %s is there already, on line %u; give this row another one",
                       lx_show(ids[i].name).text, ids[first].node->line);
    }
}

/* Makes room for more rows behind those that are there. */
static struct lx_row *add_room(struct lx_reader *reader, struct lx_row **rows, size_t count, size_t more)
{
    struct lx_row *grown = reallocarray(*rows, count + more, sizeof(*grown));

    if (!grown) {
        reader->out_of_memory = true;
        return NULL;
    }
    *rows = grown;
    memset(grown + count, 0, more * sizeof(*grown));
    return grown + count;
}

void lx_read_rows(struct lx_reader *reader, const struct lx_node *list, struct lx_row_scope *scope,
                  struct lx_row **rows, size_t *count)
{
    struct lx_named *ids;
    struct lx_row *row;
    size_t id_count = 0;

    if (!lx_expect(reader, list, LX_NODE_LIST, "a list of rows, one a line: - {id: ..., from: ..., to: ...}"))
        return;
    if (list->value > LX_FILE_ROWS - scope->rows_read) {
        lx_mistake(reader, list, "more than %d rows in one file; split it", LX_FILE_ROWS);
        return;
    }
    ids = lx_reader_room(reader, list->value, sizeof(*ids));
    row = ids ? add_room(reader, rows, *count, list->value) : NULL;
    if (row) {
        for (const struct lx_node *node = lx_node_first(list); node; node = lx_node_next(node)) {
            read_row(reader, node, scope, row++, &ids[id_count]);
            id_count += ids[id_count].name != NULL;
        }
        *count += list->value;
        scope->rows_read += list->value;
        refuse_repeated_ids(reader, ids, id_count);
    }
    free(ids);
}
