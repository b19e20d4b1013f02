/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of a declaration: a table of keys, each with its reader, for the defaults and for every interface. */
#include "declaration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"
#include "row_text.h"
#include "user/core/text/path.h"

#define LONGEST_NAME 128 /* ALTIFNAMSIZ of <linux/if.h> */

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

enum key {
    ROLE,
    EDITION,
    SIDE,
    SITE,
    SET,
    WITHOUT,
    OPEN,
    WORKLOAD,
    LB,
    POLICY,
    EGRESS,
    AUDIT,
    MODE,
    FLOWS,
    ON_FAILURE,
    MANAGEMENT,
    PAIR,
    WITH,
    FORWARD,
    BEHIND,
    KEYS,
    KEYS_OF_DEFAULTS = PAIR, /* what comes from there on is about one interface */
};

static const struct lx_field keys[KEYS] = {
    [ROLE] = {"role", NULL},
    [EDITION] = {"edition", NULL},
    [SIDE] = {"side", NULL},
    [SITE] = {"site", NULL},
    [SET] = {"set", NULL},
    [WITHOUT] = {"without", NULL},
    [OPEN] = {"open", NULL},
    [WORKLOAD] = {"workload", NULL},
    [LB] = {"lb", NULL},
    [POLICY] = {"policy", NULL},
    [EGRESS] = {"egress", NULL},
    [AUDIT] = {"audit", NULL},
    [MODE] = {"mode", NULL},
    [FLOWS] = {"flows", NULL},
    [PAIR] = {"pair", NULL},
    [WITH] = {"with", NULL},
    [FORWARD] = {"forward", NULL},
    [BEHIND] = {"behind", NULL},
    [ON_FAILURE] = {"on-failure", NULL},
    [MANAGEMENT] = {"management", NULL},
};

_Static_assert(KEYS <= LX_FIELDS, "an interface is a mapping that lx_read_mapping can read");

struct declaration_reader {
    struct lx_reader reader;
    struct lx_declaration declaration;
    const struct lx_node *defaults[KEYS]; /* those without a mistake */
    bool role_by_default;                 /* even if it is no good */
    bool mistaken_by_default;             /* the defaults have a mistake, which is one of every interface */
};

/* Whether the kernel takes a name for that of an interface, an alternative one too (ip link property add). */
static bool is_interface(const char *name, size_t length)
{
    return length && length < LONGEST_NAME && strcspn(name, "/: \t") >= length &&
           !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

/* The name of an interface; NULL after a diagnostic. */
static const char *read_interface(struct lx_reader *reader, const struct lx_node *node)
{
    const char *name = lx_read_text(reader, node, "the name of an interface");

    if (!name || is_interface(name, strlen(name)))
        return name;
    lx_mistake(reader, node, "'%s' cannot be an interface; write its name, as 'ip link' shows it, like eth0",
               lx_show(name).text);
    return NULL;
}

/* What is filtered with an interface: another, or where it is a pair OUTER:INNER. */
static void read_with(struct lx_reader *reader, const struct lx_node *node, bool paired, struct lx_words *with)
{
    if (!lx_expect_items(reader, node, "the name of an interface, or a list of them"))
        return;
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item)) {
        const char *name = lx_read_text(reader, item, "the name of an interface");
        size_t length = name ? strcspn(name, ":") : 0;

        if (!name)
            continue;
        if (paired ? name[length] && is_interface(name, length) &&
                         is_interface(name + length + 1, strlen(name) - length - 1)
                   : is_interface(name, strlen(name)))
            reader->out_of_memory |= lx_words_add(with, name) != 0;
        else
            lx_mistake(reader, item,
                       paired ? "'%s' cannot be filtered with a pair; write another one, like eth2:eth3"
                              : "'%s' cannot be an interface; write its name, as 'ip link' shows it, like eth0",
                       lx_show(name).text);
    }
}

static void keep_text(struct lx_reader *reader, const char *text, char **copy)
{
    if (text)
        *copy = lx_reader_copy(reader, text);
}

/* An empty list takes back what the defaults say. */
static bool takes_back(const struct lx_node *node)
{
    return node->kind == LX_NODE_LIST && !node->value;
}

