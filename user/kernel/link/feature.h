/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver does with packets by itself. Features have the kernel's names; ethtool(8) has shorter ones for some.
 * The caller stands in the interface's namespace.
 */
#ifndef LYNCXDP_KERNEL_FEATURE_H
#define LYNCXDP_KERNEL_FEATURE_H

#include <stdbool.h>

struct ifreq;

/* A request about an interface, whose name is put in. Returns 0 or -errno. */
int lx_interface_ioctl(unsigned long number, unsigned ifindex, struct ifreq *request);

/* Whether a feature is on: 1, 0 (or there is none of that name), or -errno. */
int lx_feature_on(unsigned ifindex, const char *feature);

/* Returns 0 or -errno: -EOPNOTSUPP when it cannot be changed. */
int lx_feature_set(unsigned ifindex, const char *feature, bool on);

#endif
