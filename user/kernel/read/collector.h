/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Collects what is known of all attachments for as long as its caller lives: they come and go, and each look reads only
 * what has changed since the last one. Needs to read the pins and nothing else; an attachment that is detached and
 * attached anew is another one.
 */
#ifndef LYNCXDP_KERNEL_COLLECTOR_H
#define LYNCXDP_KERNEL_COLLECTOR_H

#include "user/core/report/observed.h"
#include "user/core/text/words.h"
#include "user/kernel/process/failure.h"

struct lx_collected;

/* Zeroed, with the settings filled in: nothing seen yet. */
struct lx_collector {
    const struct lx_words *only;     /* setting: no others than these of this namespace; NULL: all there are */
    const struct lx_words *expected; /* setting: interfaces of this namespace that must be filtered; may be NULL */
    unsigned *wanted;                /* owned: the indexes of `only` at this look, 0 where there is none */
    bool all_ports;                  /* setting: a series for every port that has counted, as long as there is room */
    struct lx_collected **items;     /* owned */
    size_t count;
    const struct lx_observed **observed; /* owned: those of the items that can be distinguished by name, sorted */
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
int lx_collector_collect(struct lx_collector *collector, struct lx_failure *failure);

/* What was seen at the last look; valid until the next. */
struct lx_observations lx_collector_seen(const struct lx_collector *collector);

void lx_collector_free(struct lx_collector *collector); /* what it owns, not itself */

#endif
