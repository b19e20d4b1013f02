/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of addresses are made into JSON once and then shared by their regions. */
#include "report_diff.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_json.h"
#include "user/core/diff/bypass_diff.h"
#include "user/core/policy/built_ins.h"

/* A set and its JSON; a tree of them (tsearch) finds it again. */
struct shared_set {
    const struct lx_prefix_set *set;
    json_t *json;
};

/* What all regions of a list have in common. */
struct context {
    const struct lx_switch_diff *switches;
    bool allowed;
    void *sets; /* tree of struct shared_set */
};

static int compare_sets(const void *left, const void *right)
{
    const struct shared_set *l = left, *r = right;

    return l->set < r->set ? -1 : l->set > r->set;
}

static void free_shared(void *item)
{
    struct shared_set *shared = item;

    json_decref(shared->json);
    free(shared);
}

/* The addresses of a set; none of NULL. */
static json_t *addresses(struct context *context, const struct lx_prefix_set *set)
{
    struct shared_set *shared, **found;

    if (!set)
        return json_array();
    shared = malloc(sizeof(*shared));
    if (!shared)
        return NULL;
    *shared = (struct shared_set){.set = set};
    found = tsearch(shared, &context->sets, compare_sets);
    if (!found || *found != shared)
        free(shared);
    if (!found)
        return NULL;
    if (!(*found)->json)
        (*found)->json = lx_json_prefixes(set);
    return json_incref((*found)->json);
}

/* "443", "50000-59999", "443,3478" or "any"; null where there are none. */
static json_t *port_ranges(const struct lx_row *row, const struct lx_port_ranges *ports)
{
    char *text = lx_row_is_portless(row) ? NULL : malloc(ports->count * 12 + 1), *end = text;
    json_t *value;

    if (!text)
        return lx_row_is_portless(row) ? json_null() : NULL;
    *end = '\0';
    for (size_t i = 0; i < ports->count; i++) {
        const struct lx_port_range *range = &ports->items[i];

        end += sprintf(end, range->first == range->last ? "%s%u" : "%s%u-%u", i ? "," : "", range->first, range->last);
    }
    value = json_string(lx_port_ranges_any(ports) ? "any" : text);
    free(text);
    return value;
}

/* The verdict on a packet that no row lists. */
static const char *unlisted(enum lx_hook hook, enum lx_egress egress, bool audit)
{
    if (hook == LX_HOOK_FROM_ROLE && egress == LX_EGRESS_OFF)
        return "pass";
    return audit || (hook == LX_HOOK_FROM_ROLE && egress == LX_EGRESS_TRACK) ? "would-drop" : "drop";
}

static json_t *region(struct context *context, const struct lx_region *region)
{
    const struct lx_switch_diff *switches = context->switches;
    const struct lx_row *row = region->row;
    enum lx_hook hook = lx_row_hook(row);
    const char *before = "pass", *after = "pass";

    if (context->allowed)
        before = unlisted(hook, switches->egress_before, switches->audit_before);
    else
        after = unlisted(hook, switches->egress_after, switches->audit_after);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "hook", lx_hook_name(hook), "before", before, "after", after, "row", lx_json_text(row->id), "role",
                     lx_json_text(row->role), "side", lx_side_name(row->side), "transport",
                     lx_transports_name(row, region->transports).text, "from", lx_json_endpoint(&row->from),
                     "source_addresses", addresses(context, region->source.in), "source_except",
                     addresses(context, region->source.except), "source_port", port_ranges(row, &region->source_ports),
                     "to", lx_json_endpoint(&row->to), "destination_addresses",
                     addresses(context, region->destination.in), "destination_except",
                     addresses(context, region->destination.except), "destination_port",
                     port_ranges(row, &region->destination_ports), "application", lx_json_text(row->application),
                     "source", lx_json_text(row->source), "override", lx_json_text(row->override));
}

static json_t *regions(const struct lx_policy_diff *diff, bool allowed)
{
    const struct lx_regions *list = allowed ? &diff->allowed : &diff->dropped;
    struct context context = {.switches = &diff->switches, .allowed = allowed};
    json_t *array = json_array();

    for (size_t i = 0; array && i < list->count; i++)
        if (lx_json_add(array, region(&context, &list->items[i]))) {
            json_decref(array);
            array = NULL;
        }
    tdestroy(context.sets, free_shared);
    return array;
}

static json_t *switched(const char *name, const char *before, const char *after, const char *meaning)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "switch", name, "before", before, "after", after, "meaning", meaning);
}

static const char *egress_meaning(enum lx_egress egress)
{
    switch (egress) {
    case LX_EGRESS_ENFORCE:
        return "what the role sends and no row lists is dropped";
    case LX_EGRESS_TRACK:
        return "what the role sends and no row lists passes, counted as would-drop, and so do its replies";
    default:
        return "nothing looks at what the role sends, and replies to it are not let in";
    }
}

