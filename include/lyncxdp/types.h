/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few words that both worlds need before they can share a header: fixed-width integers, byte order, inlining.
 * Everything in this folder is compiled twice, by clang for BPF and by the host compiler for userspace.
 */
#ifndef LYNCXDP_TYPES_H
#define LYNCXDP_TYPES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* The packet path is one function to the verifier and to the optimiser; a call that is not inlined is a mistake. */
#define lx_inline static inline __attribute__((always_inline))

/*
 * For a BPF function that the verifier checks once, on its own, whatever its callers know of the arguments: what is
 * rare goes into such ones. Arguments are numbers, the context, or a structure in memory that is wholly written.
 */
#ifdef __bpf__
#define lx_noinline __attribute__((noinline))
#else
#define lx_noinline static inline
#endif

/* Asks clang to unroll a loop. Linux 6.1 refuses one whose body clang lays out before its head ("back-edge"). */
#ifdef __clang__
#define lx_unroll _Pragma("unroll")
#else
#define lx_unroll
#endif

#define lx_likely(condition) __builtin_expect(!!(condition), 1)
#define lx_unlikely(condition) __builtin_expect(!!(condition), 0)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LX_BE16(value) ((__u16)__builtin_bswap16((__u16)(value)))
#define LX_BE32(value) ((__u32)__builtin_bswap32((__u32)(value)))
#define LX_BE64(value) ((__u64)__builtin_bswap64((__u64)(value)))
#else
#define LX_BE16(value) ((__u16)(value))
#define LX_BE32(value) ((__u32)(value))
#define LX_BE64(value) ((__u64)(value))
#endif

/*
 * Hides a value from the optimiser, which otherwise rewrites a bounds check into a form that the verifier of
 * Linux 6.1 does not follow (an OR for an ADD, a masked value compared before it is masked).
 */
#define lx_opaque(value) __asm__ volatile("" : "+r"(value))

/* Eight bytes of a frame, in their order. On BPF, which reads them wherever they lie, not one by one. */
lx_inline __u64 lx_load64(const void *bytes)
{
#ifdef __bpf__
    return *(const __u64 *)bytes;
#else
    __u64 value;

    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
#endif
}

/* An address as two words of eight bytes. */
lx_inline void lx_address_words(const __u32 address[4], __u64 words[2])
{
    /* Copied, not cast: the words were stored as __u32, and a __u64 may not alias them. The code is the same. */
    __builtin_memcpy(words, address, 2 * sizeof(*words));
}

/* A 16-bit number that came out of a byte swap, as an index: verifiers up to Linux 6.12 give a swap no bounds. */
lx_inline __u32 lx_index16(__u32 value)
{
    lx_opaque(value);
    return value & 0xffff;
}

#endif
