/* SPDX-License-Identifier: GPL-2.0-only */
/* The text that Prometheus reads: names, labels, which series there are, and what may never break the format. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/observations.h"
#include "user/core/report/metrics.h"

static struct lx_observed *edge, *second;
static char *text;

static void setup(void)
{
    edge = observe("eth0");
    second = observe("eth1");
}

static void teardown(void)
{
    free_observed(edge);
    free_observed(second);
    free(text);
}

TestSuite(metrics, .init = setup, .fini = teardown);

/* Prints the metrics of the first `count` attachments into `text`. */
static void print(size_t count)
{
    const struct lx_observed *items[] = {edge, second};
    const struct lx_observations seen = {.items = items, .count = count};
    size_t size;
    FILE *stream;

    free(text);
    stream = open_memstream(&text, &size);
    lx_metrics_print(&seen, "1.2.3", stream);
    cr_assert_eq(fclose(stream), 0);
}

/* How many lines are, or begin with, this. */
static unsigned lines(const char *beginning)
{
    unsigned count = 0;

    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        count += !strncmp(line, beginning, strlen(beginning));
    return count;
}

static void expect_line(const char *line)
{
    char whole[1024];

    snprintf(whole, sizeof(whole), "%s\n", line);
    cr_expect_eq(lines(whole), 1, "not there, or not once: %s", line);
}

Test(metrics, without_attachments_there_are_heads_and_who_exports)
{
    char info[80];

    print(0);
    snprintf(info, sizeof(info), "lyncxdp_build_info{version=\"1.2.3\",abi=\"%d\"} 1", LX_ABI_VERSION);
    expect_line(info);
    expect_line("lyncxdp_declaration_readable 1");
    cr_expect_eq(lines("lyncxdp_"), 2);
    cr_expect_gt(lines("# TYPE "), 10);
    cr_expect_eq(lines("# TYPE "), lines("# HELP "));
}

Test(metrics, packets_and_bytes_are_told_by_reason_and_verdict)
{
    counted_at(edge, LX_HOOK_TO_ROLE)->reasons[LX_REASON_ROW] = (struct lx_counter){5, 500};
    counted_at(edge, LX_HOOK_TO_ROLE)->reasons[LX_REASON_NO_ROW] = (struct lx_counter){7, 420};
    counted_at(edge, LX_HOOK_FROM_ROLE)->would_drop_reasons[LX_REASON_NO_ROW] = (struct lx_counter){2, 120};
    print(1);
    expect_line("lyncxdp_packets_total{interface=\"eth0\",hook=\"to-role\",reason=\"row\",verdict=\"pass\"} 5");
    expect_line("lyncxdp_bytes_total{interface=\"eth0\",hook=\"to-role\",reason=\"row\",verdict=\"pass\"} 500");
    expect_line("lyncxdp_packets_total{interface=\"eth0\",hook=\"to-role\",reason=\"no-row\",verdict=\"drop\"} 7");
    expect_line(
        "lyncxdp_packets_total{interface=\"eth0\",hook=\"from-role\",reason=\"no-row\",verdict=\"would-drop\"} 2");
}

Test(metrics, a_list_of_addresses_ages_once_for_both_hooks)
{
    edge->publication.groups[0] = (struct lx_group_date){"partners", 1000};
    edge->publication.groups[1] = (struct lx_group_date){"teams", 9000};
    edge->seen_at = 8000;
    print(1);
    expect_line("lyncxdp_group_age_seconds{interface=\"eth0\",hook=\"to-role\",group=\"partners\"} 7000");
    expect_line("lyncxdp_group_age_seconds{interface=\"eth0\",hook=\"to-role\",group=\"teams\"} 0");
    cr_expect_eq(lines("lyncxdp_group_age_seconds{"), 2);
}

