/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How an attachment is taken off without lyncxdp: by the commands of iproute2, for whoever is about to remove lyncxdp,
 * or has nothing left but a console.
 */
#ifndef LYNCXDP_CLI_DETACH_COMMANDS_H
#define LYNCXDP_CLI_DETACH_COMMANDS_H

/* Prints the commands for the attachment of those pins. Nothing is changed. */
void lx_print_detach_commands(const char *directory);

/* The same for what runs here and has lost its pins. */
void lx_print_orphan_commands(void);

#endif
