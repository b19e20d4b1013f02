/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking rtnetlink: one dump for each question, read by the question's own callback. */
#ifndef LYNCXDP_KERNEL_NETLINK_H
#define LYNCXDP_KERNEL_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sends one dump request with the header of its type (ifinfomsg, tcmsg …) and hands every message of the answer to
 * `each`. Returns 0 or -errno.
 */
int lx_netlink_dump(uint16_t type, const void *header, size_t size, mnl_cb_t each, void *data);

#endif
