/* SPDX-License-Identifier: GPL-2.0-only */
/* One clause for every difference, the lightest first; what is in parentheses is what to write. */
#include "near_miss_text.h"

#include <stdio.h>
#include <stdlib.h>

/* So many addresses of a set are listed; of more, their number. */
#define LISTED_ADDRESSES 4

/* What every clause may speak of. */
struct inputs {
    const struct lx_row *row;
    const struct lx_near_miss *miss;
    const struct lx_probe *probe;
    const struct lx_request *request;
    const struct lx_site *site; /* may be NULL */
};

/* What goes between the items of "a, b and c" before item `i`. */
static const char *between(size_t i, size_t count, const char *last)
{
    return !i ? "" : i + 1 == count ? last : ", ";
}

static void put_words(FILE *text, const char *noun, const struct lx_words *words)
{
    fprintf(text, "%s%s ", noun, words->count == 1 ? "" : "s");
    for (size_t i = 0; i < words->count; i++)
        fprintf(text, "%s%s", between(i, words->count, " and "), words->items[i]);
}

/* Options are alternatives: opening one of them is enough. The command line and the site may both have closed it. */
static void put_options(FILE *text, const struct inputs *inputs)
{
    const struct lx_words *options = &inputs->row->options;

    put_words(text, "its option", options);
    fputs(options->count == 1 ? " is closed (" : " are closed (", text);
    for (size_t i = 0; i < options->count; i++) {
        const char *option = options->items[i];
        bool asked = lx_words_contain(&inputs->request->without, option);
        bool in_site = inputs->site && lx_words_contain(&inputs->site->closed_options, option);

        fputs(between(i, options->count, " or "), text);
        if (asked)
            fprintf(text, "leave out --without %s", option);
        else if (!in_site)
            fprintf(text, "add --open %s", option);
        if (in_site)
            fprintf(text, "%stake '%s: off' out of the site file", asked ? " and " : "", option);
    }
    putc(')', text);
}

static void put_workloads(FILE *text, const struct lx_words *workloads)
{
    put_words(text, "it belongs to the workload", workloads);
    fputs(" (add ", text);
    for (size_t i = 0; i < workloads->count; i++)
        fprintf(text, "%s--workload %s", between(i, workloads->count, " or "), workloads->items[i]);
    putc(')', text);
}

static void put_closed(FILE *text, const struct inputs *inputs)
{
    const struct lx_row *row = inputs->row;

    switch (inputs->miss->near_row->closed) {
    case LX_CLOSED_LB:
        fprintf(text, "it is for %s load balancing (write --lb %s)", lx_lb_name(row->lb), lx_lb_name(row->lb));
        break;
    case LX_CLOSED_NEEDS:
        fprintf(text, "it is there only where the group %s is set (add --set %s=ADDR[,ADDR…])", row->needs, row->needs);
        break;
    case LX_CLOSED_OVERRIDE:
        fprintf(text, "the site closes it (take 'closed: true' out at %s)", row->override);
        break;
    case LX_CLOSED_WORKLOAD:
        put_workloads(text, &row->workloads);
        break;
    default:
        put_options(text, inputs);
        break;
    }
}

static const struct lx_endpoint *partner_end(const struct lx_row *row)
{
    return row->to.kind == LX_ENDPOINT_SELF ? &row->from : &row->to;
}

static void put_group(FILE *text, const struct inputs *inputs)
{
    const char *group = partner_end(inputs->row)->group;

    fprintf(text, "its group %s has no addresses (add --set %s=ADDR[,ADDR…])", group, group);
}

static void put_side(FILE *text, const struct inputs *inputs)
{
    const char *side = lx_side_name(inputs->miss->near_row->side);

    fprintf(text, "that is on the %s side (write --side %s)", side, side);
}

static void put_hook(FILE *text, const struct inputs *inputs)
{
    bool inbound = lx_row_hook(inputs->row) == LX_HOOK_TO_ROLE;

    if (inputs->miss->reply)
        fprintf(text, "only as a reply to what %s seen to begin", inbound ? "others were" : "the role was");
    else
        fprintf(text, "it is about what the role %s", inbound ? "receives" : "sends");
}

