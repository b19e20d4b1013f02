/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of an attachment have counted. */
#ifndef LYNCXDP_KERNEL_COUNTERS_H
#define LYNCXDP_KERNEL_COUNTERS_H

#include "user/kernel/attachment/attachment.h"

/*
 * Sums the counters of all CPUs into `sum` (about two megabytes; the caller allocates). The packets of reason `row` are
 * those that a row credits and no other reason counts. Returns 0 or -errno.
 */
int lx_attachment_counters(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_counters *sum,
                           struct lx_failure *failure);

/*
 * The same into what an earlier call filled, or into zeroes, of the very same attachment: reads only those pages of
 * ports that have grown meanwhile.
 */
int lx_attachment_counters_again(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_counters *sum,
                                 struct lx_failure *failure);

#endif
