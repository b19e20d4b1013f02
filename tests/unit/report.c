/* SPDX-License-Identifier: GPL-2.0-only */
/* The reports: the members that the command line promises, and sums that hold. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/report/report_counters.h"
#include "user/core/report/report_flows.h"
#include "user/core/report/report_policy.h"
#include "user/core/report/report_rates.h"
#include "user/core/report/report_sample.h"
#include "user/core/report/report_shadow.h"
#include "user/core/report/report_status.h"
#include "user/core/report/report_verdict.h"

static const char *text(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    cr_assert_not_null(value, "no member %s", member);
    return json_is_null(value) ? NULL : json_string_value(value);
}

static json_int_t number(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    cr_assert(json_is_integer(value), "%s is no number", member);
    return json_integer_value(value);
}

static struct lx_metadata sample_metadata(void)
{
    return (struct lx_metadata){
        .magic = LX_MAGIC,
        .abi_version = LX_ABI_VERSION,
        .mode = LX_MODE_GENERIC,
        .from_role = 1,
        .flow_capacity = 65536,
        .interface = "eth0",
    };
}

static const struct lx_publication sample_publication = {
    .generation = 3,
    .digest = 0xabc,
    .egress = LX_EGRESS_TRACK,
    .edition = "lync2010",
    .side = "external",
    .roles = "access-edge,av-edge",
};

static json_t *status_of(const struct lx_metadata *metadata, const struct lx_publication *publication,
                         enum lx_hook hook, const struct lx_flow_numbers *flows)
{
    const struct lx_status status = {
        .metadata = metadata, .publication = publication, .state = "filtering", .flows = flows};

    return lx_report_status(&status, hook);
}

Test(report, status_has_every_member)
{
    struct lx_metadata metadata = sample_metadata();
    const struct lx_flow_numbers flows = {.live = 12, .picked_up = 2, .evicted = 3};
    json_t *status = status_of(&metadata, &sample_publication, LX_HOOK_TO_ROLE, &flows);

    cr_assert_not_null(status);
    cr_assert_str_eq(text(status, "interface"), "eth0");
    cr_assert_str_eq(text(status, "role"), "access-edge,av-edge");
    cr_assert_str_eq(text(status, "edition"), "lync2010");
    cr_assert_str_eq(text(status, "side"), "external");
    cr_assert_str_eq(text(status, "hook"), "to-role");
    cr_assert_str_eq(text(status, "mode"), "generic");
    cr_assert_str_eq(text(status, "egress"), "track");
    cr_assert_str_eq(text(status, "digest"), "0000000000000abc");
    cr_assert(json_is_false(json_object_get(status, "dispatcher")));
    cr_assert(json_is_false(json_object_get(status, "audit")));
    cr_assert(json_is_null(json_object_get(status, "trial")));
    cr_assert(json_is_null(json_object_get(status, "shadow")));
    cr_assert(json_is_false(json_object_get(status, "any_self")));
    cr_assert(json_is_null(json_object_get(status, "vlan_tags")), "no VLANs are listed");
    cr_assert_eq(number(status, "generation"), 3);
    cr_assert_eq(number(status, "flows"), 12);
    cr_assert_eq(number(status, "flows_evicted"), 3);
    cr_assert_eq(number(status, "picked_up"), 2);
    cr_assert_eq(number(status, "flow_capacity"), 65536);
    json_decref(status);
}

Test(report, status_of_the_from_role_hook)
{
    struct lx_metadata metadata = sample_metadata();
    struct lx_publication publication = sample_publication;
    json_t *status;

    metadata.dispatcher = 1;
    publication.egress = LX_EGRESS_ENFORCE;
    status = status_of(&metadata, &publication, LX_HOOK_FROM_ROLE, NULL);
    cr_assert_str_eq(text(status, "hook"), "from-role");
    cr_assert_str_eq(text(status, "mode"), "tc");
    cr_assert_str_eq(text(status, "egress"), "enforce");
    cr_assert(json_is_false(json_object_get(status, "dispatcher")), "libxdp's dispatcher has no part in it");
    cr_assert(json_is_null(json_object_get(status, "flows")), "flows that could not be counted are not zero flows");
    cr_assert(json_is_null(json_object_get(status, "flows_evicted")));
    json_decref(status);
}

Test(report, egress_modes_have_names)
{
    cr_assert_str_eq(lx_egress_name(LX_EGRESS_OFF), "off");
    cr_assert_str_eq(lx_egress_name(LX_EGRESS_TRACK), "track");
    cr_assert_str_eq(lx_egress_name(LX_EGRESS_ENFORCE), "enforce");
}

Test(report, a_role_without_sides_has_a_null_side)
{
    struct lx_metadata metadata = sample_metadata();
    struct lx_publication publication = sample_publication;
    json_t *status;

    publication.side[0] = '\0';
    status = status_of(&metadata, &publication, LX_HOOK_TO_ROLE, NULL);
    cr_assert_null(text(status, "side"));
    json_decref(status);
}

/* Counters are a megabyte: too large for the stack. */
struct counted {
    struct lx_counters counters;
    struct lx_row_label labels[LX_ROW_SLOTS];
};

