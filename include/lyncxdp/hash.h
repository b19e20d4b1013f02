/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hashes: of the image's address tables, where the compiler that fills a table and the packet path that probes it use
 * the same functions and nothing that arrives from the network is ever inserted; and of flows.
 */
#ifndef LYNCXDP_HASH_H
#define LYNCXDP_HASH_H

#include "types.h"

#define LX_HASH_FACTOR1 0x9e3779b97f4a7c15ull
#define LX_HASH_FACTOR2 0xd6e8feb86659fd93ull

lx_inline __u64 lx_hash4(__u32 address, __u32 seed)
{
    __u64 hash = (__u64)(address ^ seed) * LX_HASH_FACTOR1;
    return (hash ^ hash >> 32) * LX_HASH_FACTOR2;
}

lx_inline __u64 lx_hash6(const __u64 address[2], __u32 seed)
{
    __u64 hash = (address[0] ^ seed) * LX_HASH_FACTOR1;
    hash = ((hash ^ hash >> 32) + address[1]) * LX_HASH_FACTOR2;
    return (hash ^ hash >> 32) * LX_HASH_FACTOR1;
}

/* Takes one more word into a hash that begins as a seed. */
lx_inline __u64 lx_hash_word(__u64 hash, __u64 word)
{
    hash = (hash ^ word) * LX_HASH_FACTOR1;
    return hash ^ hash >> 32;
}

/* The two candidate buckets of a hash among `buckets`, by multiplication instead of division. */
lx_inline __u32 lx_first_bucket(__u64 hash, __u32 buckets)
{
    return (hash >> 32) * buckets >> 32;
}

lx_inline __u32 lx_second_bucket(__u64 hash, __u32 buckets)
{
    hash ^= hash >> 29;
    return (hash & 0xffffffff) * buckets >> 32;
}

#endif
