/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking the kernel by netlink: each answer is read by the question's own callback. */
#ifndef LYNCXDP_KERNEL_NETLINK_H
#define LYNCXDP_KERNEL_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sends one dump request with the header of its type (ifinfomsg, tcmsg …) to rtnetlink, or to another bus, and hands
 * every message of the answer to `each`. Returns 0 or -errno.
 */
int lx_netlink_dump(uint16_t type, const void *header, size_t size, mnl_cb_t each, void *data);
int lx_netlink_dump_from(int bus, uint16_t type, const void *header, size_t size, mnl_cb_t each, void *data);

/* The same for the one thing that the header names: what a dump costs depends on how many there are. */
int lx_netlink_ask(uint16_t type, const void *header, size_t size, mnl_cb_t each, void *data);

#endif
