/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs judge and remember, compiled for the host: their own pipeline (lyncxdp/decide.h) over plain
 * lists and a clock that the test sets. What is compared here with the oracle is what the kernel runs, remembered flows
 * and fragments included.
 */
#ifndef LYNCXDP_TESTS_PROGRAMS_H
#define LYNCXDP_TESTS_PROGRAMS_H

#include <stdint.h>

#include <lyncxdp/judge.h>

/* Nothing is remembered any more. */
void programs_reset(void);

void programs_set_clock(uint64_t nanoseconds);

/* Until when unlisted conversations may be from before attaching. */
void programs_pick_up_until(uint64_t nanoseconds);

/*
 * Judges a frame as a hook's program does, and remembers what it remembers. `packet` receives what was read of it,
 * `opened` whether the frame got as far as the second half of a judgement.
 */
struct lx_judgement programs_judge(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                                   struct lx_packet *packet, bool *opened);

/*
 * Its two ways, which remember nothing: the one of any packet, and the short one of ordinary packets; false when there
 * is more to this one.
 */
struct lx_judgement programs_ask_any(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                                     struct lx_packet *packet, bool *opened);
bool programs_ask_ordinary(const struct lx_view *view, enum lx_hook hook, const struct lx_frame *frame,
                           struct lx_packet *packet, struct lx_judgement *judgement);

/* Flows in the table, expired ones included, and how many were ever made since the last reset. */
uint64_t programs_flows(void);
uint64_t programs_flows_created(void);

/* The flow with this key, or NULL. */
const struct lx_flow *programs_flow(const struct lx_flow_ends *ends);

#endif