static struct counted *count_something(void)
{
    struct counted *counted = calloc(1, sizeof(*counted));

    cr_assert_not_null(counted);
    strcpy(counted->labels[0].id, "av-edge/external/stun-udp-in");
    strcpy(counted->labels[0].source, "Table 12");
    strcpy(counted->labels[7].id, "site/ssh");
    counted->counters.rows[0] = (struct lx_counter){10, 1000};
    counted->counters.reasons[LX_REASON_ROW] = (struct lx_counter){10, 1000};
    counted->counters.reasons[LX_REASON_ARP] = (struct lx_counter){2, 84};
    counted->counters.reasons[LX_REASON_NO_ROW] = (struct lx_counter){5, 300};
    counted->counters.dropped[LX_TCP][3389] = 2;
    counted->counters.dropped[LX_UDP][5060] = 3;
    return counted;
}

Test(report, counters_add_up)
{
    struct lx_metadata metadata = sample_metadata();
    struct counted *counted = count_something();
    json_t *report = lx_report_counters(&metadata, LX_HOOK_TO_ROLE, &counted->counters, counted->labels);
    const json_t *reasons = json_object_get(report, "reasons"), *reason;
    json_int_t sum = 0;
    size_t i;

    json_array_foreach(reasons, i, reason) sum += number(reason, "packets");
    cr_assert_eq(number(report, "packets"), 17);
    cr_assert_eq(sum, 17);
    reason = json_array_get(reasons, 0);
    cr_assert_str_eq(text(reason, "reason"), "row");
    cr_assert_str_eq(text(reason, "verdict"), "pass");
    cr_assert_eq(number(reason, "packets"), 10);
    cr_assert_eq(number(reason, "bytes"), 1000);
    json_decref(report);
    free(counted);
}

Test(report, counters_list_every_row_and_the_dropped_ports)
{
    struct lx_metadata metadata = sample_metadata();
    struct counted *counted = count_something();
    json_t *report = lx_report_counters(&metadata, LX_HOOK_TO_ROLE, &counted->counters, counted->labels);
    const json_t *rows = json_object_get(report, "rows"), *ports = json_object_get(report, "ports");

    cr_assert_eq(json_array_size(rows), 2);
    cr_assert_str_eq(text(json_array_get(rows, 1), "id"), "site/ssh");
    cr_assert_eq(number(json_array_get(rows, 1), "packets"), 0);
    cr_assert_eq(json_array_size(ports), 2);
    cr_assert_str_eq(text(json_array_get(ports, 0), "transport"), "udp");
    cr_assert_str_eq(text(json_array_get(ports, 0), "port"), "5060");
    cr_assert_eq(number(json_array_get(ports, 0), "dropped"), 3);
    cr_assert_eq(number(json_array_get(ports, 0), "would_drop"), 0);
    json_decref(report);
    free(counted);
}

