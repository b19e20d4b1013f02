/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints metrics family by family, since the format wants all samples of one together. A family is a name and a
 * function that prints its samples for one hook; what kind of series there are never depends on traffic, except where a
 * series for every port that there is would be too many.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report_status.h"
#include "user/core/explain/probe.h"
#include "user/core/resolve/group_dates.h"
#include "user/core/text/foreign.h"

/* Where the samples of one hook go. */
struct sampler {
    FILE *stream;
    const char *name; /* of the family */
    const struct lx_observed *observed;
    enum lx_hook hook;
    const struct lx_observed_hook *seen; /* its hook */
};

struct family {
    const char *name, *type, *help;
    void (*print)(const struct sampler *sampler);
};

/* A label's value, escaped: a pin holds whatever root has written there. */
static void put_value(const char *text, size_t room, FILE *stream)
{
    size_t left = strnlen(text, room);

    while (left) {
        const struct lx_foreign_piece piece = lx_foreign_next(&text, &left, "\n");

        if (piece.text[0] == '\n') {
            fputs("\\n", stream);
            continue;
        }
        if (piece.text[0] == '\\' || piece.text[0] == '"')
            putc('\\', stream);
        fputs(piece.text, stream);
    }
}

/* Begins a sample: the name, and the labels that all have. More labels may follow, then its value. */
static void begin(const struct sampler *sampler)
{
    const struct lx_metadata *metadata = &sampler->observed->metadata;

    fprintf(sampler->stream, "%s{interface=\"", sampler->name);
    put_value(metadata->interface, sizeof(metadata->interface), sampler->stream);
    fprintf(sampler->stream, "\",hook=\"%s\"", lx_hook_name(sampler->hook));
    if (metadata->vlan)
        fprintf(sampler->stream, ",vlan=\"%u\"", metadata->vlan);
    /* Only interfaces of one's own namespace can be distinguished by their names. */
    if (sampler->observed->elsewhere)
        fprintf(sampler->stream, ",netns=\"%" PRIu64 "\"", (uint64_t)metadata->netns);
}

static void put_label(const struct sampler *sampler, const char *name, const char *value, size_t room)
{
    fprintf(sampler->stream, ",%s=\"", name);
    put_value(value, room, sampler->stream);
    putc('"', sampler->stream);
}

static void end(const struct sampler *sampler, uint64_t value)
{
    fprintf(sampler->stream, "} %" PRIu64 "\n", value);
}

static void print_running(const struct sampler *sampler)
{
    if (sampler->seen->found == LX_FOUND_UNKNOWN)
        return;
    begin(sampler);
    end(sampler, sampler->seen->found == LX_FOUND_RUNNING);
}

static void print_generation(const struct sampler *sampler)
{
    begin(sampler);
    end(sampler, sampler->observed->publication.generation);
}

static void print_info(const struct sampler *sampler)
{
    const struct lx_publication *publication = &sampler->observed->publication;
    const struct lx_metadata *metadata = &sampler->observed->metadata;
    const char *mode = lx_hook_mode(metadata, sampler->hook), *egress = lx_egress_name(publication->egress);

    begin(sampler);
    put_label(sampler, "role", publication->roles, sizeof(publication->roles));
    put_label(sampler, "edition", publication->edition, sizeof(publication->edition));
    put_label(sampler, "side", publication->side, sizeof(publication->side));
    put_label(sampler, "mode", mode, strlen(mode));
    put_label(sampler, "egress", egress, strlen(egress));
    fprintf(sampler->stream, ",dispatcher=\"%s\",digest=\"%016" PRIx64 "\"",
            lx_hook_dispatched(metadata, sampler->hook) ? "true" : "false", (uint64_t)publication->digest);
    end(sampler, 1);
}

static void print_audit(const struct sampler *sampler)
{
    begin(sampler);
    end(sampler, sampler->observed->publication.audit);
}

static void print_origin(const struct sampler *sampler, enum lx_origin origin)
{
    begin(sampler);
    end(sampler, lx_published_origin(&sampler->observed->publication) == origin);
}

static void print_last_good(const struct sampler *sampler)
{
    print_origin(sampler, LX_ORIGIN_LAST_GOOD);
}

static void print_closed(const struct sampler *sampler)
{
    print_origin(sampler, LX_ORIGIN_CLOSED);
}

/* Whole seconds, rounded up. */
static void print_trial(const struct sampler *sampler)
{
    begin(sampler);
    end(sampler, lx_observed_trial_seconds(sampler->observed));
}

