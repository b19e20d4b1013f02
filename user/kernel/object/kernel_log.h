/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What libbpf and libxdp would print: kept instead, so that a failure can quote the kernel's own words (the verifier's
 * objection, a driver's reason) and nothing else reaches the terminal.
 */
#ifndef LYNCXDP_KERNEL_LOG_H
#define LYNCXDP_KERNEL_LOG_H

/* Begins listening, forgetting what was heard before. Called before every use of either library. */
void lx_kernel_log_begin(void);

/* The last lines heard on this thread, without the libraries' prefixes; "" for none. Valid until the next begin. */
const char *lx_kernel_log(void);

#endif