/* A reason's counters of both kinds, and a port that has dropped and would have dropped. */
Test(report, what_would_be_dropped_is_counted_beside_what_was)
{
    struct lx_metadata metadata = sample_metadata();
    struct counted *counted = count_something();
    const json_t *reasons, *ports;
    json_t *report;

    counted->counters.would_drop_reasons[LX_REASON_NO_ROW] = (struct lx_counter){4, 240};
    counted->counters.would_drop[LX_UDP][5060] = 1;
    counted->counters.would_drop[LX_TCP][80] = 3;
    report = lx_report_counters(&metadata, LX_HOOK_FROM_ROLE, &counted->counters, counted->labels);
    reasons = json_object_get(report, "reasons");
    ports = json_object_get(report, "ports");

    cr_assert_str_eq(text(report, "hook"), "from-role");
    cr_assert_eq(number(report, "packets"), 21, "the sum over reasons is the number of packets");
    cr_assert_eq(json_array_size(reasons), 4);
    cr_assert_str_eq(text(json_array_get(reasons, 2), "reason"), "no-row");
    cr_assert_str_eq(text(json_array_get(reasons, 2), "verdict"), "drop");
    cr_assert_str_eq(text(json_array_get(reasons, 3), "reason"), "no-row");
    cr_assert_str_eq(text(json_array_get(reasons, 3), "verdict"), "would-drop");
    cr_assert_eq(number(json_array_get(reasons, 3), "packets"), 4);
    cr_assert_eq(number(json_array_get(reasons, 3), "bytes"), 240);
    cr_assert_eq(json_array_size(ports), 3);
    cr_assert_str_eq(text(json_array_get(ports, 0), "port"), "5060");
    cr_assert_eq(number(json_array_get(ports, 0), "dropped"), 3);
    cr_assert_eq(number(json_array_get(ports, 0), "would_drop"), 1);
    cr_assert_str_eq(text(json_array_get(ports, 1), "port"), "80");
    cr_assert_eq(number(json_array_get(ports, 1), "dropped"), 0);
    cr_assert_eq(number(json_array_get(ports, 1), "would_drop"), 3);
    json_decref(report);
    free(counted);
}

static void set_address(__u32 words[4], const char *text_of_it)
{
    struct lx_address address;

    cr_assert_eq(lx_address_parse(text_of_it, &address, NULL), 0);
    memcpy(words, address.bytes, sizeof(address.bytes));
}

Test(report, a_flow_has_every_member)
{
    struct lx_metadata metadata = sample_metadata();
    struct counted *counted = count_something();
    struct lx_flow flow = {.created = 5 * LX_SECOND,
                           .seen = 60 * LX_SECOND,
                           .row = 7,
                           .state = LX_FLOW_DATAGRAMS,
                           .ends = {.role_port = 40000, .remote_port = 53, .transport = LX_UDP}};
    json_t *report;

    set_address(flow.ends.role, "192.0.2.1");
    set_address(flow.ends.remote, "198.51.100.53");
    report = lx_report_flow(&metadata, &flow, 65 * LX_SECOND + LX_SECOND / 2, counted->labels);
    cr_assert_str_eq(text(report, "interface"), "eth0");
    cr_assert_str_eq(text(report, "transport"), "udp");
    cr_assert_str_eq(text(report, "role"), "192.0.2.1:40000");
    cr_assert_str_eq(text(report, "remote"), "198.51.100.53:53");
    cr_assert_str_eq(text(report, "state"), "datagrams");
    cr_assert_str_eq(text(report, "row"), "site/ssh");
    cr_assert_eq(number(report, "age_seconds"), 60);
    cr_assert(json_is_false(json_object_get(report, "picked_up")));
    cr_assert_eq(number(report, "idle_seconds"), 5);
    json_decref(report);
    free(counted);
}

Test(report, a_flow_that_no_row_lists_and_that_another_clock_saw)
{
    struct lx_metadata metadata = sample_metadata();
    struct counted *counted = count_something();
    struct lx_flow flow = {.created = 9,
                           .seen = 9,
                           .row = LX_NO_ROW,
                           .state = LX_FLOW_ECHO,
                           .picked_up = 1,
                           .ends = {.role_port = 77, .remote_port = 77, .transport = LX_ECHO}};
    json_t *report;

    set_address(flow.ends.role, "2001:db8::1");
    set_address(flow.ends.remote, "2001:db8::7");
    report = lx_report_flow(&metadata, &flow, 8, counted->labels);
    cr_assert_str_eq(text(report, "transport"), "echo");
    cr_assert_str_eq(text(report, "role"), "[2001:db8::1]:77");
    cr_assert_str_eq(text(report, "state"), "echo");
    cr_assert_null(text(report, "row"));
    cr_assert_eq(number(report, "age_seconds"), 0);
    cr_assert(json_is_true(json_object_get(report, "picked_up")));
    cr_assert_eq(number(report, "idle_seconds"), 0);
    json_decref(report);
    free(counted);
}

