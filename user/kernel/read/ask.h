/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions to the programs of an attachment: what they would make of a frame. */
#ifndef LYNCXDP_KERNEL_ASK_H
#define LYNCXDP_KERNEL_ASK_H

#include "user/kernel/attachment/attachment.h"

/* Frames up to this length the kernel lets anybody ask about; longer ones -EINVAL may answer. */
#define LX_LONGEST_QUESTION 3400

/* Puts a frame (at least 14 bytes) to a hook's dry run: the verdict of the policy in force, nothing counted or
 * recorded.
 */
int lx_attachment_ask(struct lx_attachment *attachment, enum lx_hook hook, const void *frame, size_t length,
                      struct lx_judgement *answer, struct lx_failure *failure);

#endif
