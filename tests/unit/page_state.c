/* SPDX-License-Identifier: GPL-2.0-only */
/* What the page shows: the last minutes of every hook, and the largest of what it dropped. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/observations.h"
#include "user/core/report/page_state.h"

static struct lx_observed *edge;
static struct lx_history history;
static json_t *state;

static void setup(void)
{
    edge = observe("eth0");
}

static void teardown(void)
{
    free_observed(edge);
    lx_history_free(&history);
    json_decref(state);
}

TestSuite(page_state, .init = setup, .fini = teardown);

static struct lx_observations seen(size_t count)
{
    static const struct lx_observed *items[1];

    items[0] = edge;
    return (struct lx_observations){.items = items, .count = count};
}

static void record(uint64_t time)
{
    const struct lx_observations all = seen(1);

    cr_assert_eq(lx_history_record(&history, time, &all), 0);
}

/* The state of a hook at that time. Borrowed from `state`. */
static json_t *state_of(enum lx_hook hook, uint64_t now)
{
    static const struct lx_words none;
    const struct lx_page_input input = {
        .seen = seen(1), .history = &history, .troubles = &none, .version = "1.2.3", .now = now};

    json_decref(state);
    state = lx_page_state(&input);
    cr_assert(state);
    return json_array_get(json_object_get(json_array_get(json_object_get(state, "attachments"), 0), "hooks"), hook);
}

static json_t *to_role(uint64_t now)
{
    return state_of(LX_HOOK_TO_ROLE, now);
}

static json_int_t number(const json_t *array, size_t index)
{
    return json_integer_value(json_array_get(array, index));
}

static const char *member(const json_t *array, size_t index, const char *name)
{
    return json_string_value(json_object_get(json_array_get(array, index), name));
}

Test(page_state, the_last_minutes_are_there_oldest_first)
{
    const json_t *last;

    record(10000);
    drop_packets(counted_at(edge, LX_HOOK_TO_ROLE), LX_TCP, 3389, 5);
    counted_at(edge, LX_HOOK_TO_ROLE)->reasons[LX_REASON_ROW].packets = 8;
    record(15000);
    last = json_object_get(to_role(16000), "history");
    cr_assert_eq(json_array_size(json_object_get(last, "ago")), 2);
    cr_expect_eq(number(json_object_get(last, "ago"), 0), 6000);
    cr_expect_eq(number(json_object_get(last, "ago"), 1), 1000);
    cr_expect_eq(number(json_object_get(last, "dropped"), 0), 0);
    cr_expect_eq(number(json_object_get(last, "dropped"), 1), 5);
    cr_expect_eq(number(json_object_get(last, "passed"), 1), 8);
}

Test(page_state, the_history_is_bounded)
{
    const json_t *ago;

    for (uint64_t i = 0; i < 3 * LX_HISTORY_MOMENTS; i++)
        record(1000 * i);
    ago = json_object_get(json_object_get(to_role(3000 * LX_HISTORY_MOMENTS), "history"), "ago");
    cr_assert_eq(json_array_size(ago), LX_HISTORY_MOMENTS);
    cr_expect_eq(number(ago, LX_HISTORY_MOMENTS - 1), 1000);
    cr_expect_eq(number(ago, 0), 1000 * LX_HISTORY_MOMENTS);
}

Test(page_state, an_attachment_that_is_gone_is_forgotten_and_one_made_anew_begins_anew)
{
    const struct lx_observations nothing = seen(0);

    counted_at(edge, LX_HOOK_TO_ROLE)->reasons[LX_REASON_ROW].packets = 8;
    record(1000);
    record(2000);
    counted_at(edge, LX_HOOK_TO_ROLE)->reasons[LX_REASON_ROW].packets = 1;
    record(3000);
    cr_expect_eq(json_array_size(json_object_get(json_object_get(to_role(3000), "history"), "ago")), 1);
    cr_assert_eq(lx_history_record(&history, 4000, &nothing), 0);
    cr_expect_eq(history.line_count, 0);
}

Test(page_state, the_ports_with_the_most_drops_come_first_and_name_their_row)
{
    struct lx_counters *counters = counted_at(edge, LX_HOOK_TO_ROLE);
    const json_t *ports;

    for (uint16_t port = 1; port <= 30; port++)
        drop_packets(counters, LX_TCP, (uint16_t)(port * 1000), port);
    drop_packets(counters, LX_UDP, 3478, 100);
    drop_packets(counters, LX_TCP, 3478, 99);
    ports = json_object_get(to_role(1), "ports");
    cr_assert_eq(json_array_size(ports), 10);
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(ports, 0), "port")), 3478);
    cr_expect_str_eq(member(ports, 0, "transport"), "udp");
    cr_expect_str_eq(member(ports, 0, "row"), "stun-in");
    cr_expect_str_eq(member(ports, 1, "transport"), "tcp");
    cr_expect_null(member(ports, 1, "row"), "the row is for UDP");
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(ports, 2), "port")), 30000);
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(ports, 9), "port")), 23000);
}