static char *read_path(struct declaration_reader *read, const struct lx_node *node, const char *instead)
{
    const char *path = lx_read_text(&read->reader, node, instead);
    char *joined = path ? lx_path_beside(read->declaration.name, path) : NULL;

    read->reader.out_of_memory |= path && !joined;
    return joined;
}

static void read_policies(struct declaration_reader *read, const struct lx_node *node, struct lx_words *policies)
{
    if (takes_back(node) || !lx_expect_items(&read->reader, node, "the path of a policy file, or a list of them"))
        return;
    for (const struct lx_node *item = lx_first_item(node); item; item = lx_next_item(node, item)) {
        char *path = read_path(read, item, "the path of a policy file");

        if (path && lx_words_add(policies, path))
            read->reader.out_of_memory = true;
        free(path);
    }
}

static void free_management(struct lx_declared *declared)
{
    for (size_t i = 0; i < declared->management_count; i++)
        lx_row_free(&declared->management[i]);
    free(declared->management);
    declared->management = NULL;
    declared->management_count = 0;
}

static void read_management(struct declaration_reader *read, const struct lx_node *node, struct lx_declared *declared)
{
    struct lx_row_scope scope = {.file = read->declaration.name, .owner = LX_ROWS_OF_MANAGEMENT};
    size_t errors = read->reader.diagnostics->errors;

    if (takes_back(node))
        return;
    lx_read_rows(&read->reader, node, &scope, &declared->management, &declared->management_count);
    /* Of an interface that is mistaken they may be asked for all the same: half a row is none. */
    if (read->reader.diagnostics->errors != errors || read->reader.out_of_memory)
        free_management(declared);
}

static void read_words(struct declaration_reader *read, const struct lx_node *node, const char *what,
                       struct lx_words *words)
{
    if (!takes_back(node))
        lx_read_words(&read->reader, node, what, words);
}

static struct lx_setting *setting_named(struct lx_declared *declared, const char *name)
{
    for (size_t i = 0; i < declared->setting_count; i++)
        if (!strcmp(declared->settings[i].name, name))
            return &declared->settings[i];
    return NULL;
}

/* A name that the defaults set too means here what the interface says. */
static void read_setting(struct declaration_reader *read, const struct lx_node *key, struct lx_declared *declared)
{
    const char *name = lx_read_name(&read->reader, key, "a group");
    struct lx_prefix *prefixes = NULL;
    struct lx_setting *setting;
    size_t count = 0;

    if (name && !strcmp(name, "any")) {
        lx_mistake(&read->reader, key, "'any' cannot be set: it has its own meaning; choose another name");
        name = NULL;
    }
    if (!lx_read_prefixes(&read->reader, lx_node_next(key),
                          name && !strcmp(name, "self") ? lx_unusable_self : lx_unusable_peer, &prefixes, &count) ||
        !name) {
        free(prefixes);
        return;
    }
    setting = setting_named(declared, name);
    if (!setting && declared->setting_count == LX_MOST_SETTINGS) {
        lx_mistake(&read->reader, key, "more than %d names are set; write the groups into a site file",
                   LX_MOST_SETTINGS);
        free(prefixes);
        return;
    }
    if (!setting) {
        setting = &declared->settings[declared->setting_count++];
        setting->name = lx_reader_copy(&read->reader, name);
    }
    free(setting->prefixes);
    setting->prefixes = prefixes;
    setting->prefix_count = count;
}

static void read_settings(struct declaration_reader *read, const struct lx_node *node, struct lx_declared *declared)
{
    const struct lx_node *value;

    if (!lx_expect(&read->reader, node, LX_NODE_MAPPING, "NAME: [ADDRESS, PREFIX] for each name"))
        return;
    if (!declared->settings)
        declared->settings = lx_reader_room(&read->reader, LX_MOST_SETTINGS, sizeof(*declared->settings));
    for (const struct lx_node *key = lx_node_first(node); key && !read->reader.out_of_memory;
         key = lx_node_next(value)) {
        value = lx_node_next(key);
        if (key->kind == LX_NODE_TEXT)
            read_setting(read, key, declared);
    }
}

