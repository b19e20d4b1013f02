/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the slots that have the names of a policy's rows, and hands out free ones for the rest. */
#include "row_slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lx_field_copy(char *field, size_t room, const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (length >= room) {
        length = room - 1;
        while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(field, text ? text : "", length);
    memset(field + length, 0, room - length);
}

/* The same, but of a longer text the end stays, which says most of a file and its line. */
static void copy_end(char *field, size_t room, const char *text)
{
    char cut[sizeof(((struct lx_row_label *)0)->override)];
    size_t length = text ? strlen(text) : 0;

    if (length >= room) {
        text += length - (room - sizeof("..."));
        while (((unsigned char)*text & 0xc0) == 0x80)
            text++;
        snprintf(cut, sizeof(cut), "...%s", text);
        text = cut;
    }
    lx_field_copy(field, room, text);
}

_Static_assert(LX_LABEL_PORTS >= LX_PORT_RANGES, "a label holds the ports of any row");

static __u8 label_ports(const struct lx_ports *ports, struct lx_label_range ranges[LX_LABEL_PORTS])
{
    for (size_t i = 0; i < ports->count; i++)
        ranges[i] = (struct lx_label_range){ports->ranges[i].first, ports->ranges[i].last};
    return (__u8)ports->count;
}

void lx_row_label(const struct lx_row *row, struct lx_row_label *label)
{
    *label = (struct lx_row_label){0};
    lx_field_copy(label->id, sizeof(label->id), row->id);
    lx_field_copy(label->source, sizeof(label->source), row->source);
    copy_end(label->override, sizeof(label->override), row->override);
    label->hook = (__u8)lx_row_hook(row);
    label->transports = (__u8)row->transports;
    label->port_count = label_ports(&row->destination_ports, label->ports);
    label->source_port_count = label_ports(&row->source_ports, label->source_ports);
}

/* An assignment on its way. */
struct assigning {
    const struct lx_row_label *labels;
    const struct lx_row_label **named; /* owned: the labels that have a name, sorted by it */
    size_t named_count;
    uint16_t *slots; /* owned: of each rule, LX_NO_ROW until it has one */
    struct lx_slot_set taken, reclaimed;
};

static int compare_labels(const void *left, const void *right)
{
    return strncmp((*(const struct lx_row_label *const *)left)->id, (*(const struct lx_row_label *const *)right)->id,
                   sizeof((*(const struct lx_row_label *const *)left)->id));
}

static int prepare(const struct lx_row_label *labels, size_t rules, struct assigning *assigning)
{
    assigning->labels = labels;
    assigning->named = calloc(LX_ROW_SLOTS, sizeof(*assigning->named));
    assigning->slots = malloc((rules + 1) * sizeof(*assigning->slots));
    if (!assigning->named || !assigning->slots)
        return -ENOMEM;
    memset(assigning->slots, 0xff, rules * sizeof(*assigning->slots));
    for (size_t slot = 0; slot < LX_ROW_SLOTS; slot++)
        if (labels[slot].id[0])
            assigning->named[assigning->named_count++] = &labels[slot];
    qsort(assigning->named, assigning->named_count, sizeof(*assigning->named), compare_labels);
    return 0;
}

/* Rows that were counted before go on where they were. */
static void keep(const struct lx_policy *policy, struct assigning *assigning)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct lx_row_label *key, *const *found;
        struct lx_row_label label;
        uint32_t slot;

        lx_row_label(policy->rules[i].row, &label);
        key = &label;
        found = bsearch(&key, assigning->named, assigning->named_count, sizeof(*found), compare_labels);
        if (!found)
            continue;
        slot = (uint32_t)(*found - assigning->labels);
        if (lx_slot_set_has(&assigning->taken, slot))
            continue;
        lx_slot_set_add(&assigning->taken, slot);
        assigning->slots[i] = (uint16_t)slot;
    }
}

/* The next free slot from `*next` on, of those that have had a name or of those that have not. */
static bool find_free(const struct assigning *assigning, const struct lx_slot_set *live, bool named, uint32_t *next)
{
    for (; *next < LX_ROW_SLOTS; ++*next)
        if (!lx_slot_set_has(live, *next) && !lx_slot_set_has(&assigning->taken, *next) &&
            !assigning->labels[*next].id[0] == !named)
            return true;
    return false;
}

static int hand_out(const struct lx_policy *policy, const struct lx_slot_set *live, struct assigning *assigning)
{
    bool named = false;
    uint32_t next = 0;

    for (size_t i = 0; i < policy->rule_count; i++) {
        if (assigning->slots[i] != LX_NO_ROW)
            continue;
        if (!named && !find_free(assigning, live, false, &next)) {
            named = true;
            next = 0;
        }
        if (named && !find_free(assigning, live, true, &next))
            return -ENOSPC;
        if (named)
            lx_slot_set_add(&assigning->reclaimed, next);
        lx_slot_set_add(&assigning->taken, next);
        assigning->slots[i] = (uint16_t)next;
    }
    return 0;
}

int lx_row_slots_assign(const struct lx_row_label *labels, const struct lx_slot_set *live, struct lx_policy *policy,
                        struct lx_slot_set *reclaimed)
{
    struct assigning assigning = {0};
    int error = prepare(labels, policy->rule_count, &assigning);

    if (!error) {
        keep(policy, &assigning);
        error = hand_out(policy, live, &assigning);
    }
    if (!error) {
        for (size_t i = 0; i < policy->rule_count; i++)
            policy->rules[i].slot = assigning.slots[i];
        for (size_t i = 0; i < sizeof(reclaimed->words) / sizeof(reclaimed->words[0]); i++)
            reclaimed->words[i] |= assigning.reclaimed.words[i];
    }
    free(assigning.named);
    free(assigning.slots);
    return error;
}