Test(report, a_label_cut_inside_a_character_is_still_text)
{
    struct lx_metadata metadata = sample_metadata();
    struct counted *counted = count_something();
    json_t *report;

    strcpy(counted->labels[0].source, "caf\xc3");
    report = lx_report_counters(&metadata, LX_HOOK_TO_ROLE, &counted->counters, counted->labels);
    cr_assert_str_eq(text(json_array_get(json_object_get(report, "rows"), 0), "source"), "caf\\xc3");
    json_decref(report);
    free(counted);
}

static struct lx_probe sample_probe(const char *source, const char *destination)
{
    struct lx_probe probe = {.transport = LX_TCP, .source_port = 49152, .destination_port = 443};

    cr_assert_eq(lx_address_parse(source, &probe.source, NULL), 0);
    cr_assert_eq(lx_address_parse(destination, &probe.destination, NULL), 0);
    return probe;
}

Test(report, an_explanation_names_the_row)
{
    struct lx_probe probe = sample_probe("2001:db8::7", "2001:db8::1");
    struct lx_explanation explanation = {.probe = &probe, .reason = LX_REASON_ROW, .row = "a/b", .source = "Table 1"};
    json_t *report = lx_report_explanation(&explanation);

    cr_assert_str_eq(text(report, "verdict"), "pass");
    cr_assert_str_eq(text(report, "reason"), "row");
    cr_assert_str_eq(text(report, "hook"), "to-role");
    cr_assert_str_eq(text(report, "row"), "a/b");
    cr_assert_str_eq(text(report, "source"), "Table 1");
    cr_assert_str_eq(text(report, "to"), "[2001:db8::1]:443");
    json_decref(report);
}

Test(report, a_drop_has_no_row)
{
    struct lx_probe probe = sample_probe("192.0.2.7", "192.0.2.1");
    struct lx_explanation explanation = {.probe = &probe, .reason = LX_REASON_NO_ROW};
    json_t *report = lx_report_explanation(&explanation);

    cr_assert_str_eq(text(report, "verdict"), "drop");
    cr_assert_str_eq(text(report, "reason"), "no-row");
    cr_assert_null(text(report, "row"));
    cr_assert_null(text(report, "source"));
    cr_assert_str_eq(text(report, "from"), "192.0.2.7:49152");
    cr_assert_null(text(report, "nearest"));
    json_decref(report);
}

Test(report, a_drop_names_the_row_that_comes_nearest)
{
    struct lx_row row = {.id = "a/b", .source = "Table 1"};
    struct lx_near_row candidate = {.row = &row};
    struct lx_near_miss miss = {.near_row = &candidate, .differences = LX_DIFFERENT_TRANSPORT};
    struct lx_probe probe = sample_probe("192.0.2.7", "192.0.2.1");
    struct lx_explanation explanation = {
        .probe = &probe, .reason = LX_REASON_NO_ROW, .nearest = &miss, .nearest_text = "is for udp"};
    json_t *report = lx_report_explanation(&explanation), *nearest = json_object_get(report, "nearest");

    cr_assert_null(text(report, "row"));
    cr_assert_str_eq(text(nearest, "kind"), "transport");
    cr_assert_str_eq(text(nearest, "row"), "a/b");
    cr_assert_str_eq(text(nearest, "source"), "Table 1");
    cr_assert_str_eq(text(nearest, "detail"), "is for udp");
    json_decref(report);
    miss.near_row = NULL;
    report = lx_report_explanation(&explanation);
    nearest = json_object_get(report, "nearest");
    cr_assert_str_eq(text(nearest, "kind"), "port");
    cr_assert_null(text(nearest, "row"));
    cr_assert_null(text(nearest, "source"));
    json_decref(report);
}