/* One of the choices; `value` stays as it is after a diagnostic. */
static bool choose(struct declaration_reader *read, const struct lx_node *node, const char *what,
                   const char *const *choices, size_t count, unsigned *value)
{
    int choice = lx_read_choice(&read->reader, node, what, choices, count);

    if (choice >= 0)
        *value = (unsigned)choice;
    return choice >= 0;
}

static void read_choice(struct declaration_reader *read, enum key key, const struct lx_node *node,
                        struct lx_declared *declared)
{
    static const char *const failures[] = {"open", "closed"};
    unsigned value;

    if (key == ON_FAILURE && choose(read, node, "way to fail", failures, COUNT_OF(failures), &value))
        declared->closed = value == 1;
    if (key == SIDE && choose(read, node, "side", lx_side_names + 1, LX_SIDES - 1, &value))
        declared->side = (enum lx_side)(LX_SIDE_EXTERNAL + value);
    if (key == LB && choose(read, node, "way of load balancing", lx_lb_names + 1, LX_LBS - 1, &value))
        declared->lb = (enum lx_lb)(LX_LB_HARDWARE + value);
    if (key == MODE)
        choose(read, node, "mode", lx_mode_names, LX_MODES, &declared->mode);
    if (key == EGRESS && choose(read, node, "egress mode", lx_egress_names, LX_EGRESSES, &value)) {
        declared->egress = (enum lx_egress)value;
        declared->egress_said = true;
    }
}

static void read_key(struct declaration_reader *read, enum key key, const struct lx_node *node,
                     struct lx_declared *declared)
{
    struct lx_reader *reader = &read->reader;

    switch (key) {
    case ROLE:
        lx_read_words(reader, node, "a role", &declared->roles);
        break;
    case EDITION:
        keep_text(reader, lx_read_name(reader, node, "an edition"), &declared->edition);
        break;
    case SITE:
        declared->site = read_path(read, node, "the path of a site file");
        break;
    case SET:
        read_settings(read, node, declared);
        break;
    case WITHOUT:
        read_words(read, node, "an option", &declared->without);
        break;
    case OPEN:
        read_words(read, node, "an option", &declared->open);
        break;
    case WORKLOAD:
        read_words(read, node, "a workload", &declared->workloads);
        break;
    case POLICY:
        read_policies(read, node, &declared->policies);
        break;
    case MANAGEMENT:
        read_management(read, node, declared);
        break;
    case AUDIT:
        lx_read_flag(reader, node, &declared->audit);
        break;
    case FORWARD:
        lx_read_flag(reader, node, &declared->forward);
        break;
    case BEHIND:
        lx_read_flag(reader, node, &declared->behind);
        break;
    case PAIR:
        keep_text(reader, read_interface(reader, node), &declared->pair);
        break;
    case WITH:
        read_with(reader, node, declared->pair, &declared->with);
        break;
    case FLOWS:
        lx_read_number(reader, node, "number of flows", LX_FEWEST_FLOWS, LX_MOST_FLOWS, &declared->flows);
        break;
    default:
        read_choice(read, key, node, declared);
    }
}

static void declared_free(struct lx_declared *declared)
{
    for (size_t i = 0; i < declared->setting_count; i++) {
        free(declared->settings[i].name);
        free(declared->settings[i].prefixes);
    }
    free_management(declared);
    free(declared->settings);
    free(declared->interface);
    free(declared->edition);
    free(declared->site);
    free(declared->pair);
    lx_words_free(&declared->with);
    lx_words_free(&declared->roles);
    lx_words_free(&declared->without);
    lx_words_free(&declared->open);
    lx_words_free(&declared->workloads);
    lx_words_free(&declared->policies);
}

/* Reads the defaults once for their mistakes: every interface then reads again those that have none. */
static void read_defaults(struct declaration_reader *read, const struct lx_node *node)
{
    const struct lx_node *values[KEYS_OF_DEFAULTS];
    size_t before = read->reader.diagnostics->errors;

    lx_read_mapping(&read->reader, node, "the defaults", keys, KEYS_OF_DEFAULTS, values);
    read->role_by_default = values[ROLE];
    for (enum key key = 0; key < KEYS_OF_DEFAULTS; key++) {
        size_t errors = read->reader.diagnostics->errors;
        struct lx_declared unheard = {0};

        if (!values[key])
            continue;
        read_key(read, key, values[key], &unheard);
        if (read->reader.diagnostics->errors == errors)
            read->defaults[key] = values[key];
        declared_free(&unheard);
    }
    read->mistaken_by_default = read->reader.diagnostics->errors != before;
}

