/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of `bypass:` in a site file. */
#include "bypass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"

bool lx_card_parse(const char *text, uint8_t card[6])
{
    static const char *const digits = "0123456789abcdefABCDEF";

    uint8_t read[6], any = 0;

    if (strlen(text) != LX_CARD_TEXT - 1)
        return false;
    for (size_t i = 0; i < 6; i++, text += 3) {
        if (strspn(text, digits) < 2 || (i < 5 && text[2] != ':' && text[2] != '-'))
            return false;
        read[i] = (uint8_t)strtoul((char[]){text[0], text[1], '\0'}, NULL, 16);
        any |= read[i];
    }
    if (read[0] & 1 || !any)
        return false;
    memcpy(card, read, sizeof(read));
    return true;
}

char *lx_card_format(const uint8_t card[6], char text[LX_CARD_TEXT])
{
    snprintf(text, LX_CARD_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", card[0], card[1], card[2], card[3], card[4], card[5]);
    return text;
}

static bool read_card(struct lx_reader *reader, const struct lx_node *node, uint8_t card[6])
{
    const char *text = lx_read_text(reader, node, "a MAC address like 52:54:00:12:34:56");

    if (!text)
        return false;
    if (lx_card_parse(text, card))
        return true;
    lx_mistake(reader, node, "'%s' is not the MAC address of a card; write one like 52:54:00:12:34:56",
               lx_show(text).text);
    return false;
}

static int compare_cards(const void *left, const void *right)
{
    return memcmp(left, right, 6);
}

static bool read_cards(struct lx_reader *reader, const struct lx_node *node, struct lx_bound *bound)
{
    bool sound = lx_expect_items(reader, node, "a MAC address, or a list of them");

    for (const struct lx_node *item = sound ? lx_first_item(node) : NULL; item; item = lx_next_item(node, item)) {
        if (bound->count == LX_NEIGHBOUR_CARDS) {
            lx_mistake(reader, item, "more than %d MAC addresses for one neighbour; leave out mac: to take any",
                       LX_NEIGHBOUR_CARDS);
            return false;
        }
        if (read_card(reader, item, bound->cards[bound->count]))
            bound->count++;
        else
            sound = false;
    }
    qsort(bound->cards, bound->count, sizeof(*bound->cards), compare_cards);
    return sound;
}

/* The address or group of an entry. */
static bool read_whom(struct lx_reader *reader, const struct lx_node *node, struct lx_bypass_entry *entry)
{
    const char *text = lx_read_text(reader, node, "an address, a prefix, or the name of a group");

    if (!text)
        return false;
    if (!lx_is_name(text) || !text[strspn(text, "0123456789")])
        return lx_read_prefix(reader, node, lx_unusable_neighbour, &entry->prefix);
    if (!strcmp(text, "self") || !strcmp(text, "any")) {
        lx_mistake(reader, node, "'%s' cannot be bypassed; list the neighbours behind the same pair", text);
        return false;
    }
    entry->group = lx_reader_copy(reader, text);
    return entry->group;
}

/* An address, or {address: ADDRESS, mac: MAC}. */
static bool read_entry(struct lx_reader *reader, const struct lx_node *node, struct lx_bypass_entry *entry)
{
    enum { ADDRESS, MAC, FIELDS };
    static const struct lx_field fields[FIELDS] = {
        [ADDRESS] = {"address", "an address, a prefix, or the name of a group"},
        [MAC] = {"mac", NULL},
    };
    const struct lx_node *values[FIELDS] = {NULL};

    if (node->kind != LX_NODE_MAPPING)
        return read_whom(reader, node, entry);
    lx_read_mapping(reader, node, "a neighbour", fields, FIELDS, values);
    return values[ADDRESS] && read_whom(reader, values[ADDRESS], entry) &&
           (!values[MAC] || read_cards(reader, values[MAC], &entry->bound));
}

static void read_addresses(struct lx_reader *reader, const struct lx_node *node, const char *file,
                           struct lx_site_bypass *bypass)
{
    if (!lx_expect(reader, node, LX_NODE_LIST, "the neighbours, like [192.0.2.50, web]"))
        return;
    bypass->entries = lx_reader_room(reader, node->value, sizeof(*bypass->entries));
    if (!bypass->entries)
        return;
    for (const struct lx_node *item = lx_node_first(node); item; item = lx_node_next(item)) {
        struct lx_bypass_entry *entry = &bypass->entries[bypass->count];

        if (read_entry(reader, item, entry)) {
            entry->place = lx_node_place(item, file);
            bypass->count++;
        } else {
            free(entry->group);
            *entry = (struct lx_bypass_entry){0};
        }
    }
}

static void read_vlans(struct lx_reader *reader, const struct lx_node *node, const uint8_t *judged,
                       struct lx_site_bypass *bypass)
{
    unsigned vlan;

    if (!lx_expect(reader, node, LX_NODE_LIST, "the VLAN ids that pass unjudged, like [10, 20]"))
        return;
    for (const struct lx_node *item = lx_node_first(node); item; item = lx_node_next(item)) {
        if (!lx_read_number(reader, item, "VLAN id", 1, 4094, &vlan))
            continue;
        if (judged && judged[vlan >> 3] >> (vlan & 7) & 1)
            lx_mistake(reader, item, "VLAN %u is let in to be judged by vlans:, and cannot be bypassed as well", vlan);
        bypass->has_vlans = true;
        bypass->vlans[vlan >> 3] |= (uint8_t)(1u << (vlan & 7));
    }
}

void lx_read_bypass(struct lx_reader *reader, const struct lx_node *node, const char *file, const uint8_t *judged,
                    struct lx_site_bypass *bypass)
{
    enum { ADDRESSES, VLANS, FIELDS };
    static const struct lx_field fields[FIELDS] = {[ADDRESSES] = {"addresses", NULL}, [VLANS] = {"vlans", NULL}};
    const struct lx_node *values[FIELDS] = {NULL};

    bypass->place = lx_node_place(node, file);
    lx_read_mapping(reader, node, "what is bypassed", fields, FIELDS, values);
    if (values[ADDRESSES])
        read_addresses(reader, values[ADDRESSES], file, bypass);
    if (values[VLANS])
        read_vlans(reader, values[VLANS], judged, bypass);
}

void lx_site_bypass_free(struct lx_site_bypass *bypass)
{
    for (size_t i = 0; i < bypass->count; i++)
        free(bypass->entries[i].group);
    free(bypass->entries);
    *bypass = (struct lx_site_bypass){0};
}
