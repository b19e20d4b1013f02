/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One frame judged twice, by the data plane and by the oracle, and the two compared. The data plane gets a copy of the
 * frame that ends where its memory ends, so that AddressSanitizer sees any byte that it reads too much.
 */
#ifndef LYNCXDP_TESTS_AGREE_H
#define LYNCXDP_TESTS_AGREE_H

#include "oracle_memory.h"
#include "user/core/image/compile.h"

/* Sums of what was judged, by reason. */
struct agree_count {
    uint64_t frames;
    uint64_t reasons[LX_REASON_COUNT];
};

/*
 * Returns whether reason, row and the port that a drop is counted by are the same, and for an ordinary packet all that
 * is read of it either way. Nothing may be remembered meanwhile (programs_reset). On disagreement writes the frame and
 * both answers to stderr. `count` may be NULL.
 */
bool agree_on_frame(const struct lx_policy *policy, const struct lx_compiled *compiled, enum lx_hook hook,
                    const uint8_t *frame, size_t length, struct agree_count *count);

/*
 * The same for the next frame of a sequence, with what both remember of the frames before it: the programs' own tables
 * (programs.h) and the oracle's memory, whose clock both go by.
 */
bool agree_on_next(struct oracle_memory *memory, const struct lx_policy *policy, const struct lx_compiled *compiled,
                   enum lx_hook hook, const uint8_t *frame, size_t length, struct agree_count *count);

/* Whether programs and oracle remember the same flows, each with the same row, state and times. */
bool agree_on_flows(const struct oracle_memory *memory);

/* The same for row matching alone: one tuple against the rules of one hook. */
bool agree_on_tuple(const struct lx_policy *policy, const struct lx_compiled *compiled, enum lx_hook hook,
                    const struct oracle_tuple *tuple);

/* Whether the sum over all reasons is the number of frames. */
bool agree_count_is_whole(const struct agree_count *count);

/* Writes a frame in hexadecimal, with what is said about it, to stderr. */
void agree_report(enum lx_hook hook, const uint8_t *frame, size_t length, uint32_t reason, uint32_t row,
                  const struct oracle_verdict *expected);

const char *agree_reason_name(uint32_t reason);

#endif