static void print_fallback(const struct sampler *sampler)
{
    begin(sampler);
    end(sampler, lx_observed_on_fallback(sampler->observed));
}

static void print_shadow(const struct sampler *sampler)
{
    begin(sampler);
    end(sampler, lx_observed_has_shadow(sampler->observed));
}

/* Of the policy, which both hooks have: once is enough. */
static void print_group_ages(const struct sampler *sampler)
{
    const struct lx_group_date *groups = sampler->observed->publication.groups;

    for (size_t i = 0; sampler->hook == LX_HOOK_TO_ROLE && i < LX_GROUP_DATES && groups[i].date; i++) {
        begin(sampler);
        put_label(sampler, "group", groups[i].group, sizeof(groups[i].group));
        end(sampler, lx_list_age(groups[i].date, sampler->observed->seen_at));
    }
}

/* Flows belong to the hook that records them. */
static bool has_flows(const struct sampler *sampler)
{
    return sampler->hook == LX_HOOK_FROM_ROLE && sampler->observed->flows_known;
}

static void print_flows(const struct sampler *sampler)
{
    if (!has_flows(sampler))
        return;
    begin(sampler);
    end(sampler, sampler->observed->flows.live);
}

static void print_flow_capacity(const struct sampler *sampler)
{
    if (!has_flows(sampler))
        return;
    begin(sampler);
    end(sampler, sampler->observed->metadata.flow_capacity);
}

static void print_flows_created(const struct sampler *sampler)
{
    if (sampler->hook != LX_HOOK_FROM_ROLE)
        return;
    begin(sampler);
    end(sampler, sampler->seen->counters->flows_created);
}

/* Whether anything may be counted as `would-drop` here: then series of it are there from the beginning. */
static bool would_drop(const struct sampler *sampler)
{
    const struct lx_publication *publication = &sampler->observed->publication;

    return publication->audit || (sampler->hook == LX_HOOK_FROM_ROLE && publication->egress == LX_EGRESS_TRACK);
}

static void print_reason(const struct sampler *sampler, uint32_t reason, const char *verdict, uint64_t value)
{
    begin(sampler);
    fprintf(sampler->stream, ",reason=\"%s\",verdict=\"%s\"", lx_reason_name(reason), verdict);
    end(sampler, value);
}

static uint64_t part_of(const struct lx_counter *counter, bool bytes)
{
    return bytes ? counter->bytes : counter->packets;
}

/* Every reason, at zero as well: a rate needs to see the series before it rises. */
static void print_reasons(const struct sampler *sampler, bool bytes)
{
    const struct lx_counters *counters = sampler->seen->counters;
    bool would = would_drop(sampler);

    for (uint32_t reason = 0; reason < LX_REASON_COUNT; reason++) {
        bool drop = lx_reason_verdict(reason) == LX_DROP;

        print_reason(sampler, reason, drop ? "drop" : "pass", part_of(&counters->reasons[reason], bytes));
        if (drop && (would || counters->would_drop_reasons[reason].packets))
            print_reason(sampler, reason, "would-drop", part_of(&counters->would_drop_reasons[reason], bytes));
    }
}

static void print_packets(const struct sampler *sampler)
{
    print_reasons(sampler, false);
}

static void print_bytes(const struct sampler *sampler)
{
    print_reasons(sampler, true);
}

/* The slots that hold a row's counter, by the row's id. */
struct row_slots {
    const struct lx_row_label *labels;
    uint16_t slots[LX_ROW_SLOTS];
    size_t count;
};

static int by_id(const void *left, const void *right, void *labels)
{
    const struct lx_row_label *all = labels;

    return strncmp(all[*(const uint16_t *)left].id, all[*(const uint16_t *)right].id, sizeof(all->id));
}

static void sort_rows(const struct lx_row_label *labels, struct row_slots *rows)
{
    rows->labels = labels;
    rows->count = 0;
    for (uint16_t slot = 0; slot < LX_ROW_SLOTS; slot++)
        if (labels[slot].id[0])
            rows->slots[rows->count++] = slot;
    qsort_r(rows->slots, rows->count, sizeof(*rows->slots), by_id, (void *)labels);
}

/* One series a row, even if for a while two slots should carry its name: a name twice is an error of the whole text. */
static void print_rows(const struct sampler *sampler, bool bytes)
{
    const struct lx_row_label *labels = sampler->observed->labels;
    struct row_slots rows;
    uint64_t sum = 0;

    sort_rows(labels, &rows);
    for (size_t i = 0; i < rows.count; i++) {
        const struct lx_row_label *label = &labels[rows.slots[i]];

        sum += part_of(&sampler->seen->counters->rows[rows.slots[i]], bytes);
        if (i + 1 < rows.count && !by_id(&rows.slots[i], &rows.slots[i + 1], (void *)labels))
            continue;
        begin(sampler);
        put_label(sampler, "row", label->id, sizeof(label->id));
        end(sampler, sum);
        sum = 0;
    }
}

