/* SPDX-License-Identifier: GPL-2.0-only */
/* What is asked of a frame before the policy: the VLANs and neighbours of struct lx_scope. */
#ifndef LYNCXDP_CORE_SCOPE_H
#define LYNCXDP_CORE_SCOPE_H

#include "image_writer.h"
#include "user/core/resolve/policy.h"

/* Writes it where a policy needs one; `offset` receives where. Returns 0, -ENOMEM or -E2BIG. */
int lx_scope_write(struct lx_image_writer *writer, const struct lx_policy *policy, uint32_t *offset);

#endif