Test(metrics, every_reason_is_there_before_it_counts)
{
    print(1);
    expect_line("lyncxdp_packets_total{interface=\"eth0\",hook=\"to-role\",reason=\"martian\",verdict=\"drop\"} 0");
    expect_line(
        "lyncxdp_packets_total{interface=\"eth0\",hook=\"from-role\",reason=\"martian\",verdict=\"would-drop\"} 0");
    cr_expect_eq(
        lines("lyncxdp_packets_total{interface=\"eth0\",hook=\"to-role\",reason=\"martian\",verdict=\"would-drop\"}"),
        0, "nothing is let pass there");
}

Test(metrics, in_audit_mode_both_hooks_would_drop)
{
    edge->publication.audit = 1;
    print(1);
    expect_line(
        "lyncxdp_packets_total{interface=\"eth0\",hook=\"to-role\",reason=\"martian\",verdict=\"would-drop\"} 0");
    expect_line("lyncxdp_policy_audit{interface=\"eth0\",hook=\"to-role\"} 1");
    cr_expect_gt(lines("lyncxdp_port_would_drop_packets_total{interface=\"eth0\",hook=\"to-role\""), 0);
}

Test(metrics, rows_are_told_by_their_ids)
{
    counted_at(edge, LX_HOOK_TO_ROLE)->rows[0] = (struct lx_counter){9, 900};
    print(1);
    expect_line("lyncxdp_row_packets_total{interface=\"eth0\",hook=\"to-role\",row=\"stun-in\"} 9");
    expect_line("lyncxdp_row_bytes_total{interface=\"eth0\",hook=\"to-role\",row=\"stun-in\"} 900");
    expect_line("lyncxdp_row_packets_total{interface=\"eth0\",hook=\"from-role\",row=\"stun-out\"} 0");
}

Test(metrics, a_row_in_two_slots_is_one_series)
{
    label_row(edge, 700, LX_HOOK_TO_ROLE, "stun-in", 3478);
    counted_at(edge, LX_HOOK_TO_ROLE)->rows[0].packets = 9;
    counted_at(edge, LX_HOOK_TO_ROLE)->rows[700].packets = 4;
    print(1);
    expect_line("lyncxdp_row_packets_total{interface=\"eth0\",hook=\"to-role\",row=\"stun-in\"} 13");
}

Test(metrics, chosen_ports_and_other_make_up_what_was_dropped)
{
    struct lx_observed_hook *hook = &edge->hooks[LX_HOOK_TO_ROLE];

    lx_port_series_choose(&hook->ports, NULL, LX_TCP, 3389);
    drop_packets(hook->counters, LX_TCP, 3389, 77);
    drop_packets(hook->counters, LX_TCP, 4444, 3);
    print(1);
    expect_line("lyncxdp_port_dropped_packets_total{interface=\"eth0\",hook=\"to-role\",transport=\"tcp\","
                "port=\"3389\"} 77");
    expect_line("lyncxdp_port_dropped_packets_total{interface=\"eth0\",hook=\"to-role\",transport=\"tcp\","
                "port=\"other\"} 3");
    expect_line("lyncxdp_port_dropped_packets_total{interface=\"eth0\",hook=\"to-role\",transport=\"udp\","
                "port=\"other\"} 0");
}

Test(metrics, the_policy_is_told_in_labels)
{
    print(1);
    expect_line("lyncxdp_policy_generation{interface=\"eth0\",hook=\"to-role\"} 3");
    expect_line("lyncxdp_policy_info{interface=\"eth0\",hook=\"to-role\",role=\"av-edge\",edition=\"lync2010\","
                "side=\"external\",mode=\"native\",egress=\"track\",dispatcher=\"false\","
                "digest=\"0000000000000abc\"} 1");
    expect_line("lyncxdp_flows{interface=\"eth0\",hook=\"from-role\"} 17");
    cr_expect_eq(lines("lyncxdp_flows{interface=\"eth0\",hook=\"to-role\"}"), 0);
}

