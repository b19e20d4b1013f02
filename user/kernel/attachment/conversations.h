/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The conversations that the kernel knows to be running in this network namespace: its own sockets, and what it tracks
 * of others that cross it. Where the kernel was built without either, there are none to be reported.
 */
#ifndef LYNCXDP_KERNEL_CONVERSATIONS_H
#define LYNCXDP_KERNEL_CONVERSATIONS_H

#include <lyncxdp/flow.h>

/* One of them: `role` is the end that is here, or the one that began it. */
struct lx_conversation {
    struct lx_flow_ends ends;
    __u8 state; /* enum lx_flow_state */
};

typedef void (*lx_conversation_seen)(const struct lx_conversation *conversation, void *data);

/* A port of the host at which anybody may begin; `transport` is LX_TCP or LX_UDP. */
typedef void (*lx_port_seen)(__u8 transport, __u16 port, void *data);

/* The sockets that wait for others: TCP listeners, and UDP sockets that are connected with nobody. Returns 0 or -errno.
 */
int lx_listeners_see(lx_port_seen see, void *data);

/* The sockets that speak with somebody: who of the two began is not known. Returns 0 or -errno. */
int lx_sockets_see(lx_conversation_seen see, void *data);

/* What connection tracking knows, where it is in use: each from the end that began. Returns 0 or -errno. */
int lx_tracked_see(lx_conversation_seen see, void *data);

#endif
