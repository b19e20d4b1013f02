/* SPDX-License-Identifier: GPL-2.0-only */
/* A BPF program loaded with a compiled policy but attached to nothing: what benchmarks put packets to. */
#ifndef LYNCXDP_BENCH_LOADED_H
#define LYNCXDP_BENCH_LOADED_H

#include <bpf/libbpf.h>

#include "interpreter.h"
#include "user/core/compile.h"

struct to_role;

struct lx_loaded {
    struct to_role *skeleton;
    int image; /* file descriptor of the inner map */
};

/* Loads the to-role program over `compiled`. Returns 0 or -errno. */
int lx_loaded_open(struct lx_loaded *loaded, const struct lx_compiled *compiled);
void lx_loaded_close(struct lx_loaded *loaded);

const struct bpf_program *lx_loaded_program(const struct lx_loaded *loaded);

/* Nanoseconds a packet, the kernel's own mean over `repeat` runs; `verdict` receives the program's return value. */
int lx_time_packet(int program, const void *frame, uint32_t length, uint32_t repeat, uint32_t *nanoseconds,
                   uint32_t *verdict);

/* Counts instructions and helper calls of one packet (interpreter.h). */
int lx_count_packet(const struct lx_loaded *loaded, const struct lx_compiled *compiled, const void *frame,
                    uint32_t length, struct lx_execution *execution);

#endif
