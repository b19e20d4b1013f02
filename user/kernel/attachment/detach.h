/* SPDX-License-Identifier: GPL-2.0-only */
/* Detaching: an interface is filtered no more, and nothing is left pinned. */
#ifndef LYNCXDP_KERNEL_DETACH_H
#define LYNCXDP_KERNEL_DETACH_H

#include <lyncxdp/abi.h>

#include "user/kernel/link/interface.h"
#include "user/kernel/process/failure.h"

/*
 * Takes the programs off the interface, then removes the pins. The inner interface of a pair stands for the pair.
 * -ENOENT when nothing is attached.
 */
int lx_detach(const struct lx_interface *interface, struct lx_failure *failure);

/*
 * The same of one interface, or pair, that is filtered with another: those go on. `first` receives what is known of the
 * interface that gives the attachment its name. -ENOENT, and nothing in `failure`, when it is none.
 */
int lx_detach_member(const struct lx_interface *interface, struct lx_metadata *first, struct lx_failure *failure);

/*
 * Takes off what runs on one that is filtered with another, and strikes it off the attachment's metadata, which is open
 * for writing. To be called under the lock.
 */
int lx_leave(int map, const struct lx_metadata *member, const char *directory, struct lx_failure *failure);

/* Removes an attachment by its directory, even when its interface or namespace is gone (detach --all). */
int lx_detach_directory(const char *directory, struct lx_failure *failure);

/*
 * Removes what is left of attachments to interfaces of that name that are gone, wherever they were. -ENOENT, and
 * nothing in `failure`, when there are none; -EXDEV when the interface is not gone but in another network namespace.
 */
int lx_detach_gone(const char *name, struct lx_failure *failure);

/* The same for the name and the namespace of an interface that is to be attached. What fails, stays. */
void lx_detach_leftovers(const struct lx_interface *interface);

#endif