static void print_row_packets(const struct sampler *sampler)
{
    print_rows(sampler, false);
}

static void print_row_bytes(const struct sampler *sampler)
{
    print_rows(sampler, true);
}

static void print_port(const struct sampler *sampler, enum lx_transport transport, const char *port, uint64_t value)
{
    begin(sampler);
    fprintf(sampler->stream, ",transport=\"%s\",port=\"%s\"", lx_transport_name(transport), port);
    end(sampler, value);
}

static uint64_t kind_of(struct lx_port_count count, bool would)
{
    return would ? count.would_drop : count.dropped;
}

static void print_ports(const struct sampler *sampler, bool would)
{
    const struct lx_port_series *ports = &sampler->seen->ports;
    char port[8];

    for (size_t i = 0; i < ports->count; i++) {
        const struct lx_port_serie *serie = &ports->items[i];

        snprintf(port, sizeof(port), "%u", serie->port);
        print_port(sampler, (enum lx_transport)serie->transport, port,
                   kind_of(lx_port_series_count(serie, sampler->seen->counters), would));
    }
    for (enum lx_transport transport = LX_TCP; transport < LX_TRANSPORT_COUNT; transport++)
        print_port(sampler, transport, "other",
                   kind_of(lx_port_series_other(ports, sampler->seen->counters, transport), would));
}

static void print_dropped_ports(const struct sampler *sampler)
{
    print_ports(sampler, false);
}

static bool may_would_drop(const struct sampler *sampler)
{
    const struct lx_counters *counters = sampler->seen->counters;

    return would_drop(sampler) || counters->all_would_drop[LX_TCP] || counters->all_would_drop[LX_UDP];
}

static void print_would_drop_ports(const struct sampler *sampler)
{
    if (may_would_drop(sampler))
        print_ports(sampler, true);
}

static void print_ranges(const struct sampler *sampler, bool would)
{
    const struct lx_range_series *ranges = &sampler->seen->ranges;
    char text[12];

    for (size_t i = 0; i < ranges->count; i++) {
        const struct lx_range_serie *serie = &ranges->items[i];

        begin(sampler);
        fprintf(sampler->stream, ",transport=\"%s\",range=\"%s\"%s",
                lx_transport_name((enum lx_transport)serie->transport), lx_range_text(serie, text),
                serie->peer ? ",end=\"peer\"" : "");
        end(sampler, kind_of(lx_range_series_count(serie, sampler->hook, sampler->seen->counters), would));
    }
}

static void print_dropped_ranges(const struct sampler *sampler)
{
    print_ranges(sampler, false);
}

static void print_would_drop_ranges(const struct sampler *sampler)
{
    if (may_would_drop(sampler))
        print_ranges(sampler, true);
}

static const struct family families[] = {
    {"lyncxdp_filtering", "gauge", "1 while the program of the hook runs where it was attached, 0 when it is gone.",
     print_running},
    {"lyncxdp_policy_generation", "gauge", "How many policies the attachment has had.", print_generation},
    {"lyncxdp_policy_info", "gauge", "The policy in force, in labels.", print_info},
    {"lyncxdp_policy_audit", "gauge", "1 in audit mode: everything passes, and what would be dropped is counted.",
     print_audit},
    {"lyncxdp_last_good", "gauge",
     "1 while what is declared cannot be used, and what applied well last is in force instead.", print_last_good},
    {"lyncxdp_closed", "gauge",
     "1 while there is no policy to be had, and nothing passes but what must and the management rows.", print_closed},
    {"lyncxdp_policy_trial_seconds_left", "gauge", "Until the trial falls back unless it is confirmed; 0 without one.",
     print_trial},
    {"lyncxdp_policy_fallback", "gauge", "1 when a trial ran out and the policy before it is in force again.",
     print_fallback},
    {"lyncxdp_policy_shadow", "gauge", "1 while a candidate is judged beside the policy in force.", print_shadow},
    {"lyncxdp_group_age_seconds", "gauge", "Since the day of the list that the addresses of a group come from.",
     print_group_ages},
    {"lyncxdp_packets_total", "counter", "Packets by the one reason that decided each.", print_packets},
    {"lyncxdp_bytes_total", "counter", "Their bytes: frame lengths without the FCS.", print_bytes},
    {"lyncxdp_row_packets_total", "counter", "Packets that a row of the policy let through.", print_row_packets},
    {"lyncxdp_row_bytes_total", "counter", "Their bytes: frame lengths without the FCS.", print_row_bytes},
    {"lyncxdp_port_dropped_packets_total", "counter", "Dropped packets by destination port.", print_dropped_ports},
    {"lyncxdp_port_would_drop_packets_total", "counter",
     "Packets let through that would be dropped when enforced, by destination port.", print_would_drop_ports},
    {"lyncxdp_port_range_dropped_packets_total", "counter",
     "Dropped packets by range of the role's own ports that a row names, or of the peer's.", print_dropped_ranges},
    {"lyncxdp_port_range_would_drop_packets_total", "counter",
     "Packets let through that would be dropped when enforced, by range of the role's own ports that a row names, or "
     "of "
     "the peer's.",
     print_would_drop_ranges},
    {"lyncxdp_flows", "gauge", "Conversations that the role began and that live.", print_flows},
    {"lyncxdp_flow_capacity", "gauge", "Conversations that fit before the oldest give way.", print_flow_capacity},
    {"lyncxdp_flows_created_total", "counter", "Conversations that the role has begun.", print_flows_created},
};

