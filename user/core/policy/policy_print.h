/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy in its canonical form: one file that includes nothing, every value in one fixed spelling, the rows of sets
 * written out in the roles that share them. It reads back as the same policy, and prints as the same text.
 */
#ifndef LYNCXDP_CORE_POLICY_PRINT_H
#define LYNCXDP_CORE_POLICY_PRINT_H

#include <stdio.h>

#include "override.h"
#include "policy_file.h"

/*
 * Writes the policy as YAML. Rows that the overrides change, unless these are NULL, are as a site makes them, with its
 * line in a comment. Returns 0, -ENOMEM, or -EIO when the stream took no more.
 */
int lx_policy_print(const struct lx_policy_file *file, const struct lx_overrides *overrides, FILE *stream);

#endif