Test(metrics, a_trial_tells_the_seconds_left_and_that_it_fell_back)
{
    edge->control = lx_control_word(1, 0, LX_NO_SHADOW, 90000);
    edge->seen_ms = 60500;
    print(1);
    expect_line("lyncxdp_policy_trial_seconds_left{interface=\"eth0\",hook=\"to-role\"} 30");
    expect_line("lyncxdp_policy_fallback{interface=\"eth0\",hook=\"to-role\"} 0");
    edge->seen_ms = 90000;
    print(1);
    expect_line("lyncxdp_policy_trial_seconds_left{interface=\"eth0\",hook=\"to-role\"} 0");
    expect_line("lyncxdp_policy_fallback{interface=\"eth0\",hook=\"to-role\"} 1");
}

Test(metrics, a_candidate_beside_the_policy_is_told)
{
    print(1);
    expect_line("lyncxdp_policy_shadow{interface=\"eth0\",hook=\"to-role\"} 0");
    edge->control = lx_control_word(0, 0, 2, 0);
    print(1);
    expect_line("lyncxdp_policy_shadow{interface=\"eth0\",hook=\"to-role\"} 1");
}

Test(metrics, a_program_that_is_gone_is_told_and_one_out_of_sight_is_not)
{
    edge->hooks[LX_HOOK_FROM_ROLE].found = LX_FOUND_GONE;
    second->elsewhere = true;
    second->hooks[LX_HOOK_TO_ROLE].found = second->hooks[LX_HOOK_FROM_ROLE].found = LX_FOUND_UNKNOWN;
    print(2);
    expect_line("lyncxdp_filtering{interface=\"eth0\",hook=\"to-role\"} 1");
    expect_line("lyncxdp_filtering{interface=\"eth0\",hook=\"from-role\"} 0");
    cr_expect_eq(lines("lyncxdp_filtering{interface=\"eth1\""), 0);
}

Test(metrics, interfaces_of_other_namespaces_are_told_apart)
{
    strcpy(second->metadata.interface, "eth0");
    second->metadata.netns = 4026532999;
    second->elsewhere = true;
    print(2);
    expect_line("lyncxdp_policy_generation{interface=\"eth0\",hook=\"to-role\"} 3");
    expect_line("lyncxdp_policy_generation{interface=\"eth0\",hook=\"to-role\",netns=\"4026532999\"} 3");
}

Test(metrics, a_hook_that_is_not_there_has_no_series)
{
    edge->hooks[LX_HOOK_FROM_ROLE].present = false;
    print(1);
    cr_expect_eq(lines("lyncxdp_packets_total{interface=\"eth0\",hook=\"from-role\""), 0);
    cr_expect_gt(lines("lyncxdp_packets_total{interface=\"eth0\",hook=\"to-role\""), 0);
}

Test(metrics, what_stands_in_labels_is_escaped)
{
    strcpy(edge->publication.roles, "a\"b\\c\nd\xff\x01");
    print(1);
    cr_expect(strstr(text, ",role=\"a\\\"b\\\\c\\nd\\\\xff\\\\x01\","));
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        cr_expect(*line == '#' || !strncmp(line, "lyncxdp_", 8), "no line of its own: %.40s", line);
}

static char *declared_names[] = {"eth0", "eth1", "eth9", "eth9", "a\"b\\c"};
static const struct lx_words declared = {.items = declared_names, .count = 5};

static void print_with_declared(size_t count, bool broken)
{
    const struct lx_observed *items[] = {edge, second};
    const struct lx_observations seen = {
        .items = items, .count = count, .declared = &declared, .declaration_broken = broken};
    size_t size;
    FILE *stream;

    free(text);
    stream = open_memstream(&text, &size);
    lx_metrics_print(&seen, "1.2.3", stream);
    cr_assert_eq(fclose(stream), 0);
}

