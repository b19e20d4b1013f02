/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shadow of an attachment: what a candidate would change, which its programs count while the control word names the
 * candidate's slot. Nothing of it is there without a candidate.
 */
#ifndef LYNCXDP_KERNEL_SHADOW_H
#define LYNCXDP_KERNEL_SHADOW_H

#include "attachment.h"
#include "user/core/report/report_shadow.h"

/*
 * Makes ready for a candidate, which is counted from zero. The control word must not name one meanwhile. The caller
 * holds the attachment's lock. Returns 0 or -errno; what failed half-way is taken back.
 */
int lx_shadow_prepare(const struct lx_maps *maps, const char *directory, struct lx_failure *failure);

/* Removes what was counted. The control word must name no candidate any more. Nothing there is no error. */
int lx_shadow_remove(const struct lx_maps *maps, const char *directory, struct lx_failure *failure);

/* What a hook's shadow has counted: 0, -ENOENT without a candidate, or another -errno. lx_shadow_counts_free frees. */
int lx_shadow_read(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_shadow_counts *counts,
                   struct lx_failure *failure);
void lx_shadow_counts_free(struct lx_shadow_counts *counts);

#endif
