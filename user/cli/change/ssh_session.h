/* SPDX-License-Identifier: GPL-2.0-only */
/* The SSH session that this command was typed in, if it was. */
#ifndef LYNCXDP_CLI_SSH_SESSION_H
#define LYNCXDP_CLI_SSH_SESSION_H

#include <stdbool.h>

#include "user/core/explain/lockout.h"
#include "user/kernel/link/interface.h"

/* Looks for SSH_CONNECTION here, then in the processes that started this one: sudo does not hand it on. */
bool lx_ssh_session_find(struct lx_ssh_session *session);

/* More ways than a session's packets come to one interface. */
#define LX_SSH_PATHS 8

/*
 * How the session's packets may come to this interface: by it or by what stands on it, as the route back to the client
 * says, and the interface that has the server's address. Returns how many ways there are; 0: they come by another.
 */
size_t lx_ssh_session_paths(const struct lx_ssh_session *session, const struct lx_interface *interface,
                            struct lx_ssh_path paths[LX_SSH_PATHS]);

/* True when a policy would cut the session at that interface. `verdict` is that on the first packet that is dropped. */
bool lx_ssh_session_cut(const struct lx_ssh_session *session, const struct lx_interface *interface, enum lx_hook hook,
                        const struct lx_compiled *compiled, struct lx_ssh_verdict *verdict);

#endif