Test(report, what_track_lets_pass_is_told)
{
    struct lx_probe probe = sample_probe("192.0.2.1", "192.0.2.7");
    struct lx_explanation explanation = {.probe = &probe, .hook = LX_HOOK_FROM_ROLE, .reason = LX_REASON_NO_ROW};
    const struct {
        enum lx_hook hook;
        enum lx_egress egress;
        uint32_t reason;
        bool would_drop;
    } cases[] = {
        {LX_HOOK_FROM_ROLE, LX_EGRESS_TRACK, LX_REASON_NO_ROW, true},
        {LX_HOOK_FROM_ROLE, LX_EGRESS_TRACK, LX_REASON_MIRROR, false},
        {LX_HOOK_FROM_ROLE, LX_EGRESS_ENFORCE, LX_REASON_NO_ROW, false},
        {LX_HOOK_TO_ROLE, LX_EGRESS_TRACK, LX_REASON_NO_ROW, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *report;

        explanation.hook = cases[i].hook;
        explanation.egress = cases[i].egress;
        explanation.reason = cases[i].reason;
        report = lx_report_explanation(&explanation);
        cr_assert_str_eq(text(report, "hook"), lx_hook_name(cases[i].hook));
        cr_assert_eq(json_is_true(json_object_get(report, "would_drop")), cases[i].would_drop, "case %zu", i);
        json_decref(report);
    }
}

Test(report, a_row_has_every_member)
{
    char *options[] = {"federation"};
    struct lx_row row = {
        .id = "av-edge/external/media-tcp-in",
        .role = "av-edge",
        .side = LX_SIDE_EXTERNAL,
        .from = {.kind = LX_ENDPOINT_ANY},
        .to = {.kind = LX_ENDPOINT_SELF},
        .destination_ports = {.count = 1, .ranges = {{50000, 59999}}},
        .transports = LX_TRANSPORT_BIT(LX_TCP),
        .application = "RTP",
        .options = {.items = options, .count = 1},
    };
    json_t *report = lx_report_row(&row, NULL);

    cr_assert_str_eq(text(report, "id"), "av-edge/external/media-tcp-in");
    cr_assert_str_eq(text(report, "role"), "av-edge");
    cr_assert_str_eq(text(report, "side"), "external");
    cr_assert_str_eq(text(report, "hook"), "to-role");
    cr_assert_str_eq(text(report, "from"), "any");
    cr_assert_str_eq(text(report, "source_port"), "any");
    cr_assert_str_eq(text(report, "to"), "self");
    cr_assert_str_eq(text(report, "destination_port"), "50000-59999");
    cr_assert_str_eq(text(report, "transport"), "tcp");
    cr_assert_str_eq(text(report, "application"), "RTP");
    cr_assert_null(text(report, "source"));
    cr_assert_null(text(report, "note"));
    cr_assert_eq(json_array_size(json_object_get(report, "options")), 1);
    cr_assert_eq(json_array_size(json_object_get(report, "workloads")), 0);
    cr_assert(json_is_false(json_object_get(report, "unresolved")));
    cr_assert_null(json_object_get(report, "source_addresses"));
    json_decref(report);
}

Test(report, a_resolved_row_shows_its_addresses)
{
    struct lx_prefix host;
    struct lx_row row = {.id = "a", .to = {.kind = LX_ENDPOINT_SELF}, .transports = LX_TRANSPORT_BIT(LX_UDP)};
    struct lx_prefix_set any = {.any = true}, hosts = {.items = &host, .count = 1};
    struct lx_rule rule = {.row = &row, .source = &any, .destination = &hosts};
    json_t *report, *addresses;

    cr_assert_eq(lx_prefix_parse("192.0.2.0/24", &host, NULL), 0);
    report = lx_report_row(&row, &rule);
    addresses = json_object_get(report, "destination_addresses");
    cr_assert_str_eq(json_string_value(json_array_get(addresses, 0)), "192.0.2.0/24");
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(report, "source_addresses"), 0)), "any");
    json_decref(report);
}

Test(report, an_including_role_counts_the_rows_it_takes_over)
{
    struct lx_row rows[4] = {{.lb = LX_LB_HARDWARE, .citation = "table 1"},
                             {.lb = LX_LB_DNS, .citation = "table 1"},
                             {.lb = LX_LB_DNS, .citation = "table 2"},
                             {.note = "cites nothing"}};
    const struct lx_role *includes[] = {NULL, NULL}, *twice[] = {NULL};
    struct lx_role roles[] = {
        {.name = "inner", .external = true, .rows = rows, .row_count = 4},
        {.name = "middle", .external = true, .includes = twice, .include_count = 1},
        {.name = "outer",
         .external = true,
         .internal = true,
         .rows = rows,
         .row_count = 1,
         .includes = includes,
         .include_count = 2},
    };
    struct lx_policy_file file = {.edition = "test", .roles = roles, .role_count = 3};
    json_t *report;

    twice[0] = includes[0] = &roles[0];
    includes[1] = &roles[1];
    report = lx_report_role(&file, &roles[2]);

    cr_assert_str_eq(text(report, "edition"), "test");
    cr_assert_str_eq(text(report, "role"), "outer");
    cr_assert_eq(number(report, "rows"), 3, "a role reached twice counts once, and so does a printed line");
    cr_assert_eq(json_array_size(json_object_get(report, "sides")), 2);
    json_decref(report);
}