Test(metrics, what_is_declared_is_told_whether_it_is_there_or_not)
{
    second->hooks[LX_HOOK_FROM_ROLE].found = LX_FOUND_GONE;
    print_with_declared(2, false);
    expect_line("lyncxdp_declared{interface=\"eth0\"} 1");
    expect_line("lyncxdp_attached{interface=\"eth0\"} 1");
    expect_line("lyncxdp_declared{interface=\"eth1\"} 1");
    expect_line("lyncxdp_attached{interface=\"eth1\"} 0");
    expect_line("lyncxdp_declared{interface=\"eth9\"} 1");
    expect_line("lyncxdp_attached{interface=\"eth9\"} 0");
    expect_line("lyncxdp_attached{interface=\"a\\\"b\\\\c\"} 0");
    expect_line("lyncxdp_declaration_readable 1");
    print_with_declared(0, true);
    expect_line("lyncxdp_declared{interface=\"eth0\"} 1");
    expect_line("lyncxdp_attached{interface=\"eth0\"} 0");
    expect_line("lyncxdp_declaration_readable 0");
}

Test(metrics, one_elsewhere_is_not_what_is_declared_here)
{
    edge->elsewhere = true;
    print_with_declared(1, false);
    expect_line("lyncxdp_attached{interface=\"eth0\"} 0");
}

Test(metrics, ranges_that_rows_name_are_told_as_a_whole)
{
    struct lx_row_label *media = &edge->labels[2];
    struct lx_observed_hook *hook = &edge->hooks[LX_HOOK_TO_ROLE];

    label_row(edge, 2, LX_HOOK_TO_ROLE, "media-in", 50000);
    media->ports[0].last = 59999;
    lx_range_series_choose(&hook->ranges, edge->labels, &edge->publication.rows, LX_HOOK_TO_ROLE);
    print(1);
    expect_line("lyncxdp_port_range_dropped_packets_total{interface=\"eth0\",hook=\"to-role\",transport=\"udp\","
                "range=\"50000-59999\"} 0");
    drop_packets(hook->counters, LX_UDP, 49999, 1);
    drop_packets(hook->counters, LX_UDP, 50000, 2);
    drop_packets(hook->counters, LX_UDP, 55555, 3);
    drop_packets(hook->counters, LX_UDP, 59999, 4);
    drop_packets(hook->counters, LX_UDP, 60000, 5);
    drop_packets(hook->counters, LX_TCP, 55555, 6);
    print(1);
    expect_line("lyncxdp_port_range_dropped_packets_total{interface=\"eth0\",hook=\"to-role\",transport=\"udp\","
                "range=\"50000-59999\"} 9");
    expect_line("lyncxdp_port_dropped_packets_total{interface=\"eth0\",hook=\"to-role\",transport=\"udp\","
                "port=\"other\"} 15");
    cr_expect_eq(lines("lyncxdp_port_range_dropped_packets_total"), 1, "single ports are no ranges");
    /* An update that takes the row away leaves the series. */
    edge->publication.rows.words[0] = 0;
    lx_range_series_choose(&hook->ranges, edge->labels, &edge->publication.rows, LX_HOOK_TO_ROLE);
    print(1);
    cr_expect_eq(lines("lyncxdp_port_range_dropped_packets_total"), 1);
}

#define FROM_MEDIA(kind)                                                                                               \
    "lyncxdp_port_range_" kind "_packets_total{interface=\"eth0\",hook=\"from-role\",transport=\"udp\","               \
    "range=\"50000-59999\"}"

Test(metrics, ranges_of_what_the_role_sends_are_of_its_own_ports)
{
    struct lx_observed_hook *hook = &edge->hooks[LX_HOOK_FROM_ROLE];
    struct lx_row_label *media = &edge->labels[2];

    label_row(edge, 2, LX_HOOK_TO_ROLE, "media-in", 50000); /* its mirror is what the role sends */
    media->ports[0].last = 59999;
    lx_range_series_choose(&hook->ranges, edge->labels, &edge->publication.rows, LX_HOOK_FROM_ROLE);
    print(1);
    expect_line(FROM_MEDIA("dropped") " 0");
    drop_sent(hook->counters, LX_UDP, 50000, 1024, 1);
    drop_sent(hook->counters, LX_UDP, 59999, 31337, 2);
    drop_sent(hook->counters, LX_UDP, 49999, 50000, 4);
    drop_sent(hook->counters, LX_UDP, 60000, 59999, 8);
    drop_sent(hook->counters, LX_TCP, 50001, 50001, 16);
    hook->counters->own_would_drop[LX_UDP][50010] = 5;
    print(1);
    expect_line(FROM_MEDIA("dropped") " 3");
    expect_line(FROM_MEDIA("would_drop") " 5");
    /* An outbound row names it by its source ports. */
    label_row(edge, 2, LX_HOOK_FROM_ROLE, "media-out", 0);
    *media = (struct lx_row_label){.id = "media-out",
                                   .hook = LX_HOOK_FROM_ROLE,
                                   .transports = 1 << LX_UDP,
                                   .source_port_count = 1,
                                   .source_ports = {{50000, 59999}}};
    hook->ranges = (struct lx_range_series){0};
    lx_range_series_choose(&hook->ranges, edge->labels, &edge->publication.rows, LX_HOOK_FROM_ROLE);
    print(1);
    expect_line(FROM_MEDIA("dropped") " 3");
    cr_expect_eq(lines("lyncxdp_port_range_dropped_packets_total"), 1);
}

