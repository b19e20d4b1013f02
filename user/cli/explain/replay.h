/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts every frame of a capture to a policy, and shows what it says of each and of all. */
#ifndef LYNCXDP_CLI_REPLAY_H
#define LYNCXDP_CLI_REPLAY_H

#include <lyncxdp/abi.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A frame of 14 bytes or more, and when it was captured: nanoseconds of CLOCK_REALTIME. */
struct lx_question {
    const uint8_t *frame;
    size_t length;
    uint64_t time;
};

struct lx_answer {
    enum lx_hook hook; /* that judged it; as it is given, that of frames which nobody judges */
    struct lx_judgement judgement;
    bool other_way; /* by its addresses, the other hook would have seen it */
};

/* Who judges. */
struct lx_judge {
    /* Returns an exit code after it has printed what is wrong; LX_NOT_JUDGED for a frame that it cannot judge, and says
     * nothing. */
    int (*judge)(void *context, const struct lx_question *question, struct lx_answer *answer);
    void *context;
    const char *name;                  /* of the interface, or of the role */
    uint8_t hooks;                     /* those that may judge: bits 1 << enum lx_hook */
    uint8_t permissive;                /* those where nothing is dropped, only counted */
    bool addresses_known;              /* `other_way` can be determined */
    const struct lx_row_label *labels; /* LX_ROW_SLOTS */
};

#define LX_NOT_JUDGED (-1)

/* Replays the capture in a file ("-": standard input). Returns an exit code. */
int lx_replay(const char *path, const struct lx_judge *judge, bool json);

#endif
