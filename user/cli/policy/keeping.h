/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where what applied well last is kept: a file for each interface, in a directory for each declaration. Nothing here
 * prints, and nothing of it is needed for filtering.
 */
#ifndef LYNCXDP_CLI_KEEPING_H
#define LYNCXDP_CLI_KEEPING_H

#include "user/core/policy/last_good.h"
#include "user/core/text/words.h"

#define LX_STATE_DIRECTORY "/var/lib/lyncxdp"
#define LX_LAST_GOOD_DIRECTORY LX_STATE_DIRECTORY "/last-good"

/* What a declaration is kept under: its real path. NULL: nothing can be kept of it, as of a pipe. The caller frees it.
 */
char *lx_keeping_source(const char *declaration);

/* What is kept of an interface of that declaration. Returns 0, -ENOENT: nothing, or another error number; -EINVAL: it
 * is damaged. */
int lx_keeping_read(const char *source, const char *interface, struct lx_last_good *kept);

/* Keeps it, whole or not at all, unless the same is kept already. Returns 0 or -errno. */
int lx_keeping_write(const struct lx_last_good *kept);

/* The interfaces of that declaration of which something is kept. Returns 0 or -ENOMEM. */
int lx_keeping_list(const char *source, struct lx_words *interfaces);

/* Keeps it no longer, nor what belongs to declarations that are no more. */
void lx_keeping_forget(const char *source, const char *interface);
void lx_keeping_tidy(void);

#endif
