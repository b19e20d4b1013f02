/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network namespaces by inode: pins outlive the namespace that they were made in and are seen from every one, so what
 * acts on an attachment must first stand in the attachment's own namespace.
 */
#ifndef LYNCXDP_KERNEL_NAMESPACE_H
#define LYNCXDP_KERNEL_NAMESPACE_H

#include <stddef.h>
#include <stdint.h>

/* The inode of this thread's network namespace, or 0 when /proc is not there to show. */
uint64_t lx_namespace_own(void);

/*
 * Moves this thread into the namespace with that inode. Returns a file descriptor to come back with (lx_namespace_leave
 * closes it), -ENOENT when there is none such among the named ones and those of running processes, or another -errno.
 */
int lx_namespace_enter(uint64_t inode);

/* The same for the namespace that has that id in this one (rtnetlink's, as of the far end of a veth). */
int lx_namespace_enter_id(int id);

void lx_namespace_leave(int came_from);

/* Room for the path of a namespace. */
#define LX_NAMESPACE_PATH 512

/* A path by which others can enter it, of a named one under its name. Returns 0 or -ENOENT. */
int lx_namespace_path(uint64_t inode, char path[LX_NAMESPACE_PATH]);

/*
 * Calls `visit` in each namespace there is, once, until it returns other than 0. Returns what it returned last, or 0.
 * Those that cannot be entered are passed over.
 */
int lx_namespace_each(int (*visit)(void *data), void *data);

/* The name under which 'ip netns' knows a namespace. Returns 0 or -ENOENT: it has none. */
int lx_namespace_name(uint64_t inode, char *name, size_t room);

#endif
