/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether what a command is about to pin outlives the command, which is over at once. */
#ifndef LYNCXDP_CLI_LASTING_H
#define LYNCXDP_CLI_LASTING_H

/*
 * Refuses to attach where the pins would be lost with this command, and prints the command that works; warns where they
 * last as long as a shell's mounts. `words` are the command's own, from its verb on. Returns an exit code.
 */
int lx_check_lasting(int count, char *const *words);

#endif
