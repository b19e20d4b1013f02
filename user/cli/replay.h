/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts every frame of a capture to a policy, and tells what it says of each and of all. */
#ifndef LYNCXDP_CLI_REPLAY_H
#define LYNCXDP_CLI_REPLAY_H

#include <lyncxdp/abi.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who judges. */
struct lx_judge {
    /* Judges a frame of 14 bytes or more. Returns an exit code after it has printed what is wrong; LX_NOT_JUDGED for a
     * frame that it cannot judge, and says nothing. */
    int (*judge)(void *context, const uint8_t *frame, size_t length, struct lx_judgement *judgement);
    void *context;
    const char *name; /* of the interface, or of the role */
    enum lx_hook hook;
    bool lenient;                      /* nothing is dropped, only counted */
    const struct lx_row_label *labels; /* LX_ROW_SLOTS */
};

#define LX_NOT_JUDGED (-1)

/* Replays the capture in a file ("-": standard input). Returns an exit code. */
int lx_replay(const char *path, const struct lx_judge *judge, bool json);

#endif
