/* SPDX-License-Identifier: GPL-2.0-only */
/* Field by field, as packets are judged: a field that is wider in one row passes more, a condition closes more. */
#include "row_cover.h"

#include <string.h>

static bool prefix_covered(const struct lx_endpoint *wide, const struct lx_prefix *prefix)
{
    for (size_t i = 0; i < wide->prefix_count; i++)
        if (wide->prefixes[i].length <= prefix->length && lx_prefix_contains(&wide->prefixes[i], &prefix->address))
            return true;
    return false;
}

static bool prefixes_cover(const struct lx_endpoint *wide, const struct lx_endpoint *narrow)
{
    for (size_t i = 0; i < narrow->prefix_count; i++)
        if (!prefix_covered(wide, &narrow->prefixes[i]))
            return false;
    return true;
}

bool lx_endpoint_covers(const struct lx_endpoint *wide, const struct lx_endpoint *narrow)
{
    if (wide->kind == LX_ENDPOINT_ANY)
        return narrow->kind != LX_ENDPOINT_SELF;
    if (wide->kind != narrow->kind)
        return false;
    switch (wide->kind) {
    case LX_ENDPOINT_GROUP:
        return !strcmp(wide->group, narrow->group);
    case LX_ENDPOINT_SELF: /* a site's row may redefine it, to what no other row's self need be */
        return !wide->prefix_count == !narrow->prefix_count && prefixes_cover(wide, narrow);
    case LX_ENDPOINT_ADDRESSES:
        return prefixes_cover(wide, narrow);
    case LX_ENDPOINT_ANY:
        break;
    }
    return true;
}

/* Words are alternatives: what opens the narrow row must open the wide one. */
static bool words_cover(const struct lx_words *wide, const struct lx_words *narrow)
{
    if (!wide->count)
        return true;
    for (size_t i = 0; i < narrow->count; i++)
        if (!lx_words_contain(wide, narrow->items[i]))
            return false;
    return narrow->count > 0;
}

static bool same_text(const char *left, const char *right)
{
    return left && right ? !strcmp(left, right) : left == right;
}

bool lx_row_covers(const struct lx_row *wide, const struct lx_row *narrow)
{
    return !wide->unresolved && !narrow->unresolved && (wide->side == LX_SIDE_NONE || wide->side == narrow->side) &&
           (wide->lb == LX_LB_ANY || wide->lb == narrow->lb) &&
           (!wide->needs || same_text(wide->needs, narrow->needs)) &&
           (wide->transports & narrow->transports) == narrow->transports &&
           lx_ports_cover(&wide->source_ports, &narrow->source_ports) &&
           lx_ports_cover(&wide->destination_ports, &narrow->destination_ports) &&
           lx_endpoint_covers(&wide->from, &narrow->from) && lx_endpoint_covers(&wide->to, &narrow->to) &&
           words_cover(&wide->options, &narrow->options) && words_cover(&wide->workloads, &narrow->workloads);
}

static bool same_words(const struct lx_words *left, const struct lx_words *right)
{
    if (left->count != right->count)
        return false;
    for (size_t i = 0; i < left->count; i++)
        if (strcmp(left->items[i], right->items[i]) != 0)
            return false;
    return true;
}

static bool same_endpoint(const struct lx_endpoint *left, const struct lx_endpoint *right)
{
    return lx_endpoint_covers(left, right) && lx_endpoint_covers(right, left);
}

static bool same_ports(const struct lx_ports *left, const struct lx_ports *right)
{
    return left->count == right->count && !memcmp(left->ranges, right->ranges, left->count * sizeof(*left->ranges));
}

bool lx_rows_alike(const struct lx_row *left, const struct lx_row *right)
{
    return left->unresolved == right->unresolved && left->side == right->side && left->lb == right->lb &&
           left->transports == right->transports && same_text(left->role, right->role) &&
           same_text(left->needs, right->needs) && same_text(left->application, right->application) &&
           same_text(left->direction, right->direction) && same_text(left->note, right->note) &&
           same_ports(&left->source_ports, &right->source_ports) && same_endpoint(&left->from, &right->from) &&
           same_endpoint(&left->to, &right->to) && same_words(&left->options, &right->options) &&
           same_words(&left->workloads, &right->workloads);
}
