/* SPDX-License-Identifier: GPL-2.0-only */
/* Values that may stand alone or in a list: words, ports, addresses. One item and a list of one are the same. */
#ifndef LYNCXDP_CORE_ITEMS_H
#define LYNCXDP_CORE_ITEMS_H

#include "ports.h"
#include "unusable.h"
#include "user/core/text/schema.h"
#include "user/core/text/words.h"

/* The items of a node, which is a list or stands for itself: NULL at the end. */
const struct lx_node *lx_first_item(const struct lx_node *node);
const struct lx_node *lx_next_item(const struct lx_node *node, const struct lx_node *item);
size_t lx_count_items(const struct lx_node *node);

/* True when the node is a list that is not empty, or text; else diagnosed. `instead` says what to write. */
bool lx_expect_items(struct lx_reader *reader, const struct lx_node *node, const char *instead);

/* One address or prefix; false after a diagnostic. `unusable` shows which make no sense there. */
bool lx_read_prefix(struct lx_reader *reader, const struct lx_node *item, lx_unusable *unusable,
                    struct lx_prefix *prefix);

/* The following read one item or a list of them, and leave the output untouched unless all of it is right. */
bool lx_read_words(struct lx_reader *reader, const struct lx_node *node, const char *what, struct lx_words *words);
bool lx_read_ports(struct lx_reader *reader, const struct lx_node *node, struct lx_ports *ports);
/* `unusable` shows which addresses make no sense there. */
bool lx_read_prefixes(struct lx_reader *reader, const struct lx_node *node, lx_unusable *unusable,
                      struct lx_prefix **prefixes, size_t *count);

#endif
