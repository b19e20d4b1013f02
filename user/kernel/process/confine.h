/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gives up for good what a process that only reads attachments does not need: capabilities, new privileges, and every
 * system call but those that it makes. Whoever takes such a process over can read what it may read, and no more.
 */
#ifndef LYNCXDP_KERNEL_CONFINE_H
#define LYNCXDP_KERNEL_CONFINE_H

#include "failure.h"

enum lx_confinement {
    LX_CONFINE_SERVER, /* answers on sockets that listen already; opens files for reading only */
    LX_CONFINE_WRITER, /* writes files, also into the directories of others; opens no socket */
};

/* Returns 0 or -errno. From then on this process is confined, whatever it returns. */
int lx_confine(enum lx_confinement confinement, struct lx_failure *failure);

#endif
