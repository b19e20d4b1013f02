/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching: an interface or an inline pair begins to be filtered. */
#ifndef LYNCXDP_KERNEL_ATTACH_H
#define LYNCXDP_KERNEL_ATTACH_H

#include "attachment.h"
#include "pair.h"

struct lx_attach_choices {
    enum lx_mode_choice mode;
    uint32_t flows;                  /* entries of the flow table; 0: LX_DEFAULT_FLOWS */
    uint32_t try_seconds;            /* 0: for good; else everything passes, counted, unless confirmed in that time */
    const struct lx_words *request;  /* the words that asked for the policy, for a later update; NULL: not known */
    const struct lx_interface *pair; /* the inner interface of an inline pair, or NULL */
    const struct lx_wire *with;      /* what is filtered with it: pairs where it is one, */
    size_t with_count;               /* at most LX_MEMBERS - 1 */
    bool forward;                    /* the pair forwards by itself; the policy's egress must not be off then */
    bool behind;                     /* the role is behind the interface */
    bool force;                      /* a card that takes VLAN tags off frames, and does not let go of that, is borne */
};

/*
 * Attaches: loads, pins, publishes the image, labels the rows, lets the from-role programs to where they stand (unless
 * the policy's egress is off), so that flows that already run are known, and only then the to-role program. A failure
 * at any step leaves nothing behind. LX_EXIT_BUSY when the interface already has an attachment (-EEXIST), a foreign
 * program (-EBUSY) or another lyncxdp command at work
 * (-EWOULDBLOCK). `attached` receives the metadata.
 */
int lx_attach(const struct lx_interface *interface, const struct lx_policy *policy, const struct lx_compiled *compiled,
              const struct lx_attach_choices *choices, struct lx_metadata *attached, struct lx_failure *failure);

/*
 * Lets an interface, or a pair, join an attachment that filters, in a place of its metadata: to be called under the
 * attachment's lock. What was in force is at once in force there. On failure nothing is left there, and the place is
 * empty.
 */
int lx_join(const struct lx_maps *maps, const char *directory, const struct lx_wire *wire, uint32_t member,
            struct lx_failure *failure);

/* Puts the to-role program back onto an interface that has lost it, as its metadata shows. */
int lx_let_in_again(const struct lx_maps *maps, const char *directory, struct lx_metadata *metadata,
                    struct lx_failure *failure);

#endif
