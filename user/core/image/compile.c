/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a policy to an image: classes of ports and hosts first, then a table of what each combination of classes means
 * (recursive flow classification, Gupta and McKeown 1999). Wherever a row can be named without the source, it is.
 */
#include "compile.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "address_table.h"
#include "image_writer.h"
#include "port_table.h"
#include "rule_set.h"
#include "scope.h"

#define MAX_CLASSES 65536u

/* One section on its way into the image: the rules of one direction, their classes, and the entries written so far. */
struct section {
    const struct lx_rule **rules; /* owned array of borrowed rules */
    size_t count;
    struct lx_rule_sets destination_ports, destinations, sources, source_ports;
    struct lx_rule_sets undecided; /* sets of rules that need the source or its port to decide between them */
    struct lx_entries {
        uint32_t *items; /* owned */
        uint32_t count, room;
    } entries;
    uint32_t *runs[2]; /* owned: by id in `undecided`, the run of entries made for it + 1; [0] source, [1] its port */
    uint32_t run_room;
};

static void section_free(struct section *section)
{
    free(section->rules);
    lx_rule_sets_free(&section->destination_ports);
    lx_rule_sets_free(&section->destinations);
    lx_rule_sets_free(&section->sources);
    lx_rule_sets_free(&section->source_ports);
    lx_rule_sets_free(&section->undecided);
    free(section->entries.items);
    free(section->runs[0]);
    free(section->runs[1]);
}

static int section_init(struct section *section, const struct lx_policy *policy, enum lx_hook hook)
{
    int error = 0;

    memset(section, 0, sizeof(*section));
    section->rules = calloc(policy->rule_count + 1, sizeof(*section->rules));
    if (!section->rules)
        return -ENOMEM;
    for (size_t i = 0; i < policy->rule_count; i++)
        if (lx_row_hook(policy->rules[i].row) == hook)
            section->rules[section->count++] = &policy->rules[i];
    error = error ?: lx_rule_sets_init(&section->destination_ports, section->count, MAX_CLASSES);
    error = error ?: lx_rule_sets_init(&section->destinations, section->count, MAX_CLASSES);
    error = error ?: lx_rule_sets_init(&section->sources, section->count, MAX_CLASSES);
    error = error ?: lx_rule_sets_init(&section->source_ports, section->count, MAX_CLASSES);
    error = error ?: lx_rule_sets_init(&section->undecided, section->count, LX_ENTRY_VALUE_MASK);
    return error;
}

/* Appends `count` entries of "no row"; `first` receives the index of the first. */
static int entries_reserve(struct section *section, uint64_t count, uint32_t *first)
{
    struct lx_entries *entries = &section->entries;
    uint64_t needed = entries->count + count;

    if (needed * sizeof(*entries->items) > LX_IMAGE_MAX_CAPACITY)
        return -E2BIG;
    if (needed > entries->room) {
        uint32_t room = needed < 1024 ? 1024 : needed * 2;
        uint32_t *items = realloc(entries->items, (size_t)room * sizeof(*items));

        if (!items)
            return -ENOMEM;
        entries->items = items;
        entries->room = room;
    }
    for (uint64_t i = entries->count; i < needed; i++)
        entries->items[i] = lx_entry(LX_ENTRY_ROW, LX_NO_ROW);
    *first = entries->count;
    entries->count = needed;
    return 0;
}

/*
 * What a set of rules, all of which match what is known so far, still depends on. Rules behind the first unconditional
 * one can never be credited and are removed from `bits`.
 */
static enum lx_entry_kind depends_on(const struct section *section, uint64_t *bits, bool source_known)
{
    enum lx_entry_kind kind = LX_ENTRY_ROW;
    size_t words = section->undecided.words;

    for (size_t i = 0; (i = lx_rule_bits_next(bits, words, i)) != LX_NO_RULE; i++) {
        bool by_source = !source_known && !section->rules[i]->source->any;
        bool by_port = !lx_ports_any(&section->rules[i]->row->source_ports);

        if (by_source)
            kind = LX_ENTRY_SOURCE;
        else if (by_port && kind == LX_ENTRY_ROW)
            kind = LX_ENTRY_SOURCE_PORT;
        if (!by_source && !by_port) {
            lx_rule_bits_cut(bits, words, i + 1);
            break;
        }
    }
    return kind;
}

/* The entry for the first rule of a set that depends on nothing more. */
static uint32_t row_entry(const struct section *section, const uint64_t *bits)
{
    size_t first = lx_rule_bits_next(bits, section->undecided.words, 0);

    return lx_entry(LX_ENTRY_ROW, first == LX_NO_RULE ? LX_NO_ROW : section->rules[first]->slot);
}

static int resolve_entry(struct section *section, uint64_t *bits, bool source_known, uint32_t *entry);

static void intersect(uint64_t *result, const uint64_t *left, const uint64_t *right, size_t words)
{
    for (size_t i = 0; i < words; i++)
        result[i] = left[i] & right[i];
}

