/* SPDX-License-Identifier: GPL-2.0-only */
/* Overrides from the text of a site. */
#ifndef LYNCXDP_CORE_OVERRIDE_TEXT_H
#define LYNCXDP_CORE_OVERRIDE_TEXT_H

#include "override.h"
#include "user/core/text/schema.h"

/*
 * Reads a mapping of patterns and appends what each says. `file` is the owner's copy of the file's name. After a
 * mistake the overrides are incomplete, but may be freed.
 */
void lx_read_overrides(struct lx_reader *reader, const struct lx_node *node, const char *file, bool included,
                       struct lx_overrides *overrides);

#endif
