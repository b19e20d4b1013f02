/* SPDX-License-Identifier: GPL-2.0-only */
/* Which counter a row gets when one policy takes the place of another. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/image/row_slots.h"

static struct lx_row_label labels[LX_ROW_SLOTS];
static struct lx_slot_set live, reclaimed;
static struct lx_row rows[LX_MAX_ROWS];
static char ids[LX_MAX_ROWS][128];
static struct lx_rule rules[LX_MAX_ROWS];
static struct lx_policy policy = {.rules = rules};

/* A policy of `count` rows called "NAME/0", "NAME/1"... */
static void given_rows(const char *name, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%s/%zu", name, i);
        rows[i].id = ids[i];
        rules[i] = (struct lx_rule){.row = &rows[i]};
    }
    policy.rule_count = count;
    reclaimed = (struct lx_slot_set){0};
}

static int assign(void)
{
    return lx_row_slots_assign(labels, &live, &policy, &reclaimed);
}

/* As publishing does it. */
static void publish(struct lx_slot_set *used)
{
    for (size_t i = 0; i < policy.rule_count; i++) {
        lx_row_label(rules[i].row, &labels[rules[i].slot]);
        lx_slot_set_add(used, rules[i].slot);
    }
}

static size_t size_of(const struct lx_slot_set *set)
{
    size_t size = 0;

    for (uint32_t slot = 0; slot < LX_ROW_SLOTS; slot++)
        size += lx_slot_set_has(set, slot);
    return size;
}

static void expect_all_different(void)
{
    struct lx_slot_set seen = {0};

    for (size_t i = 0; i < policy.rule_count; i++) {
        cr_assert_lt(rules[i].slot, LX_ROW_SLOTS);
        cr_assert(!lx_slot_set_has(&seen, rules[i].slot), "two rows share slot %u", rules[i].slot);
        lx_slot_set_add(&seen, rules[i].slot);
    }
}

Test(row_slots, the_first_policy_takes_slots_that_nothing_was_counted_in)
{
    given_rows("a", 40);
    cr_assert_eq(assign(), 0);
    expect_all_different();
    cr_expect_eq(size_of(&reclaimed), 0);
}

Test(row_slots, a_label_has_the_ports_of_both_ends)
{
    const struct lx_row row = {.id = "media-out",
                               .source_ports = {.count = 1, .ranges = {{50000, 59999}}},
                               .destination_ports = {.count = 2, .ranges = {{443, 443}, {3478, 3479}}}};
    struct lx_row_label label;

    lx_row_label(&row, &label);
    cr_expect_eq(label.source_port_count, 1);
    cr_expect_eq(label.source_ports[0].first, 50000);
    cr_expect_eq(label.source_ports[0].last, 59999);
    cr_expect_eq(label.port_count, 2);
    cr_expect_eq(label.ports[1].first, 3478);
    cr_expect_eq(label.ports[1].last, 3479);
}

Test(row_slots, a_row_that_remains_keeps_its_counter_wherever_it_moves_in_the_policy)
{
    uint16_t before[40];

    given_rows("a", 40);
    cr_assert_eq(assign(), 0);
    publish(&live);
    for (size_t i = 0; i < 40; i++)
        before[i] = rules[i].slot;
    given_rows("a", 40);
    for (size_t i = 0; i < 40; i++)
        rules[i].row = &rows[39 - i];
    cr_assert_eq(assign(), 0);
    for (size_t i = 0; i < 40; i++)
        cr_expect_eq(rules[i].slot, before[39 - i]);
    cr_expect_eq(size_of(&reclaimed), 0);
}

Test(row_slots, a_row_that_comes_back_finds_its_counter)
{
    uint16_t before;

    given_rows("a", 3);
    cr_assert_eq(assign(), 0);
    publish(&live);
    before = rules[2].slot;
    live = (struct lx_slot_set){0};
    given_rows("b", 5);
    cr_assert_eq(assign(), 0);
    publish(&live);
    given_rows("a", 3);
    cr_assert_eq(assign(), 0);
    cr_expect_eq(rules[2].slot, before);
    cr_expect_eq(size_of(&reclaimed), 0);
}

Test(row_slots, slots_of_rows_that_are_gone_are_taken_last_and_begin_anew)
{
    struct lx_slot_set first = {0};

    given_rows("a", 1000);
    cr_assert_eq(assign(), 0);
    publish(&first);
    live = first;
    given_rows("b", 1000);
    cr_assert_eq(assign(), 0);
    cr_expect_eq(size_of(&reclaimed), 0);
    live = (struct lx_slot_set){0};
    publish(&live);
    given_rows("c", 100);
    cr_assert_eq(assign(), 0);
    expect_all_different();
    cr_expect_eq(size_of(&reclaimed), 100 - 48, "48 of the 2048 were never used");
    for (uint32_t slot = 0; slot < LX_ROW_SLOTS; slot++)
        if (lx_slot_set_has(&reclaimed, slot))
            cr_expect(lx_slot_set_has(&first, slot) && !lx_slot_set_has(&live, slot));
}

Test(row_slots, a_slot_that_a_later_row_of_the_policy_was_counted_in_is_not_given_to_a_new_row)
{
    given_rows("old", LX_MAX_ROWS);
    cr_assert_eq(assign(), 0);
    publish(&live);
    given_rows("older", LX_MAX_ROWS);
    cr_assert_eq(assign(), 0);
    publish(&live);
    live = (struct lx_slot_set){0};
    given_rows("new", LX_MAX_ROWS);
    snprintf(ids[LX_MAX_ROWS - 1], sizeof(ids[0]), "%s", labels[0].id);
    cr_assert_eq(assign(), 0);
    expect_all_different();
    cr_expect_eq(rules[LX_MAX_ROWS - 1].slot, 0);
    cr_expect(!lx_slot_set_has(&reclaimed, 0), "a counter that goes on was to begin anew");
}

Test(row_slots, slots_in_use_are_never_given_away_and_too_few_are_an_error)
{
    struct lx_slot_set untouched = {0};

    for (uint32_t slot = 0; slot < LX_ROW_SLOTS; slot++) {
        snprintf(labels[slot].id, sizeof(labels[slot].id), "live/%u", slot);
        if (slot != 77)
            lx_slot_set_add(&live, slot);
    }
    given_rows("a", 1);
    cr_assert_eq(assign(), 0);
    cr_expect_eq(rules[0].slot, 77);
    given_rows("a", 2);
    cr_expect_eq(assign(), -ENOSPC);
    cr_expect_eq(memcmp(&reclaimed, &untouched, sizeof(reclaimed)), 0);
    cr_expect_eq(rules[0].slot, 0);
}

Test(row_slots, rows_whose_long_names_are_cut_still_find_their_counters)
{
    static char id[300];
    uint16_t slot;

    memset(id, 'x', sizeof(id) - 1);
    given_rows("a", 2);
    rows[1].id = id;
    cr_assert_eq(assign(), 0);
    publish(&live);
    slot = rules[1].slot;
    cr_assert_eq(assign(), 0);
    cr_expect_eq(rules[1].slot, slot);
}

Test(row_slots, rows_with_one_name_have_a_counter_each)
{
    given_rows("a", 2);
    rows[1].id = rows[0].id;
    cr_assert_eq(assign(), 0);
    expect_all_different();
    publish(&live);
    cr_assert_eq(assign(), 0);
    expect_all_different();
}
