/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose an interface is, before something is attached to it: nobody's, or the reason why it is refused. */
#ifndef LYNCXDP_KERNEL_CLAIM_H
#define LYNCXDP_KERNEL_CLAIM_H

#include "user/kernel/link/interface.h"
#include "user/kernel/link/running.h"
#include "user/kernel/process/failure.h"

/*
 * Makes sure that an interface is nobody's, and tidies up what a killed command left there; `joined` is the directory
 * of the attachment that it comes to. To be called under the interface's lock. Returns 0 or -errno: -EEXIST when it has
 * an attachment, -EBUSY when a foreign program runs there.
 */
int lx_claim(const struct lx_interface *interface, const char *joined, struct lx_failure *failure);

/* Fails for a program that runs there, and beside which none can. */
int lx_fail_for_foreign(const struct lx_interface *interface, const struct lx_running *other,
                        struct lx_failure *failure);

#endif
