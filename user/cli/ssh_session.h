/* SPDX-License-Identifier: GPL-2.0-only */
/* The SSH session that this command was typed in, if it was. */
#ifndef LYNCXDP_CLI_SSH_SESSION_H
#define LYNCXDP_CLI_SSH_SESSION_H

#include <stdbool.h>

#include "../core/lockout.h"
#include "../kernel/interface.h"

/* Looks for SSH_CONNECTION here, then in the processes that started this one: sudo does not hand it on. */
bool lx_ssh_session_find(struct lx_ssh_session *session);

/* True when the session's packets arrive at this interface: it has the server's address, or what has it is on top. */
bool lx_ssh_session_arrives_at(const struct lx_ssh_session *session, const struct lx_interface *interface);

#endif
