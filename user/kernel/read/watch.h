/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches all attachments for as long as its caller lives: they come and go, and each look reads only what has changed
 * since the last one. Needs to read the pins and nothing else; an attachment that is detached and attached anew is
 * another one.
 */
#ifndef LYNCXDP_KERNEL_WATCH_H
#define LYNCXDP_KERNEL_WATCH_H

#include "user/core/report/observed.h"
#include "user/core/text/words.h"
#include "user/kernel/process/failure.h"

struct lx_watched;

/* Zeroed, with the settings filled in: nothing seen yet. */
struct lx_watch {
    const struct lx_words *only;     /* setting: no others than these of this namespace; NULL: all there are */
    const struct lx_words *expected; /* setting: interfaces of this namespace that must be filtered; may be NULL */
    bool all_ports;                  /* setting: a series for every port that has counted, as long as there is room */
    struct lx_watched **items;       /* owned */
    size_t count;
    const struct lx_observed **observed; /* owned: those of the items that can be told apart by name, sorted */
    size_t observed_count;
    struct lx_words troubles; /* what is wrong, a sentence each; none: all is well */
    uint32_t flow_round;      /* flows are counted in turns: the number of this one */
    uint64_t flow_time;       /* and the CPU time that it has taken at this look, in nanoseconds */
    bool looked;              /* before */
};

/*
 * Looks at everything anew, and once more a moment later when a program is missing that was there: a command may be
 * about to take its pins away as well. A failure leaves what was seen before (no bpffs to read) or nothing (out of
 * memory). */
int lx_watch_look(struct lx_watch *watch, struct lx_failure *failure);

/* What was seen at the last look; valid until the next. */
struct lx_observations lx_watch_seen(const struct lx_watch *watch);

void lx_watch_free(struct lx_watch *watch); /* what it owns, not the watch itself */

#endif