/* Writes the run of entries that decides an undecided set by source class, or by source port class. */
static int write_run(struct section *section, uint32_t undecided, enum lx_entry_kind kind, uint32_t first)
{
    const struct lx_rule_sets *classes = kind == LX_ENTRY_SOURCE ? &section->sources : &section->source_ports;
    size_t words = section->undecided.words;
    uint64_t bits[(LX_MAX_ROWS + 63) / 64];
    uint32_t entry;
    int error = 0;

    for (uint32_t class = 0; !error && class < classes->count; class ++) {
        intersect(bits, lx_rule_sets_get(&section->undecided, undecided), lx_rule_sets_get(classes, class), words);
        if (kind == LX_ENTRY_SOURCE)
            error = resolve_entry(section, bits, true, &entry);
        else
            entry = row_entry(section, bits);
        if (!error)
            section->entries.items[first + class] = entry;
    }
    return error;
}

static int runs_reserve(struct section *section)
{
    uint32_t room = section->run_room;

    if (section->undecided.count <= room)
        return 0;
    room = section->undecided.count * 2;
    for (int i = 0; i < 2; i++) {
        uint32_t *runs = realloc(section->runs[i], room * sizeof(*runs));

        if (!runs)
            return -ENOMEM;
        memset(runs + section->run_room, 0, (room - section->run_room) * sizeof(*runs));
        section->runs[i] = runs;
    }
    section->run_room = room;
    return 0;
}

/* The entry for a set of rules that match what is known so far; makes the runs it leads to. Modifies `bits`. */
static int resolve_entry(struct section *section, uint64_t *bits, bool source_known, uint32_t *entry)
{
    enum lx_entry_kind kind = depends_on(section, bits, source_known);
    uint32_t undecided, first;
    int table = kind == LX_ENTRY_SOURCE ? 0 : 1, error;

    if (kind == LX_ENTRY_ROW) {
        *entry = row_entry(section, bits);
        return 0;
    }
    error = lx_rule_sets_intern(&section->undecided, bits, &undecided);
    error = error ?: runs_reserve(section);
    if (error)
        return error;
    if (!section->runs[table][undecided]) {
        uint32_t classes = kind == LX_ENTRY_SOURCE ? section->sources.count : section->source_ports.count;

        error = entries_reserve(section, classes, &first);
        error = error ?: write_run(section, undecided, kind, first);
        if (error)
            return error;
        section->runs[table][undecided] = first + 1;
    }
    *entry = lx_entry(kind, section->runs[table][undecided] - 1);
    return 0;
}

/* The first table of entries: every destination port class by every destination host class. */
static int write_entries(struct section *section)
{
    uint32_t ports = section->destination_ports.count, hosts = section->destinations.count, first, entry;
    size_t words = section->undecided.words;
    uint64_t bits[(LX_MAX_ROWS + 63) / 64];
    int error = entries_reserve(section, (uint64_t)ports * hosts, &first);

    for (uint32_t port = 1; !error && port < ports; port++)
        for (uint32_t host = 0; !error && host < hosts; host++) {
            intersect(bits, lx_rule_sets_get(&section->destination_ports, port),
                      lx_rule_sets_get(&section->destinations, host), words);
            error = resolve_entry(section, bits, false, &entry);
            if (!error)
                section->entries.items[port * hosts + host] = entry;
        }
    return error;
}

static int write_port_tables(struct lx_image_writer *writer, struct section *section, struct lx_section *out)
{
    struct lx_port_classes *classes = malloc(sizeof(*classes));
    int error = classes ? 0 : -ENOMEM;

    error = error
                ?: lx_port_classes_build(section->rules, section->count, LX_DESTINATION_PORT,
                                         &section->destination_ports, classes);
    for (int i = 0; !error && i < LX_TRANSPORT_COUNT; i++)
        error = lx_port_table_write(writer, classes->of[i], out->destination_ports.page + i * 256);
    error = error ?: lx_protocol_page_write(writer, classes->protocols, &out->protocols);
    error =
        error ?: lx_port_classes_build(section->rules, section->count, LX_SOURCE_PORT, &section->source_ports, classes);
    for (int i = 0; !error && i < LX_TRANSPORT_COUNT; i++)
        error = lx_port_table_write(writer, classes->of[i], out->source_ports.page + i * 256);
    free(classes);
    return error;
}

/* What of a section follows the pages of its port tables; `out` is filled in. */
static int write_section(struct lx_image_writer *writer, struct section *section, struct lx_section *out)
{
    int error = lx_address_table_write(writer, section->rules, section->count, LX_DESTINATION_ADDRESS,
                                       &section->destinations, &out->destinations);

    error = error
                ?: lx_address_table_write(writer, section->rules, section->count, LX_SOURCE_ADDRESS, &section->sources,
                                          &out->sources);
    out->rows = section->count;
    out->destination_classes = section->destinations.count;
    error = error ?: write_entries(section);
    error = error ?: lx_image_reserve(writer, section->entries.count * sizeof(uint32_t), &out->entries);
    if (!error)
        memcpy(lx_image_bytes(writer, out->entries), section->entries.items, section->entries.count * sizeof(uint32_t));
    return error;
}

