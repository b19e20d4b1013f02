/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hash of flows against who knows all about it but its key: no difference between two conversations may collide
 * whatever the key is. Tried is every difference of one, two or three bits, under several keys: a hash that takes its
 * seed in once, and then goes on with constants, has three bits of IPv6 addresses that make up for each other always.
 */
#include <lyncxdp/flow.h>

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#define KEYS 4

/* Both addresses and both ports, in bits. */
#define BITS (2 * 128 + 2 * 16)

static uint64_t drawn = 0x2545f4914f6cdd1dull;

/* xorshift64*: any numbers do, and these are the same every time. */
static uint64_t draw(void)
{
    drawn ^= drawn >> 12;
    drawn ^= drawn << 25;
    drawn ^= drawn >> 27;
    return drawn * 0x2545f4914f6cdd1dull;
}

static struct lx_flow_ends draw_ends(bool ipv4)
{
    struct lx_flow_ends ends = {.transport = LX_UDP, .ipv4 = ipv4, .role_port = 40000, .remote_port = 3478};

    for (int i = ipv4 ? 3 : 0; i < 4; i++) {
        ends.role[i] = (uint32_t)draw();
        ends.remote[i] = (uint32_t)draw();
    }
    return ends;
}

/* The ends begin with what is hashed of them: two addresses and two ports. */
static void flip(struct lx_flow_ends *ends, int bit)
{
    ((uint8_t *)ends)[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static __u64 keys[KEYS][LX_FLOW_KEY_WORDS];

static __u64 hash_of(const struct lx_flow_ends *ends, int key)
{
    const struct lx_packet_flow flow = lx_flow_between(ends);

    return lx_flow_key(&flow, keys[key]);
}

static bool collides(const struct lx_flow_ends *one, const struct lx_flow_ends *other)
{
    for (int key = 0; key < KEYS; key++)
        if (hash_of(one, key) == hash_of(other, key))
            return true;
    return false;
}

/* Of IPv4 the last word of an address is hashed. */
static bool is_hashed(int bit, bool ipv4)
{
    return !ipv4 || bit >= 256 || bit % 128 >= 96;
}

/* Flips bits from `first` on, up to `left` more of them. Returns how many of the differences collide. */
static int count_collisions(const struct lx_flow_ends *one, struct lx_flow_ends *other, int first, int left)
{
    int count = 0;

    for (int bit = first; bit < BITS; bit++) {
        if (!is_hashed(bit, one->ipv4))
            continue;
        flip(other, bit);
        count += collides(one, other);
        if (left)
            count += count_collisions(one, other, bit + 1, left - 1);
        flip(other, bit);
    }
    return count;
}

static void draw_keys(void)
{
    for (int key = 0; key < KEYS; key++)
        for (int word = 0; word < LX_FLOW_KEY_WORDS; word++)
            keys[key][word] = draw();
}

static void expect_apart(bool ipv4)
{
    struct lx_flow_ends one = draw_ends(ipv4), other = one;

    draw_keys();
    cr_expect_eq(count_collisions(&one, &other, 0, 2), 0);
}

Test(flow_hash, no_difference_of_ipv4_conversations_collides_whatever_the_key)
{
    expect_apart(true);
}

Test(flow_hash, no_difference_of_ipv6_conversations_collides_whatever_the_key)
{
    expect_apart(false);
}

Test(flow_hash, the_transport_and_the_family_tell_conversations_apart)
{
    struct lx_flow_ends udp = draw_ends(true), tcp, six;

    draw_keys();
    tcp = six = udp;
    tcp.transport = LX_TCP;
    six.ipv4 = 0;
    cr_expect_not(collides(&udp, &tcp));
    cr_expect_not(collides(&udp, &six));
}
