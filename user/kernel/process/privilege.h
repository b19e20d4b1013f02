/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether this process may change what a network card runs, asked before anything is touched. */
#ifndef LYNCXDP_KERNEL_PRIVILEGE_H
#define LYNCXDP_KERNEL_PRIVILEGE_H

#include "failure.h"

/* Returns 0, or -EPERM with a sentence that begins with `deed` ("attaching", "detaching"). */
int lx_privilege_check(const char *deed, struct lx_failure *failure);

#endif