/* Both sections; what is filled in belongs into the header. */
static int write_sections(struct lx_image_writer *writer, const struct lx_policy *policy, struct lx_section *inbound,
                          struct lx_section *outbound)
{
    struct section sections[LX_HOOK_COUNT] = {0};
    struct lx_section *out[LX_HOOK_COUNT] = {inbound, outbound};
    int error = 0;

    for (int hook = 0; !error && hook < LX_HOOK_COUNT; hook++)
        error = section_init(&sections[hook], policy, hook);
    for (int hook = 0; !error && hook < LX_HOOK_COUNT; hook++)
        error = write_port_tables(writer, &sections[hook], out[hook]);
    for (int hook = 0; !error && hook < LX_HOOK_COUNT; hook++)
        error = write_section(writer, &sections[hook], out[hook]);
    for (int hook = 0; hook < LX_HOOK_COUNT; hook++)
        section_free(&sections[hook]);
    return error;
}

/* The hooks where nothing is dropped. */
static uint8_t permissive_hooks(const struct lx_policy *policy)
{
    uint8_t hooks = 0;

    if (policy->audit)
        hooks |= 1u << LX_HOOK_TO_ROLE | 1u << LX_HOOK_FROM_ROLE;
    if (policy->egress != LX_EGRESS_ENFORCE) /* where it is off, a from-role program may stand for a moment more */
        hooks |= 1u << LX_HOOK_FROM_ROLE;
    return hooks;
}

/* The site's switches, and what its rows need. */
static uint32_t built_ins_of(const struct lx_policy *policy)
{
    uint32_t built_ins = policy->built_ins;

    for (size_t i = 0; i < policy->rule_count; i++)
        if (lx_row_is_portless(policy->rules[i].row) && lx_row_protocol(policy->rules[i].row) == IPPROTO_IGMP)
            built_ins |= LX_BUILT_IN_ROUTER_ALERT;
    return built_ins;
}

/* The addresses behind the role, and whether there are any. */
static int write_protected(struct lx_image_writer *writer, const struct lx_prefix_set *protected,
                           struct lx_image *header)
{
    header->protects = protected->any || protected->count;
    return lx_address_members_write(writer, protected, &header->protected);
}

static int write_image(struct lx_image_writer *writer, const struct lx_policy *policy)
{
    struct lx_image *header = malloc(sizeof(*header));
    int error;

    if (!header)
        return -ENOMEM;
    *header = (struct lx_image){.magic = LX_MAGIC,
                                .abi_version = LX_ABI_VERSION,
                                .built_ins = built_ins_of(policy),
                                .egress = (uint8_t)policy->egress,
                                .permissive = permissive_hooks(policy)};
    error = write_sections(writer, policy, &header->inbound, &header->outbound);
    error = error ?: lx_scope_write(writer, policy, &header->scope);
    if (!error && policy->protected)
        error = write_protected(writer, policy->protected, header);
    header->size = writer->size;
    if (!error)
        *lx_image_header(writer) = *header;
    free(header);
    return error;
}

/* Gives the image the memory it is judged in: the smallest capacity offered that holds it, and the slack. */
static int finish(struct lx_image_writer *writer, struct lx_compiled *compiled)
{
    uint32_t capacity = LX_IMAGE_MIN_CAPACITY;
    uint8_t *image;

    /* Few sizes, so that an update seldom outgrows the one that its program was loaded with. */
    while (capacity < writer->size)
        capacity *= 4;
    image = calloc(1, capacity + LX_IMAGE_SLACK);
    if (!image)
        return -ENOMEM;
    memcpy(image, writer->bytes, writer->size);
    compiled->image = (struct lx_image *)image;
    compiled->capacity = capacity;
    return 0;
}

int lx_compile(const struct lx_policy *policy, struct lx_compiled *compiled, struct lx_diagnostics *diagnostics)
{
    struct lx_image_writer writer;
    int error;

    if (policy->rule_count > LX_MAX_ROWS) {
        lx_diagnose(diagnostics, LX_ERROR, (struct lx_place){0}, NULL,
                    "the policy has %zu open rows; the limit is %d: close options or workloads that are not needed",
                    policy->rule_count, LX_MAX_ROWS);
        return -E2BIG;
    }
    error = lx_image_writer_init(&writer);
    if (error)
        return error;
    error = write_image(&writer, policy);
    error = error ?: finish(&writer, compiled);
    lx_image_writer_free(&writer);
    if (error == -E2BIG)
        lx_diagnose(diagnostics, LX_ERROR, (struct lx_place){0}, NULL,
                    "the compiled policy would exceed the limit of %u MiB: use fewer address groups that overlap, "
                    "or fewer rows with different source ports",
                    LX_IMAGE_MAX_CAPACITY >> 20);
    return error;
}

void lx_compiled_free(struct lx_compiled *compiled)
{
    free(compiled->image);
    memset(compiled, 0, sizeof(*compiled));
}
