/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports with a series of their own: bounded, kept once given, and `other` never falls. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/observations.h"
#include "user/core/report/port_series.h"

static struct lx_counters counters;
static struct lx_port_series series;

static void choose(enum lx_transport transport, uint16_t port)
{
    cr_assert_eq(lx_port_series_choose(&series, &counters, transport, port), 0);
}

static uint64_t other(enum lx_transport transport)
{
    return lx_port_series_other(&series, &counters, transport).dropped;
}

static uint64_t own(size_t index)
{
    return lx_port_series_count(&series.items[index], &counters).dropped;
}

static void forget(void)
{
    lx_port_series_free(&series);
}

TestSuite(port_series, .fini = forget);

Test(port_series, other_is_what_the_chosen_ports_leave)
{
    choose(LX_TCP, 3389);
    drop_packets(&counters, LX_TCP, 3389, 5);
    drop_packets(&counters, LX_TCP, 4444, 7);
    drop_packets(&counters, LX_UDP, 3389, 11);
    cr_expect_eq(own(0), 5);
    cr_expect_eq(other(LX_TCP), 7);
    cr_expect_eq(other(LX_UDP), 11);
}

Test(port_series, other_never_falls_when_a_port_is_chosen_later)
{
    drop_packets(&counters, LX_TCP, 3389, 5);
    drop_packets(&counters, LX_TCP, 4444, 7);
    cr_expect_eq(other(LX_TCP), 12);
    choose(LX_TCP, 3389);
    cr_expect_eq(other(LX_TCP), 12);
    cr_expect_eq(own(0), 0);
    drop_packets(&counters, LX_TCP, 3389, 2);
    cr_expect_eq(other(LX_TCP), 12);
    cr_expect_eq(own(0), 2);
}

Test(port_series, what_would_be_dropped_is_kept_apart)
{
    choose(LX_UDP, 53);
    counters.would_drop[LX_UDP][53] = 3;
    counters.would_drop[LX_UDP][54] = 4;
    counters.all_would_drop[LX_UDP] = 7;
    cr_expect_eq(lx_port_series_count(&series.items[0], &counters).would_drop, 3);
    cr_expect_eq(lx_port_series_other(&series, &counters, LX_UDP).would_drop, 4);
    cr_expect_eq(other(LX_UDP), 0);
}

Test(port_series, a_port_is_chosen_once)
{
    choose(LX_TCP, 3389);
    choose(LX_TCP, 3389);
    choose(LX_UDP, 3389);
    cr_expect_eq(series.count, 2);
}

Test(port_series, all_ports_that_counted_get_a_series_and_their_whole_count)
{
    drop_packets(&counters, LX_TCP, 1, 1);
    drop_packets(&counters, LX_TCP, 65535, 2);
    drop_packets(&counters, LX_UDP, 256, 3);
    counters.would_drop[LX_UDP][255] = 4;
    counters.all_would_drop[LX_UDP] = 4;
    counters.port_pages[LX_UDP][0] = 4;
    cr_assert_eq(lx_port_series_choose_counted(&series, &counters), 0);
    cr_assert_eq(series.count, 4);
    cr_expect_eq(own(0), 1);
    cr_expect_eq(own(1), 2);
    cr_expect_eq(series.items[2].port, 255);
    cr_expect_eq(own(3), 3);
    cr_expect_eq(other(LX_TCP) + other(LX_UDP), 0);
}

Test(port_series, there_is_a_limit_and_what_is_beyond_it_goes_to_other)
{
    for (uint32_t port = 1; port <= LX_PORT_SERIES_LIMIT + 10; port++)
        drop_packets(&counters, LX_TCP, (uint16_t)port, 1);
    cr_assert_eq(lx_port_series_choose_counted(&series, &counters), 0);
    cr_expect_eq(series.count, LX_PORT_SERIES_LIMIT);
    cr_expect_eq(other(LX_TCP), 10);
    choose(LX_UDP, 53);
    cr_expect_eq(series.count, LX_PORT_SERIES_LIMIT);
}
