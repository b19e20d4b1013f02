/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A change of an attachment's policy while it filters: begun under the lock, made with one store of the control word,
 * and undone by the data plane itself when it was a trial that nobody confirmed.
 */
#ifndef LYNCXDP_KERNEL_UPDATE_H
#define LYNCXDP_KERNEL_UPDATE_H

#include "attachment.h"
#include "lock.h"
#include "rebuild.h"
#include "user/core/image/compile.h"
#include "user/core/resolve/policy.h"
#include "user/kernel/object/pins.h"

/* The longest trial: a day. */
#define LX_LONGEST_TRIAL 86400

/* An attachment held for a change. What is read here cannot change under the holder, but for a trial that runs out. */
struct lx_update {
    const struct lx_interface *interface; /* borrowed */
    struct lx_lock lock;
    char directory[LX_PINS_PATH];
    struct lx_maps maps;
    struct lx_metadata metadata;
    struct lx_members members;           /* that are filtered with it, as they are now; index 0: it is gone */
    uint64_t control;                    /* the control word; a deadline in it: a trial is pending */
    uint64_t replaced;                   /* the control word that the commit replaced */
    struct lx_publication *publications; /* owned: of all slots */
    bool restored;                       /* what the role sends was not looked at, and is again */
    bool ended;                          /* a trial had run out: what it fell back to is the policy now */
    bool drop_fallback;                  /* the next policy needs the row slots of the fallback */
    struct lx_slot_set reclaimed;
};

/* What is to be put in force. */
struct lx_proposal {
    const struct lx_policy *policy; /* its rules have the slots of lx_update_assign */
    const struct lx_compiled *compiled;
    const struct lx_words *request; /* the words that asked for it */
    uint32_t try_seconds;           /* 0: for good; else it falls back unless it is confirmed in that time */
    bool force;                     /* as of struct lx_attach_choices */
    bool pick_up;                   /* what is running is picked up, as when attaching */
};

/*
 * Takes the attachment's lock and opens it. Refuses one that does not filter what arrives; what the role sends is
 * looked at again if somebody took that program off. The caller ends what has begun. Returns 0 or -errno: -ENOENT when
 * nothing is attached, -EWOULDBLOCK while another command is at work.
 */
int lx_update_begin(const struct lx_interface *interface, struct lx_update *update, struct lx_failure *failure);
void lx_update_end(struct lx_update *update);

/* Makes the attachment anew in its own place (rebuild.h); the update goes on with what is the attachment then. */
int lx_update_rebuild(struct lx_update *update, const struct lx_successor *successor, struct lx_failure *failure);

/* Finds anew what is filtered with its interface. */
void lx_update_read_members(struct lx_update *update);

/* What is in force. Borrowed. */
const struct lx_publication *lx_update_in_force(const struct lx_update *update);

/* The words that asked for what is in force. Caller frees. -EPROTO when they are damaged. */
int lx_update_request(const struct lx_update *update, struct lx_words *words, struct lx_failure *failure);

/* Gives the rules of a policy their counters. To be done before it is compiled. -ENOSPC when there are too few. */
int lx_update_assign(struct lx_update *update, struct lx_policy *policy, struct lx_failure *failure);

/*
 * Puts a policy in force: the next packet is judged by it, whole. What was in force is kept to fall back to; while a
 * trial is pending, that is what the trial would fall back to. On failure nothing has changed.
 */
int lx_update_commit(struct lx_update *update, const struct lx_proposal *proposal, struct lx_failure *failure);

/*
 * Takes back the commit that was made under this very lock: what was in force is again, on trial if it was, and so is
 * what it could fall back to, unless the commit needed its row slots. The rows that had to make room have lost their
 * counters.
 */
int lx_update_undo(struct lx_update *update, struct lx_failure *failure);

/*
 * Loads a candidate beside the policy in force, in the place of an earlier one: it is judged by, enforced never, and
 * what it would change is counted from zero (shadow.h). On failure an earlier candidate may be gone. -EINVAL when the
 * candidate looks at what the role sends and the attachment does not.
 */
int lx_update_shadow(struct lx_update *update, const struct lx_proposal *proposal, struct lx_failure *failure);

/* Puts the candidate in force. -ENOENT when there is none, -EBUSY while a trial is pending. */
int lx_update_promote(struct lx_update *update, struct lx_failure *failure);

/* The candidate beside the policy in force, or NULL. Borrowed. */
const struct lx_publication *lx_update_candidate(const struct lx_update *update);

/* Its image, as it is loaded. Freed by lx_compiled_free. */
int lx_update_candidate_image(const struct lx_update *update, struct lx_compiled *compiled, struct lx_failure *failure);

/* Makes a pending trial the policy. -ENOENT when none is pending. */
int lx_update_confirm(struct lx_update *update, struct lx_failure *failure);

/*
 * Ends a pending trial; without one, discards the candidate; without either, returns to what the last update replaced.
 * -ENOENT when there is nothing to return to.
 */
int lx_update_rollback(struct lx_update *update, struct lx_failure *failure);

#endif