/* Whether one is an interface of a word of `with`: the whole, or either side of a pair. */
static bool is_in(const char *interface, const char *word)
{
    size_t length = strcspn(word, ":");

    return (strlen(interface) == length && !strncmp(interface, word, length)) ||
           (word[length] && !strcmp(interface, word + length + 1));
}

static void check_with(struct lx_reader *reader, const struct lx_node *node, const struct lx_declared *declared)
{
    if (declared->with.count > LX_MOST_WITH)
        lx_mistake(reader, node, "no more than %d interfaces can be filtered together", LX_MOST_WITH + 1);
    for (size_t i = 0; i < declared->with.count; i++) {
        const char *word = declared->with.items[i];
        bool twice = is_in(declared->interface, word) || (declared->pair && is_in(declared->pair, word));

        for (size_t j = 0; j < i && !twice; j++)
            twice = !strcmp(word, declared->with.items[j]);
        if (twice)
            lx_mistake(reader, node, "'%s' is named twice; name each interface once", lx_show(word).text);
    }
}

/* What the keys of one interface come to together. */
static void check_keys(struct declaration_reader *read, const struct lx_node *name,
                       const struct lx_node *const values[KEYS], const struct lx_declared *declared)
{
    struct lx_reader *reader = &read->reader;

    if (!values[ROLE] && !read->role_by_default)
        lx_mistake(reader, name, "an interface without the key 'role'; write role: av-edge, here or under defaults:");
    if (declared->forward && !values[PAIR])
        lx_mistake(reader, values[FORWARD],
                   "forward needs the other interface of an inline pair; write pair: eth1 "
                   "beside it, or leave forward out");
    if (declared->behind && values[PAIR])
        lx_mistake(reader, values[BEHIND],
                   "behind looks at both ways on one interface, pair at one on each of two; leave one of them out");
    if (values[MANAGEMENT] && declared->management_count && !declared->closed)
        lx_mistake(reader, values[MANAGEMENT],
                   "management is what stays open when an interface fails closed; write on-failure: closed beside it, "
                   "or leave it out");
    if (values[WITH])
        check_with(reader, values[WITH], declared);
    if (declared->pair && !strcmp(declared->pair, declared->interface))
        lx_mistake(reader, values[PAIR], "'%s' cannot be its own pair; write the name of the inner interface",
                   lx_show(declared->pair).text);
}

static void read_declared(struct declaration_reader *read, const struct lx_node *name)
{
    struct lx_declared *declared = &read->declaration.items[read->declaration.count];
    size_t errors = read->reader.diagnostics->errors;
    const char *interface = read_interface(&read->reader, name);
    const struct lx_node *values[KEYS];
    bool sound = lx_read_mapping(&read->reader, lx_node_next(name), "an interface", keys, KEYS, values);

    declared->interface = lx_reader_copy(&read->reader, interface ? interface : "?");
    declared->place = lx_node_place(name, read->declaration.name);
    declared->mistaken = true;
    if (!declared->interface)
        return;
    read->declaration.count++;
    if (!sound)
        return;
    for (enum key key = 0; key < KEYS; key++) {
        if (read->defaults[key] && (!values[key] || key == SET))
            read_key(read, key, read->defaults[key], declared);
        if (values[key])
            read_key(read, key, values[key], declared);
    }
    check_keys(read, name, values, declared);
    declared->mistaken = read->mistaken_by_default || read->reader.diagnostics->errors != errors;
}

static void read_interfaces(struct declaration_reader *read, const struct lx_node *node)
{
    struct lx_reader *reader = &read->reader;
    const struct lx_node *value;

    if (node->kind == LX_NODE_MAPPING && !node->value)
        return; /* nothing is to be filtered: that is a declaration too */
    if (!lx_expect(reader, node, LX_NODE_MAPPING, "INTERFACE: {role: ...} for each interface"))
        return;
    read->declaration.items = lx_reader_room(reader, LX_MOST_DECLARED, sizeof(*read->declaration.items));
    for (const struct lx_node *key = lx_node_first(node); key && read->declaration.items; key = lx_node_next(value)) {
        value = lx_node_next(key);
        if (key->kind != LX_NODE_TEXT)
            continue;
        if (read->declaration.count == LX_MOST_DECLARED) {
            lx_mistake(reader, key, "more than %d interfaces; declare the rest elsewhere", LX_MOST_DECLARED);
            return;
        }
        read_declared(read, key);
    }
}

