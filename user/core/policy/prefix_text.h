/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes in the text of a file: one that stands anywhere, and whole lists of them, one a line. */
#ifndef LYNCXDP_CORE_PREFIX_TEXT_H
#define LYNCXDP_CORE_PREFIX_TEXT_H

#include <stdio.h>

#include "unusable.h"
#include "user/core/text/text.h"

/* Reads the word at a place of the text. Returns false after a diagnostic. `unusable` says which make no sense there.
 */
bool lx_prefix_read(const struct lx_text *text, struct lx_diagnostics *diagnostics, unsigned line, unsigned column,
                    const char *word, lx_unusable *unusable, struct lx_prefix *prefix);

/* What a list says. */
struct lx_prefix_list {
    struct lx_prefix *prefixes; /* owned, in the order of the file */
    size_t count;
    uint64_t date; /* of a comment `# date: 2026-10-01`, the last one: seconds since 1970 (UTC); 0: none */
};

/*
 * Reads a list: an address or prefix a line, comments from # to the end of a line, empty lines. A list without any is a
 * mistake. All mistakes are diagnosed in one run. Returns 0, -EINVAL, -ENOMEM or -EIO; the output is untouched unless
 * 0.
 */
int lx_prefix_list_read(FILE *stream, const char *name, lx_unusable *unusable, struct lx_prefix_list *list,
                        struct lx_diagnostics *diagnostics);

#endif
