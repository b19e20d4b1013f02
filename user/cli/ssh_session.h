/* SPDX-License-Identifier: GPL-2.0-only */
/* The SSH session that this command was typed in, if it was. */
#ifndef LYNCXDP_CLI_SSH_SESSION_H
#define LYNCXDP_CLI_SSH_SESSION_H

#include <stdbool.h>

#include "../core/lockout.h"

/* Looks for SSH_CONNECTION here, then in the processes that started this one: sudo does not hand it on. */
bool lx_ssh_session_find(struct lx_ssh_session *session);

#endif
