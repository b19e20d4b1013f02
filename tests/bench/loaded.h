/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of both hooks, loaded with a compiled policy but attached to nothing: what benchmarks put packets to.
 * For counting, their maps exist once more in memory, where both hooks share what they share in an attachment.
 */
#ifndef LYNCXDP_BENCH_LOADED_H
#define LYNCXDP_BENCH_LOADED_H

#include <bpf/libbpf.h>

#include "interpreter.h"
#include "user/core/image/compile.h"

#define LX_MOST_MAPS 32

struct lx_loaded {
    struct bpf_object *objects[LX_HOOK_COUNT]; /* owned */
    struct lx_map_memory maps[LX_HOOK_COUNT][LX_MOST_MAPS];
    size_t map_counts[LX_HOOK_COUNT];
    struct lx_map_memory image_memory;
    int image, candidate; /* file descriptors of the inner maps, or -1 */
};

/* Before anything is measured: stays on one CPU, and leaves it to the caller to say what went wrong. */
void lx_loaded_prepare(void);

/* Loads the programs over `compiled`, which must live as long. Returns 0 or -errno. */
int lx_loaded_open(struct lx_loaded *loaded, const struct lx_compiled *compiled);
void lx_loaded_close(struct lx_loaded *loaded);

/* Puts a candidate beside it, as `update --shadow` does: of the same capacity. Returns 0 or -errno. */
int lx_loaded_shadow(struct lx_loaded *loaded, const struct lx_compiled *candidate);

const struct bpf_program *lx_loaded_program(const struct lx_loaded *loaded, enum lx_hook hook);

/*
 * Nanoseconds of CPU time a packet, the mean over `repeat` runs in the kernel; `verdict` receives what the program
 * returned last.
 */
int lx_time_packet(int program, const void *frame, uint32_t length, uint32_t repeat, double *nanoseconds,
                   uint32_t *verdict);

/* Counts instructions and helper calls of one packet (interpreter.h). What it leaves in the maps in memory stays. */
int lx_count_packet(struct lx_loaded *loaded, enum lx_hook hook, const void *frame, uint32_t length,
                    struct lx_execution *execution);

#endif