/* What would newly be dropped and passed, most packets first, and what found no room in the table as one more line. */
Test(report, a_candidate_s_changes_add_up)
{
    struct lx_divergence_count changes[] = {
        {{.newly = LX_DROP, .reason = LX_REASON_NO_ROW, .row = 0, .port = 3478, .transport = LX_UDP}, {2, 200}},
        {{.newly = LX_PASS, .reason = LX_REASON_ROW, .row = 7, .port = 22, .transport = LX_TCP}, {4, 400}},
        {{.newly = LX_DROP, .reason = LX_REASON_VLAN, .row = LX_NO_ROW, .transport = LX_NO_TRANSPORT}, {3, 300}},
    };
    struct lx_shadow_counts counts = {
        .sum = {.packets = 20, .newly = {[LX_DROP] = {6, 600}, [LX_PASS] = {4, 400}}}, .changes = changes, .count = 3};
    struct lx_publication candidate = sample_publication;
    struct counted *counted = count_something();
    json_t *report = lx_report_shadow(&counts, &candidate, counted->labels);
    const json_t *dropped = json_object_get(report, "newly_dropped"), *passed = json_object_get(report, "newly_passed");

    cr_assert_eq(number(report, "packets"), 20);
    cr_assert_eq(json_array_size(dropped), 3);
    cr_assert_str_eq(text(json_array_get(dropped, 0), "reason"), "vlan");
    cr_assert_null(text(json_array_get(dropped, 0), "port"));
    cr_assert_null(text(json_array_get(dropped, 0), "row"));
    cr_assert_str_eq(text(json_array_get(dropped, 1), "port"), "3478");
    cr_assert_str_eq(text(json_array_get(dropped, 1), "transport"), "udp");
    cr_assert_str_eq(text(json_array_get(dropped, 1), "row"), "av-edge/external/stun-udp-in");
    cr_assert_eq(number(json_array_get(dropped, 1), "bytes"), 200);
    cr_assert_str_eq(text(json_array_get(dropped, 2), "port"), "other");
    cr_assert_eq(number(json_array_get(dropped, 2), "packets"), 1);
    cr_assert_eq(json_array_size(passed), 1);
    cr_assert_str_eq(text(json_array_get(passed, 0), "row"), "site/ssh");
    json_decref(report);
    free(counted);
}

/* --- Rates, orders, samples --- */

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);

    cr_assert_not_null(value, "%s", text);
    return value;
}

Test(report, rates_are_what_was_counted_a_second_since)
{
    json_t *before =
        parsed("[{\"interface\": \"eth0\", \"hook\": \"to-role\", \"packets\": 100,"
               " \"rows\": [{\"id\": \"a\", \"packets\": 10, \"bytes\": 1000}],"
               " \"reasons\": [{\"reason\": \"row\", \"verdict\": \"pass\", \"packets\": 10, \"bytes\": 1}],"
               " \"ports\": [{\"transport\": \"tcp\", \"port\": \"22\", \"dropped\": 5, \"would_drop\": 1}]}]");
    json_t *now = parsed("[{\"interface\": \"eth0\", \"hook\": \"to-role\", \"packets\": 300,"
                         " \"rows\": [{\"id\": \"a\", \"packets\": 30, \"bytes\": 1600},"
                         "            {\"id\": \"b\", \"packets\": 8, \"bytes\": 80}],"
                         " \"reasons\": [{\"reason\": \"row\", \"verdict\": \"pass\", \"packets\": 4, \"bytes\": 3}],"
                         " \"ports\": [{\"transport\": \"tcp\", \"port\": \"22\", \"dropped\": 9, \"would_drop\": 3}]},"
                         " {\"interface\": \"eth1\", \"hook\": \"to-role\", \"packets\": 7, \"rows\": [],"
                         " \"reasons\": [], \"ports\": []}]");
    const json_t *report = json_array_get(now, 0), *rows = json_object_get(report, "rows");

    cr_assert_eq(lx_report_rates(now, before, 2), 0);
    cr_expect_eq(number(report, "packets_per_second"), 100);
    cr_expect_eq(number(json_array_get(rows, 0), "packets_per_second"), 10);
    cr_expect_eq(number(json_array_get(rows, 0), "bytes_per_second"), 300);
    cr_expect_eq(number(json_array_get(rows, 1), "packets_per_second"), 4, "a new row has counted since then");
    cr_expect_eq(number(json_array_get(json_object_get(report, "reasons"), 0), "packets_per_second"), 2,
                 "a counter that fell began anew");
    cr_expect_eq(number(json_array_get(json_object_get(report, "ports"), 0), "per_second"), 3);
    cr_expect_eq(number(json_array_get(now, 1), "packets_per_second"), 0, "what was not there before has no rate yet");
    json_decref(before);
    json_decref(now);
}