static const char *on_or_off(bool on)
{
    return on ? "on" : "off";
}

static int add_built_ins(json_t *array, const struct lx_switch_diff *diff)
{
    int error = 0;

    for (size_t i = 0; !error && i < LX_BUILT_INS; i++) {
        bool on = diff->built_ins_on & lx_built_ins[i].bit, off = diff->built_ins_off & lx_built_ins[i].bit;

        if (on || off)
            error = lx_json_add(array,
                                switched(lx_built_ins[i].name, on_or_off(off), on_or_off(on), lx_built_ins[i].lets_in));
    }
    return error;
}

static bool has_vlan(const uint8_t bitmap[512], unsigned id)
{
    return bitmap[id / 8] >> id % 8 & 1;
}

/* The VLAN ids of a bitmap as ranges, "0,10-12"; null for none. */
static json_t *vlans(const uint8_t bitmap[512])
{
    char text[4096 * 3], *end = text;
    unsigned last;

    *end = '\0';
    for (unsigned id = 0; id < 4096; id = last + 1) {
        last = id;
        if (!has_vlan(bitmap, id))
            continue;
        while (last < 4095 && has_vlan(bitmap, last + 1))
            last++;
        end += sprintf(end, id == last ? "%s%u" : "%s%u-%u", end == text ? "" : ",", id, last);
    }
    return lx_json_text(text);
}

static json_t *switches(const struct lx_switch_diff *diff)
{
    json_t *array = json_array();
    int error = add_built_ins(array, diff);

    if (!error && diff->audit_before != diff->audit_after)
        error = lx_json_add(array, switched("audit", on_or_off(diff->audit_before), on_or_off(diff->audit_after),
                                            diff->audit_after ? "what would be dropped passes, and is counted"
                                                              : "what was only counted is dropped"));
    if (!error && diff->egress_before != diff->egress_after)
        error = lx_json_add(array, switched("egress", lx_egress_name(diff->egress_before),
                                            lx_egress_name(diff->egress_after), egress_meaning(diff->egress_after)));
    if (error) {
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *set_or_none(const struct lx_prefix_set *set)
{
    return set ? lx_json_prefixes(set) : json_array();
}

/* The VLAN ids of one bitmap that are not in another. */
static json_t *vlans_without(const uint8_t bitmap[512], const uint8_t without[512])
{
    uint8_t rest[512];

    for (size_t i = 0; i < sizeof(rest); i++)
        rest[i] = bitmap[i] & (uint8_t)~without[i];
    return vlans(rest);
}

/* "192.0.2.50", and where it is bound "192.0.2.50 (52:54:00:12:34:56)". */
static json_t *bypassed_text(const struct lx_bypassed *bypassed)
{
    char text[LX_PREFIX_TEXT + 2 + LX_NEIGHBOUR_CARDS * (LX_CARD_TEXT + 1)], card[LX_CARD_TEXT];

    lx_prefix_format(&bypassed->prefix, text);
    for (size_t i = 0; i < bypassed->bound.count; i++)
        sprintf(text + strlen(text), "%s%s%s", i ? " " : " (", lx_card_format(bypassed->bound.cards[i], card),
                i + 1 < bypassed->bound.count ? "" : ")");
    return json_string(text);
}

static json_t *bypassed_without(const struct lx_bypass *bypass, const struct lx_bypass *without)
{
    const struct lx_bypassed *next;
    json_t *array = json_array();
    size_t at = 0;

    while (array && (next = lx_bypass_next_own(bypass, without, &at)))
        if (lx_json_add(array, bypassed_text(next))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *bypass(const struct lx_bypass *before, const struct lx_bypass *after)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "added", bypassed_without(after, before), "removed",
                     bypassed_without(before, after), "vlans_added", vlans_without(after->vlans, before->vlans),
                     "vlans_removed", vlans_without(before->vlans, after->vlans));
}

json_t *lx_report_diff(const struct lx_policy_diff *diff)
{
    const struct lx_switch_diff *other = &diff->switches;

    return json_pack("{s:b, s:o, s:o, s:o, s:{s:o, s:o}, s:{s:o, s:o}, s:o}", "same", lx_policy_diff_none(diff),
                     "allowed", regions(diff, true), "dropped", regions(diff, false), "switches", switches(other),
                     "vlans", "allowed", vlans(other->vlans_on), "dropped", vlans(other->vlans_off), "protected",
                     "added", set_or_none(other->protected_on), "removed", set_or_none(other->protected_off), "bypass",
                     bypass(other->bypass_before, other->bypass_after));
}
