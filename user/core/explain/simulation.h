/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Judges the frames of a capture one after the other as the programs would have, with what they would have remembered:
 * the flows that the role began and the datagrams that came in fragments. Time is the capture's, and its first frame is
 * when the programs were attached: what was running then is picked up as they would.
 */
#ifndef LYNCXDP_CORE_SIMULATION_H
#define LYNCXDP_CORE_SIMULATION_H

#include "probe.h"
#include "user/core/image/compile.h"

/*
 * What was seen so far; all zeroes: nothing. It grows with the flows of the capture, of which none gives way to
 * another: a program's table of flows is bounded.
 */
struct lx_simulation {
    void *flows, *datagrams;   /* owned */
    struct lx_flow_gate *gate; /* owned */
};

/* The hook that sees a frame go by: from-role when the policy knows its sender to be behind the role, and not its
 * destination. */
enum lx_hook lx_simulation_hook(const struct lx_compiled *compiled, const void *frame, size_t length);

/*
 * Judges the next frame that a hook sees, at a time in nanoseconds, and remembers what is to be remembered of it. The
 * policy is the same from the first frame to the last. Returns 0, or -ENOMEM and then has judged nothing.
 */
int lx_simulation_judge(struct lx_simulation *simulation, const struct lx_compiled *compiled, enum lx_hook hook,
                        const void *frame, size_t length, uint64_t now, struct lx_judgement *judgement);

/*
 * Judges any frame by a compiled policy, as the programs do when nothing is remembered: no flow has been recorded and
 * no first fragment has passed.
 */
struct lx_judgement lx_judge_offline(const struct lx_compiled *compiled, enum lx_hook hook, const void *frame,
                                     size_t length);

/* Forgets everything; the simulation is as new. */
void lx_simulation_free(struct lx_simulation *simulation);

#endif
