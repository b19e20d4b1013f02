/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guard against locking oneself out: would a policy cut the SSH session that it is put in force from, and which
 * row of a site file would keep it? Pure; where the session and the interface come from is the caller's business.
 */
#ifndef LYNCXDP_CORE_LOCKOUT_H
#define LYNCXDP_CORE_LOCKOUT_H

#include "probe.h"
#include "user/core/image/compile.h"
#include "user/core/policy/address.h"
#include "user/core/resolve/policy.h"

struct lx_ssh_session {
    struct lx_address client, server;
    uint16_t client_port, server_port;
};

/*
 * Reads what sshd leaves in SSH_CONNECTION: "CLIENT PORT SERVER PORT", an IPv6 address perhaps with its zone. Returns
 * 0, or -EINVAL with the output untouched.
 */
int lx_ssh_session_parse(const char *text, struct lx_ssh_session *session);

/* How a session's packets come to an interface. */
struct lx_ssh_path {
    uint16_t vlans[2]; /* ids of the tags that they have there, the outermost first; 0: none */
    bool resolves;     /* the two ends find each other by ARP or neighbour discovery */
};

/* What a policy does to a session. */
struct lx_ssh_verdict {
    struct lx_judgement judgement;
    const char *packet; /* what was judged: "TCP", "ARP" or "neighbour discovery" */
};

/*
 * The verdict of a policy, at the hook where they arrive, on what the session needs from the client's side: its next
 * packet, and that the host is found. The first that is dropped; else that of its packet.
 */
struct lx_ssh_verdict lx_ssh_session_judge(const struct lx_ssh_session *session, const struct lx_ssh_path *path,
                                           enum lx_hook hook, const struct lx_compiled *compiled);

#define LX_SSH_ROW_TEXT 256

/*
 * Writes the line of a site file's `rows:` that lets the session in, at the address where it is even when that is none
 * of the role's own. Returns `text`.
 */
char *lx_ssh_session_row(const struct lx_ssh_session *session, const struct lx_policy *policy,
                         char text[LX_SSH_ROW_TEXT]);

#endif
