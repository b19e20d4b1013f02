/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words that asked for a policy, "--name=value" or "--name" each, as they are kept beside it: what an update names
 * replaces what was asked before, and what it does not name stays.
 */
#ifndef LYNCXDP_CORE_REQUEST_WORDS_H
#define LYNCXDP_CORE_REQUEST_WORDS_H

#include "user/core/policy/row.h"

/*
 * Puts given words over kept ones. A given option replaces all kept words of that name, so a list is replaced as a
 * whole; `--set=NAME=...` does so for its NAME alone. An empty value (`--site=`, `--set=NAME=`) and `--no-NAME` just
 * take the kept ones away. Returns 0 or -ENOMEM, with the output untouched; the caller frees the words.
 */
int lx_request_merge(const struct lx_words *kept, const struct lx_words *given, struct lx_words *merged);

/*
 * Whether two requests ask for the same: the same options with the same values. In which order options stand makes no
 * difference, in which order one option's values stand does.
 */
bool lx_request_same(const struct lx_words *one, const struct lx_words *other);

/* The words in a text where each ends with a zero byte. -EINVAL when the last one does not; else as above. */
int lx_request_split(const char *text, size_t size, struct lx_words *words);

/* The words that asked for a published policy. Results as above. */
int lx_request_published(const struct lx_publication *publication, struct lx_words *words);

#endif
