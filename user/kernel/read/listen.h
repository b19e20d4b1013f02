/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listening to what attachments drop: samples through ring buffers of the listener's own, and a count of what there was
 * besides. An attachment has one listener at a time; one that is killed is forgotten within seconds.
 */
#ifndef LYNCXDP_KERNEL_LISTEN_H
#define LYNCXDP_KERNEL_LISTEN_H

#include "user/kernel/attachment/attachment.h"

struct lx_listening;

/* Is told of a sample; `index` is that of the attachment, in the order in which they were listened to. */
typedef void (*lx_heard)(void *context, size_t index, const struct lx_sample *sample);

/* Begins, with no attachment yet. Closed by lx_listen_close. Returns 0 or -errno. */
int lx_listen_open(lx_heard heard, void *context, struct lx_listening **listening, struct lx_failure *failure);

/*
 * Listens to one more. `wish` says to what; its `next` does not count. Needs root. LX_EXIT_BUSY (-EBUSY) while another
 * listens.
 */
int lx_listen_to(struct lx_listening *listening, const struct lx_attachment *attachment, const struct lx_wish *wish,
                 struct lx_failure *failure);

/* Waits for samples, at most so long, and hands them over. Returns how many there were, or -errno (-EINTR: a signal).
 * To be called every second at least, or the attachments take the listener for dead. */
int lx_listen_wait(struct lx_listening *listening, int milliseconds);

/* Whether an attachment is no more what was listened to: detached, attached anew, or with other maps since. */
bool lx_listen_lost(const struct lx_listening *listening, size_t index);

/* Wants no more samples; those that are on their way can still be waited for. */
void lx_listen_stop(struct lx_listening *listening);

/* What there was to be heard of an attachment so far. Returns 0 or -errno. */
int lx_listen_counts(const struct lx_listening *listening, size_t index, struct lx_listened *sum);

/* Stops, and leaves nothing behind. */
void lx_listen_close(struct lx_listening *listening);

#endif
