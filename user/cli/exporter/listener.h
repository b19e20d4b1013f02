/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket that listens at the ADDRESS:PORT that a person wrote. */
#ifndef LYNCXDP_CLI_LISTENER_H
#define LYNCXDP_CLI_LISTENER_H

#include <stdbool.h>

/* Room for "[address]:port" with a zone. */
#define LX_LISTENER_NAME 96

struct lx_listener {
    int socket;                  /* owned by whoever takes it */
    char name[LX_LISTENER_NAME]; /* where it listens, as it goes into a URL */
    bool loopback;               /* only this machine reaches it */
};

/*
 * Opens it. `where` is "127.0.0.1:9750", "[::1]:9750", or ":9750" for every address; port 0 leaves the choice to the
 * kernel. Returns an exit code (enum lx_exit) after it has printed what is wrong.
 */
int lx_listener_open(const char *where, struct lx_listener *listener);

#endif