static void print_head(const char *name, const char *type, const char *help, FILE *stream)
{
    fprintf(stream, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_family(const struct family *family, const struct lx_observations *seen, FILE *stream)
{
    print_head(family->name, family->type, family->help, stream);
    for (size_t i = 0; i < seen->count; i++) {
        for (enum lx_hook hook = LX_HOOK_TO_ROLE; hook < LX_HOOK_COUNT; hook++) {
            const struct lx_observed_hook *one = &seen->items[i]->hooks[hook];
            const struct sampler sampler = {stream, family->name, seen->items[i], hook, one};

            if (one->present && one->counters)
                family->print(&sampler);
        }
    }
}

/* Whether the name stands there once more, further on: a series twice is an error of the whole text. */
static bool again(const struct lx_words *names, size_t at)
{
    for (size_t i = at + 1; i < names->count; i++)
        if (!strcmp(names->items[i], names->items[at]))
            return true;
    return false;
}

/* The labels of an interface, or of one VLAN of it, as it is declared. */
static void put_declared(const char *name, FILE *stream)
{
    const char *vlan = strrchr(name, '@');
    bool one = vlan && vlan[1] && strspn(vlan + 1, "0123456789") == strlen(vlan + 1);

    fputs("interface=\"", stream);
    put_value(name, one ? (size_t)(vlan - name) : strlen(name), stream);
    fputs("\"", stream);
    if (one)
        fprintf(stream, ",vlan=\"%s\"", vlan + 1);
}

/* One series for each interface that is declared; the value of `declared` does not matter to an alert that looks for
 * it, and stays whatever becomes of the attachment. */
static void print_declared(const struct lx_observations *seen, const char *name, bool attached, FILE *stream)
{
    for (size_t i = 0; seen->declared && i < seen->declared->count; i++) {
        const char *interface = seen->declared->items[i];
        const struct lx_observed *one = lx_observed_named(seen, interface);

        if (again(seen->declared, i))
            continue;
        fprintf(stream, "%s{", name);
        put_declared(interface, stream);
        fprintf(stream, "} %d\n", !attached || (one && lx_observed_runs(one)));
    }
}

static void print_declarations(const struct lx_observations *seen, FILE *stream)
{
    print_head("lyncxdp_declared", "gauge", "1 for an interface that is to be filtered.", stream);
    print_declared(seen, "lyncxdp_declared", false, stream);
    print_head("lyncxdp_attached", "gauge", "1 while an interface that is to be filtered is, else 0.", stream);
    print_declared(seen, "lyncxdp_attached", true, stream);
    print_head("lyncxdp_declaration_readable", "gauge", "0 when it cannot be read, as a whole, what is to be filtered.",
               stream);
    fprintf(stream, "lyncxdp_declaration_readable %d\n", !seen->declaration_broken);
}

void lx_metrics_print(const struct lx_observations *seen, const char *version, FILE *stream)
{
    print_head("lyncxdp_build_info", "gauge", "The lyncxdp that exports this, in labels.", stream);
    fputs("lyncxdp_build_info{version=\"", stream);
    put_value(version, strlen(version), stream);
    fprintf(stream, "\",abi=\"%d\"} 1\n", LX_ABI_VERSION);
    print_declarations(seen, stream);
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
        print_family(&families[i], seen, stream);
}