/* The interface that a declaration names besides its own and another one stands on, too; NULL: there is none. */
static const char *shared(const struct lx_declared *one, const struct lx_declared *other)
{
    if (one->pair && (!strcmp(one->pair, other->interface) || (other->pair && !strcmp(one->pair, other->pair))))
        return one->pair;
    for (size_t i = 0; i < one->with.count; i++) {
        const char *word = one->with.items[i];

        if (is_in(other->interface, word) || (other->pair && is_in(other->pair, word)))
            return word;
        for (size_t j = 0; j < other->with.count; j++)
            if (!strcmp(word, other->with.items[j]))
                return word;
    }
    return NULL;
}

/* An interface is in one place only: alone, outer or inner, or filtered with one other. */
static void check_pairs(struct declaration_reader *read)
{
    const struct lx_declaration *declaration = &read->declaration;

    for (size_t i = 0; i < declaration->count; i++)
        for (size_t j = 0; j < declaration->count; j++) {
            struct lx_declared *one = &declaration->items[i], *other = &declaration->items[j];
            const char *name = i == j ? NULL : shared(one, other);

            /* What both name is a mistake of the later one alone. */
            if (!name || (j > i && shared(other, one)))
                continue;
            one->mistaken = other->mistaken = true;
            lx_text_mistake(
                &read->reader.text, read->reader.diagnostics, one->place.line, one->place.column,
                name == one->pair ? "its pair %s is declared on line %u already%s; take one of them out"
                                  : "%s, which is to be filtered with it, is declared on line %u already%s; "
                                    "take one of them out",
                lx_show(name).text, other->place.line,
                name == one->pair && other->pair && !strcmp(name, other->pair) ? ", as the pair of another" : "");
        }
}

static void read_file(struct declaration_reader *read)
{
    enum { DEFAULTS, INTERFACES, FIELDS };
    static const struct lx_field fields[FIELDS] = {
        [DEFAULTS] = {"defaults", NULL},
        [INTERFACES] = {"interfaces", "interfaces: {eth0: {role: av-edge}}, or interfaces: {} for none"},
    };
    const struct lx_node *values[FIELDS] = {NULL};

    lx_read_mapping(&read->reader, read->reader.tree.nodes, "a declaration", fields, FIELDS, values);
    if (values[DEFAULTS])
        read_defaults(read, values[DEFAULTS]);
    if (values[INTERFACES])
        read_interfaces(read, values[INTERFACES]);
    check_pairs(read);
}

int lx_declaration_read_each(FILE *stream, const char *name, struct lx_declaration *declaration,
                             struct lx_diagnostics *diagnostics)
{
    struct declaration_reader read = {.declaration = {.name = strdup(name)}};
    bool opened;
    int error;

    if (!read.declaration.name)
        return -ENOMEM;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the name is freed with the declaration, or moves out with it */
    error = lx_reader_open(&read.reader, stream, read.declaration.name, diagnostics);
    opened = !error;
    if (opened) {
        read_file(&read);
        error = lx_reader_close(&read.reader, 0);
    }
    if (opened && (!error || error == -EINVAL))
        *declaration = read.declaration;
    else
        lx_declaration_free(&read.declaration);
    return error;
}

int lx_declaration_read(FILE *stream, const char *name, struct lx_declaration *declaration,
                        struct lx_diagnostics *diagnostics)
{
    struct lx_declaration read = {0};
    int error = lx_declaration_read_each(stream, name, &read, diagnostics);

    if (error)
        lx_declaration_free(&read);
    else
        *declaration = read;
    return error;
}

void lx_declaration_free(struct lx_declaration *declaration)
{
    for (size_t i = 0; i < declaration->count; i++)
        declared_free(&declaration->items[i]);
    free(declaration->items);
    free(declaration->name);
    *declaration = (struct lx_declaration){0};
}
