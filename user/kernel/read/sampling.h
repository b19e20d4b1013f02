/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples of what attachments drop, through ring buffers of the monitor's own, and a count of what there was
 * besides. An attachment has one monitor at a time; one that is killed is forgotten within seconds.
 */
#ifndef LYNCXDP_KERNEL_SAMPLING_H
#define LYNCXDP_KERNEL_SAMPLING_H

#include "user/kernel/attachment/attachment.h"

struct lx_sampling;

/* Takes a sample; `index` is that of the attachment, in the order in which they were listened to. */
typedef void (*lx_on_sample)(void *context, size_t index, const struct lx_sample *sample);

/* Begins, with no attachment yet. Closed by lx_sampling_close. Returns 0 or -errno. */
int lx_sampling_open(lx_on_sample on_sample, void *context, struct lx_sampling **sampling, struct lx_failure *failure);

/*
 * Listens to one more. `filter` says to what; its `next` does not count. Needs root. LX_EXIT_BUSY (-EBUSY) while
 * another listens.
 */
int lx_sampling_add(struct lx_sampling *sampling, const struct lx_attachment *attachment,
                    const struct lx_sample_filter *filter, struct lx_failure *failure);

/* Waits for samples, at most so long, and hands them over. Returns how many there were, or -errno (-EINTR: a signal).
 * To be called every second at least, or the attachments take the monitor for dead. */
int lx_sampling_wait(struct lx_sampling *sampling, int milliseconds);

/* Whether an attachment is no more what was listened to: detached, attached anew, or with other maps since. */
bool lx_sampling_lost(const struct lx_sampling *sampling, size_t index);

/* Wants no more samples; those that are on their way can still be waited for. */
void lx_sampling_stop(struct lx_sampling *sampling);

/* What there was to be heard of an attachment so far. Returns 0 or -errno. */
int lx_sampling_counts(const struct lx_sampling *sampling, size_t index, struct lx_sample_counts *sum);

/* Stops, and leaves nothing behind. */
void lx_sampling_close(struct lx_sampling *sampling);

#endif
