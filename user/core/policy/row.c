/* SPDX-License-Identifier: GPL-2.0-only */
/* What a row owns, and its parts as the text that `show` prints and policy text reads. */
#include "row.h"

#include <stdlib.h>
#include <string.h>

enum lx_hook lx_row_hook(const struct lx_row *row)
{
    return row->to.kind == LX_ENDPOINT_SELF ? LX_HOOK_TO_ROLE : LX_HOOK_FROM_ROLE;
}

bool lx_row_is_portless(const struct lx_row *row)
{
    return row->transports == LX_TRANSPORT_BIT(LX_PORTLESS);
}

uint8_t lx_row_protocol(const struct lx_row *row)
{
    return (uint8_t)row->destination_ports.ranges[0].first;
}

struct lx_protocol_text lx_transports_name(const struct lx_row *row, unsigned transports)
{
    bool tcp = transports & LX_TRANSPORT_BIT(LX_TCP), udp = transports & LX_TRANSPORT_BIT(LX_UDP);

    if (lx_row_is_portless(row))
        return lx_protocol_name(lx_row_protocol(row));
    if (tcp && udp)
        return (struct lx_protocol_text){"tcp/udp"};
    if (tcp)
        return (struct lx_protocol_text){"tcp"};
    if (udp)
        return (struct lx_protocol_text){"udp"};
    return (struct lx_protocol_text){""}; /* printed without one */
}

static char *format_prefixes(const struct lx_prefix *prefixes, size_t count)
{
    char *text = malloc(count * LX_PREFIX_TEXT + 1), *end = text;

    if (!text)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (i)
            *end++ = ',';
        end += strlen(lx_prefix_format(&prefixes[i], end));
    }
    *end = '\0';
    return text;
}

char *lx_endpoint_format(const struct lx_endpoint *endpoint)
{
    switch (endpoint->kind) {
    case LX_ENDPOINT_ANY:
        return strdup("any");
    case LX_ENDPOINT_SELF:
        return strdup("self");
    case LX_ENDPOINT_GROUP:
        return strdup(endpoint->group);
    case LX_ENDPOINT_ADDRESSES:
        break;
    }
    return format_prefixes(endpoint->prefixes, endpoint->prefix_count);
}

void lx_endpoint_free(struct lx_endpoint *endpoint)
{
    free(endpoint->group);
    free(endpoint->prefixes);
}

void lx_row_free(struct lx_row *row)
{
    free(row->id);
    free(row->role);
    lx_endpoint_free(&row->from);
    lx_endpoint_free(&row->to);
    free(row->application);
    free(row->direction);
    free(row->source);
    free(row->citation);
    free(row->needs);
    lx_words_free(&row->repeats);
    free(row->note);
    free(row->missed);
    free(row->override);
    lx_words_free(&row->options);
    lx_words_free(&row->workloads);
    *row = (struct lx_row){0};
}
