/* SPDX-License-Identifier: GPL-2.0-only */
/* Every address of a table is found in it at the first look with its class, no other is, and none costs many slots. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <lyncxdp/classify.h>

#include "user/core/image/perfect_table.h"

#define MOST 100000

static struct lx_classed_host hosts[MOST];
static bool one_class; /* for all of them, or one for each */

/* An IPv4 address, or an IPv6 address that differs from others in the four bytes at an offset. */
static void set_host(size_t i, uint32_t address, bool ipv4, size_t at)
{
    const uint32_t network = LX_BE32(address);

    memset(&hosts[i].address, ipv4 ? 0 : 0x20, sizeof(hosts[i].address));
    memcpy(hosts[i].address.bytes + at, &network, sizeof(network));
    hosts[i].class = one_class ? 7 : (uint16_t)(i % 65535);
}

static uint32_t class_in(const struct lx_view *view, const struct lx_hosts *table, const struct lx_address *address,
                         bool ipv4)
{
    __u32 words[4], class, found;
    __u64 halves[2];

    memcpy(words, address->bytes, sizeof(words));
    lx_address_words(words, halves);
    found = ipv4 ? lx_find4(view, table, words[3], &class) : lx_find6(view, table, halves, &class);
    return found ? class : UINT32_MAX;
}

/* Addresses from `first` on, so far apart. */
static void try_table(size_t count, uint32_t first, uint32_t stride, bool ipv4, size_t at)
{
    struct lx_image_writer writer = {0};
    struct lx_hosts table = {0};
    struct lx_view view;
    struct lx_address stranger;

    cr_assert_eq(lx_image_writer_init(&writer), 0);
    for (size_t i = 0; i < count; i++)
        set_host(i, first + (uint32_t)i * stride, ipv4, at);
    cr_assert_eq(lx_perfect_table_write(&writer, hosts, count, ipv4, &table), 0);
    view = (struct lx_view){.image = lx_image_header(&writer), .mask = LX_IMAGE_MAX_CAPACITY - 1};
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(class_in(&view, &table, &hosts[i].address, ipv4), hosts[i].class, "%zu of %zu, stride %u", i,
                     count, stride);
        stranger = hosts[i].address;
        stranger.bytes[ipv4 ? 12 : 0] ^= 0x55;
        cr_assert_eq(class_in(&view, &table, &stranger, ipv4), UINT32_MAX);
    }
    for (int fill = 0; fill < 256; fill += 255) {
        memset(&stranger, fill, sizeof(stranger));
        cr_assert_eq(class_in(&view, &table, &stranger, ipv4), UINT32_MAX, "%zu addresses and all bytes %d", count,
                     fill);
    }
    cr_expect_lt(table.slot_mask / 4, count * 5 / 2 + 2, "%zu addresses, stride %u: %u slots", count, stride,
                 table.slot_mask / 4 + 1);
    lx_image_writer_free(&writer);
}

Test(perfect_table, addresses_in_rows_and_strewn_about_are_all_found_at_once)
{
    const uint32_t strides[] = {1, 2, 250, 256, 257, 65536, 0x9e3779b1};

    for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++)
        for (size_t count = 1; count <= 10000; count = count * 3 + 1)
            for (one_class = false;; one_class = true) {
                try_table(count, 0x0a000001, strides[i], true, 12);
                for (size_t at = 0; at < 16; at += 4)
                    try_table(count, 0x0a000001, strides[i], false, at);
                if (one_class)
                    break;
            }
}

Test(perfect_table, as_many_addresses_as_a_site_may_have_fit)
{
    try_table(MOST, 0x0b000000, 0x9e3779b1, true, 12);
    try_table(MOST, 0x0b000000, 0x9e3779b1, false, 8);
}

Test(perfect_table, an_empty_one_has_nobody)
{
    try_table(0, 0, 1, true, 12);
    try_table(0, 0, 1, false, 12);
}

Test(perfect_table, who_is_there_twice_is_there_once)
{
    struct lx_image_writer writer = {0};
    struct lx_hosts table = {0};
    struct lx_view view;

    cr_assert_eq(lx_image_writer_init(&writer), 0);
    set_host(0, 0x0a000001, true, 12);
    set_host(1, 0x0a000001, true, 12);
    cr_assert_eq(lx_perfect_table_write(&writer, hosts, 2, true, &table), 0);
    view = (struct lx_view){.image = lx_image_header(&writer), .mask = LX_IMAGE_MAX_CAPACITY - 1};
    cr_expect_neq(class_in(&view, &table, &hosts[0].address, true), UINT32_MAX);
    lx_image_writer_free(&writer);
}