Test(metrics, one_vlan_of_a_trunk_has_a_label_for_it)
{
    char *names[] = {"eth0@10", "eth0@20", "odd@", "@x"};
    const struct lx_words vlans = {.items = names, .count = 4};
    const struct lx_observed *items[] = {edge, second};
    const struct lx_observations seen = {.items = items, .count = 2, .declared = &vlans};
    size_t size;
    FILE *stream;

    strcpy(second->metadata.interface, "eth0");
    second->metadata.vlan = 10;
    stream = open_memstream(&text, &size);
    lx_metrics_print(&seen, "1.2.3", stream);
    cr_assert_eq(fclose(stream), 0);
    expect_line("lyncxdp_policy_generation{interface=\"eth0\",hook=\"to-role\"} 3");
    expect_line("lyncxdp_policy_generation{interface=\"eth0\",hook=\"to-role\",vlan=\"10\"} 3");
    expect_line("lyncxdp_attached{interface=\"eth0\",vlan=\"10\"} 1");
    expect_line("lyncxdp_attached{interface=\"eth0\",vlan=\"20\"} 0");
    expect_line("lyncxdp_attached{interface=\"odd@\"} 0");
    expect_line("lyncxdp_attached{interface=\"@x\"} 0");
}

Test(metrics, a_range_at_both_ends_is_two_series)
{
    struct lx_observed_hook *hook = &edge->hooks[LX_HOOK_FROM_ROLE];
    struct lx_row_label *media = &edge->labels[2];

    label_row(edge, 2, LX_HOOK_FROM_ROLE, "media-out", 50000);
    media->ports[0].last = 59999;
    media->source_ports[0] = media->ports[0];
    media->source_port_count = 1;
    lx_range_series_choose(&hook->ranges, edge->labels, &edge->publication.rows, LX_HOOK_FROM_ROLE);
    drop_sent(hook->counters, LX_UDP, 50000, 1024, 1);
    drop_sent(hook->counters, LX_UDP, 1024, 50000, 2);
    print(1);
    expect_line(FROM_MEDIA("dropped") " 1");
    expect_line("lyncxdp_port_range_dropped_packets_total{interface=\"eth0\",hook=\"from-role\",transport=\"udp\","
                "range=\"50000-59999\",end=\"peer\"} 2");
}

/* The family that a line is about. */
static size_t family(const char *line, const char **name)
{
    if (*line == '#')
        line = strchr(line + 2, ' ') + 1;
    *name = line;
    return strcspn(line, " {");
}

Test(metrics, all_samples_of_a_family_stand_together_behind_its_head)
{
    const char *line, *name, *current = "";
    size_t length = 0, size;

    print(2);
    for (line = text; *line; line = strchr(line, '\n') + 1) {
        size = family(line, &name);
        if (!strncmp(line, "# HELP", 6)) {
            cr_expect_eq(lines(strndupa(line, (size_t)(name + size + 1 - line))), 1);
            current = name;
            length = size;
        }
        cr_expect(size == length && !strncmp(name, current, size), "astray: %.60s", line);
    }
}