Test(report, the_largest_come_first_and_equals_stay_as_they_were)
{
    static const char *const members[] = {"rate", "packets", NULL};
    json_t *items = parsed("[{\"n\": 0, \"rate\": 1, \"packets\": 9}, {\"n\": 1, \"rate\": 2, \"packets\": 1},"
                           " {\"n\": 2, \"rate\": 1, \"packets\": 9}, {\"n\": 3, \"rate\": 1, \"packets\": 10}]");
    json_t *sorted = lx_report_sorted(items, members);
    static const int order[] = {1, 3, 0, 2};

    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(number(json_array_get(sorted, i), "n"), order[i]);
    json_decref(sorted);
    json_decref(items);
}

Test(report, a_sample_is_told_with_its_ends_and_flags)
{
    struct lx_probe probe = {.transport = LX_TCP, .source_port = 4711, .destination_port = 3389, .tcp_flags = 0x12};
    struct lx_sample sample = {.hook = LX_HOOK_TO_ROLE, .judgement = LX_JUDGED(LX_REASON_NO_ROW), .passes = 1};
    const struct lx_sampled sampled = {.sample = &sample, .interface = "eth0", .time = 1795280000123456789ull};
    uint8_t frame[LX_PROBE_FRAME];
    struct lx_probe read;
    json_t *report;

    cr_assert_eq(lx_address_parse("2001:db8::9", &probe.source, NULL), 0);
    cr_assert_eq(lx_address_parse("2001:db8::30", &probe.destination, NULL), 0);
    lx_sample_read(frame, lx_probe_frame(&probe, frame), &sample);
    report = lx_report_sample(&sampled);
    cr_expect_str_eq(text(report, "time"), "2026-11-21T16:53:20.123456Z");
    cr_expect_str_eq(text(report, "verdict"), "would-drop");
    cr_expect_str_eq(text(report, "transport"), "tcp");
    cr_expect_str_eq(text(report, "from"), "[2001:db8::9]:4711");
    cr_expect_str_eq(text(report, "to"), "[2001:db8::30]:3389");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(report, "flags"), 0)), "SYN");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(report, "flags"), 1)), "ACK");
    cr_assert(lx_sample_probe(&sample, &read));
    cr_expect_eq(memcmp(&read.source, &probe.source, sizeof(read.source)), 0);
    cr_expect_eq(read.destination_port, 3389);
    json_decref(report);
}

Test(report, of_a_frame_that_is_none_nothing_is_told_but_its_length)
{
    static const uint8_t frame[14] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xcc};
    struct lx_sample sample = {.judgement = LX_JUDGED(LX_REASON_ETHERTYPE)};
    const struct lx_sampled sampled = {.sample = &sample, .interface = "eth0"};
    struct lx_probe probe;
    json_t *report;

    lx_sample_read(frame, sizeof(frame), &sample);
    cr_expect_not(lx_sample_probe(&sample, &probe));
    report = lx_report_sample(&sampled);
    cr_expect_str_eq(text(report, "transport"), "ethertype 0x88cc");
    cr_expect_null(text(report, "from"));
    cr_expect_null(text(report, "port"));
    cr_expect_eq(number(report, "bytes"), 14);
    json_decref(report);
}
