/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hashes: of the image's address tables, where the compiler that fills a table and the packet path that probes it use
 * the same functions and nothing that arrives from the network is ever inserted; and of flows, which are keyed.
 */
#ifndef LYNCXDP_HASH_H
#define LYNCXDP_HASH_H

#include "types.h"

#define LX_HASH_FACTOR1 0x9e3779b97f4a7c15ull
#define LX_HASH_FACTOR2 0xd6e8feb86659fd93ull

/* Takes a word into a hash that begins as a seed. */
lx_inline __u64 lx_hash_word(__u64 hash, __u64 word)
{
    hash = (hash ^ word) * LX_HASH_FACTOR1;
    return hash ^ hash >> 32;
}

lx_inline __u64 lx_hash_words(__u64 seed, const __u64 words[2])
{
    return lx_hash_word(lx_hash_word(seed, words[0]), words[1]);
}

/* The hashes of addresses, of which the upper half is used: every bit of an address must have come as far as there. */
lx_inline __u64 lx_hash4(__u32 seed, __u32 address)
{
    return (__u64)(seed ^ address) * LX_HASH_FACTOR1;
}

lx_inline __u64 lx_hash6(__u32 seed, const __u64 address[2])
{
    return lx_hash_words(seed, address) * LX_HASH_FACTOR2;
}

/*
 * A term of a keyed hash, which is the sum of its terms modulo 2^64; each has two words of the key to itself. Where two
 * inputs differ, a secret word is multiplied by the difference, of less than 2^32: no more than 2^31 of its 2^64 values
 * make the two hashes equal, whichever inputs were chosen. Without the key nobody finds two that collide.
 */
lx_inline __u64 lx_hash_term(const __u64 key[2], __u32 left, __u32 right)
{
    return (key[0] + left) * (key[1] + right);
}

/*
 * Where an address is in a table without collisions: the top of its hash names a group, and the group's pilot turns the
 * middle of the hash into a slot, counted in words of four bytes. Pilots were chosen so that no two addresses have the
 * same slot. `shift` leaves as many bits as distinguish the groups, `mask` those that distinguish the slots.
 */
lx_inline __u32 lx_hash_group(__u64 hash, __u32 shift)
{
    return hash >> shift;
}

lx_inline __u32 lx_hash_slot(__u64 hash, __u16 pilot, __u32 mask)
{
    return ((__u32)(hash >> 32) ^ (__u32)pilot * 4) & mask;
}

#endif
