/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts what a BPF program executes for one packet: every instruction and every helper call, by stepping through it in
 * userspace. The kernel can time a test run but not count its instructions; a count repeats exactly where a time does
 * not. Only for counting: verdicts come from the kernel, and the two are compared.
 */
#ifndef LYNCXDP_BENCH_INTERPRETER_H
#define LYNCXDP_BENCH_INTERPRETER_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* How one of the program's maps looks from outside the kernel. */
struct lx_map_memory {
    int fd;          /* as the relocated instructions name it */
    uint8_t *values; /* value_size * entries bytes; for an array of maps, NULL */
    uint8_t *keys;   /* of a hash: key_size * entries bytes, the first `used` in use; for an array, NULL */
    uint32_t key_size, value_size;
    uint32_t entries, used;
    struct lx_map_memory *inner; /* for an array of maps: `entries` of them */
    struct lx_map_memory *same;  /* of another program's map, in whose place this one stands, or NULL */
};

struct lx_subject {
    enum bpf_prog_type type; /* XDP, or else tc */
    const struct bpf_insn *program;
    size_t length; /* instructions */
    struct lx_map_memory *maps;
    size_t map_count;
};

struct lx_execution {
    uint64_t instructions;
    uint64_t helper_calls; /* those that the kernel replaces by instructions included */
    uint64_t result;       /* what the program returned */
};

/*
 * Runs the program on a frame of at most 65,536 bytes; what it writes stays in the maps. Returns 0, -ENOSYS for an
 * instruction or helper that is not known here, or -ELOOP for a program that does not end.
 */
int lx_interpret(const struct lx_subject *subject, const void *frame, uint32_t frame_length,
                 struct lx_execution *execution);

#endif
