/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clocks. Programs read those of the machine, while a process may stand in a time namespace whose clocks are
 * others: whatever is compared with a time of theirs is read by the first ones, spans of a process's own by the last.
 */
#ifndef LYNCXDP_KERNEL_CLOCK_H
#define LYNCXDP_KERNEL_CLOCK_H

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC as packets see it: when flows were seen, samples taken. */
uint64_t lx_monotonic_ns(void);

/* The same by the coarse clock, which programs stamp flows with: never ahead of the next packet's. */
uint64_t lx_coarse_ns(void);

/* lx_monotonic_ns in milliseconds. */
uint64_t lx_monotonic_ms(void);

/* Milliseconds of CLOCK_BOOTTIME, the clock of deadlines, which goes on while the machine is suspended. */
uint64_t lx_boottime_ms(void);

/* Nanoseconds since a moment that stays the same for this process. */
uint64_t lx_elapsed_ns(void);

/* Nanoseconds that this thread has worked. */
uint64_t lx_worked_ns(void);

/* Nanoseconds of CLOCK_REALTIME. */
uint64_t lx_realtime_ns(void);

#endif
