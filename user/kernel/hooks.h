/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two hooks of an attachment on its interface, to-role by XDP and from-role by tc: whether their programs are
 * there, and taking them off. The caller stands in the interface's network namespace.
 */
#ifndef LYNCXDP_KERNEL_HOOKS_H
#define LYNCXDP_KERNEL_HOOKS_H

#include <lyncxdp/abi.h>

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* 0 when the program that uses those counters stands at its hook, -ENOENT, or another -errno: it cannot be told. */
int lx_hook_look(enum lx_hook hook, unsigned ifindex, uint32_t counters_id);

/*
 * Takes off what runs of the attachment with those pins: the XDP program, the tc filter, the clsact qdisc if attaching
 * created it and nothing else stands on it. `orphans` takes off programs of ours that lost their pins, too. Returns 0
 * when there was a program, -ENOENT when there was none, or another -errno.
 */
int lx_hooks_stop(unsigned ifindex, const char *directory, bool orphans, struct lx_failure *failure);

#endif
