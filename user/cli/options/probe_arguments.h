/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet that a person describes to `explain`: TRANSPORT SRC[:PORT] DST[:PORT], and TCP flags by name. */
#ifndef LYNCXDP_CLI_PROBE_ARGUMENTS_H
#define LYNCXDP_CLI_PROBE_ARGUMENTS_H

#include "user/core/explain/probe.h"

/* The source port of a packet that was described without one. */
#define LX_PROBE_SOURCE_PORT 49152

/*
 * Reads the three words; `flags` ("SYN,ACK") may be NULL, which for TCP means SYN. Returns an exit code, having printed
 * what is wrong.
 */
int lx_probe_read(char *const words[3], const char *flags, struct lx_probe *probe);

#endif
