/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a policy: the file that was asked for and those it includes, which whoever asks for it opens. */
#ifndef LYNCXDP_CORE_POLICY_READER_H
#define LYNCXDP_CORE_POLICY_READER_H

#include <stdio.h>

#include "opener.h"
#include "policy_file.h"

/* How deep policy files may include each other, and how many may come together. */
#define LX_INCLUDE_DEPTH 8
#define LX_INCLUDE_FILES 64

/*
 * Reads a policy from a stream. All mistakes of the file are diagnosed in one run. Returns 0, -EINVAL when there was an
 * error, -ENOMEM, or -EIO; the output is untouched unless 0. Nothing can be included.
 */
int lx_policy_file_read(FILE *stream, const char *name, struct lx_policy_file *file,
                        struct lx_diagnostics *diagnostics);

/* The same for a policy that may include files. `top` stays the caller's. */
int lx_policy_file_load(const struct lx_opened *top, const struct lx_opener *opener, struct lx_policy_file *file,
                        struct lx_diagnostics *diagnostics);

#endif