static void put_transport(FILE *text, const struct inputs *inputs)
{
    fprintf(text, "it is for %s", lx_transports_name(inputs->row, inputs->row->transports).text);
}

/* "pool (192.0.2.1, 192.0.2.2 and 7 more)" */
static void put_set(FILE *text, const struct lx_prefix_set *set)
{
    size_t listed = set->count > LISTED_ADDRESSES ? LISTED_ADDRESSES : set->count;
    char prefix[LX_PREFIX_TEXT];

    if (set->name)
        fprintf(text, "%s (", set->name);
    for (size_t i = 0; i < listed; i++)
        fprintf(text, "%s%s", i ? ", " : "", lx_prefix_format(&set->items[i], prefix));
    if (set->count > listed)
        fprintf(text, " and %zu more", set->count - listed);
    if (set->name)
        putc(')', text);
}

/* Either end or both. */
static void put_addresses(FILE *text, const struct inputs *inputs)
{
    const struct lx_near_row *near_row = inputs->miss->near_row;
    bool inbound = lx_row_hook(inputs->row) == LX_HOOK_TO_ROLE;

    fputs("it is about packets", text);
    if (inputs->miss->differences & LX_DIFFERENT_PARTNER) {
        fputs(inbound ? " from " : " to ", text);
        put_set(text, near_row->partner);
    }
    if (inputs->miss->differences & LX_DIFFERENT_SELF) {
        fputs(inbound ? " to " : " from ", text);
        put_set(text, near_row->self);
    }
}

static void put_source_port(FILE *text, const struct inputs *inputs)
{
    char ports[LX_PORTS_TEXT];

    fprintf(text, "its source port is %s", lx_ports_format(&inputs->row->source_ports, ports));
}

static void put_differences(FILE *text, const struct inputs *inputs)
{
    static const struct {
        unsigned difference;
        void (*put)(FILE *text, const struct inputs *inputs);
    } clauses[] = {
        {LX_DIFFERENT_CLOSED, put_closed},
        {LX_DIFFERENT_GROUP, put_group},
        {LX_DIFFERENT_SIDE, put_side},
        {LX_DIFFERENT_HOOK, put_hook},
        {LX_DIFFERENT_TRANSPORT, put_transport},
        {LX_DIFFERENT_SELF | LX_DIFFERENT_PARTNER, put_addresses},
        {LX_DIFFERENT_SOURCE_PORT, put_source_port},
    };
    const char *joint = "would allow it, but ";

    for (size_t i = 0; i < sizeof(clauses) / sizeof(*clauses); i++) {
        if (!(inputs->miss->differences & clauses[i].difference))
            continue;
        fputs(joint, text);
        clauses[i].put(text, inputs);
        joint = ", and ";
    }
}

static void put_no_port(FILE *text, const struct inputs *inputs)
{
    const struct lx_words *roles = &inputs->request->roles;

    fputs("no row of ", text);
    for (size_t i = 0; i < roles->count; i++)
        fprintf(text, "%s%s", between(i, roles->count, " or "), roles->items[i]);
    if (inputs->probe->transport == LX_PORTLESS)
        fprintf(text, " is about %s", lx_protocol_name((uint8_t)inputs->probe->destination_port).text);
    else
        fprintf(text, " has the port %u", inputs->probe->destination_port);
}

char *lx_near_miss_text(const struct lx_near_miss *miss, const struct lx_probe *probe, const struct lx_request *request,
                        const struct lx_site *site)
{
    struct inputs inputs = {.miss = miss, .probe = probe, .request = request, .site = site};
    char *written = NULL;
    size_t size;
    FILE *text = open_memstream(&written, &size);
    bool sound;

    if (!text)
        return NULL;
    if (miss->near_row) {
        inputs.row = miss->near_row->row;
        put_differences(text, &inputs);
    } else {
        put_no_port(text, &inputs);
    }
    sound = !ferror(text);
    if (!fclose(text) && sound)
        return written;
    free(written);
    return NULL;
}