Test(page_state, a_row_that_is_no_more_in_force_explains_nothing)
{
    drop_packets(counted_at(edge, LX_HOOK_TO_ROLE), LX_UDP, 3478, 1);
    edge->publication.rows = (struct lx_slot_set){0};
    cr_expect_null(member(json_object_get(to_role(1), "ports"), 0, "row"));
}

Test(page_state, reasons_for_drops_come_with_their_meaning_and_passes_are_none)
{
    const json_t *reasons;

    counted_at(edge, LX_HOOK_TO_ROLE)->reasons[LX_REASON_ARP].packets = 50;
    counted_at(edge, LX_HOOK_TO_ROLE)->reasons[LX_REASON_MARTIAN].packets = 2;
    counted_at(edge, LX_HOOK_TO_ROLE)->reasons[LX_REASON_NO_ROW].packets = 3;
    reasons = json_object_get(to_role(1), "reasons");
    cr_assert_eq(json_array_size(reasons), 2);
    cr_expect_str_eq(member(reasons, 0, "reason"), "no-row");
    cr_expect_str_eq(member(reasons, 1, "reason"), "martian");
    cr_expect(member(reasons, 1, "meaning"));
}

Test(page_state, troubles_and_what_is_under_trial_are_there)
{
    static char sentence[] = "eth0 is not filtered";
    char *items[] = {sentence};
    const struct lx_words troubles = {.items = items, .count = 1};
    const struct lx_page_input input = {
        .seen = seen(1), .history = &history, .troubles = &troubles, .failure = "no bpffs", .version = "1", .now = 1};
    const json_t *attachment;

    edge->control = lx_control_word(1, 0, 2, 90000);
    edge->seen_ms = 30000;
    edge->publication.audit = 1;
    state = lx_page_state(&input);
    cr_assert_eq(json_array_size(json_object_get(state, "troubles")), 2);
    attachment = json_array_get(json_object_get(state, "attachments"), 0);
    cr_expect(json_is_true(json_object_get(attachment, "audit")));
    cr_expect(json_is_true(json_object_get(attachment, "shadow")));
    cr_expect_eq(json_integer_value(json_object_get(attachment, "trial_seconds")), 60);
}

Test(page_state, ranges_that_rows_name_are_told_as_a_whole)
{
    struct lx_observed_hook *hook = &edge->hooks[LX_HOOK_TO_ROLE];
    const json_t *ranges;

    label_row(edge, 2, LX_HOOK_TO_ROLE, "media-in", 50000);
    edge->labels[2].ports[0].last = 59999;
    lx_range_series_choose(&hook->ranges, edge->labels, &edge->publication.rows, LX_HOOK_TO_ROLE);
    cr_expect_eq(json_array_size(json_object_get(to_role(1), "ranges")), 0);
    drop_packets(hook->counters, LX_UDP, 50000, 2);
    drop_packets(hook->counters, LX_UDP, 59999, 3);
    ranges = json_object_get(to_role(1), "ranges");
    cr_assert_eq(json_array_size(ranges), 1);
    cr_expect_str_eq(member(ranges, 0, "range"), "50000-59999");
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(ranges, 0), "dropped")), 5);
}

Test(page_state, ranges_of_what_the_role_sends_are_of_its_own_ports)
{
    struct lx_observed_hook *hook = &edge->hooks[LX_HOOK_FROM_ROLE];
    const json_t *ranges;

    label_row(edge, 2, LX_HOOK_FROM_ROLE, "media-out", 1024);
    edge->labels[2].ports[0].last = 65535;
    edge->labels[2].source_port_count = 1;
    edge->labels[2].source_ports[0] = (struct lx_label_range){50000, 59999};
    lx_range_series_choose(&hook->ranges, edge->labels, &edge->publication.rows, LX_HOOK_FROM_ROLE);
    drop_sent(hook->counters, LX_UDP, 50010, 31337, 2);
    drop_sent(hook->counters, LX_UDP, 1025, 31337, 3);
    ranges = json_object_get(state_of(LX_HOOK_FROM_ROLE, 1), "ranges");
    cr_assert_eq(json_array_size(ranges), 2);
    cr_expect_str_eq(member(ranges, 0, "range"), "1024-65535");
    cr_expect_str_eq(member(ranges, 0, "end"), "peer");
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(ranges, 0), "dropped")), 5);
    cr_expect_str_eq(member(ranges, 1, "range"), "50000-59999");
    cr_expect_str_eq(member(ranges, 1, "end"), "role");
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(ranges, 1), "dropped")), 2);
}
