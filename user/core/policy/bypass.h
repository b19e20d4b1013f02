/* SPDX-License-Identifier: GPL-2.0-only */
/* What a site bypasses: neighbours behind the same pair, which are none of the filter's business. */
#ifndef LYNCXDP_CORE_BYPASS_H
#define LYNCXDP_CORE_BYPASS_H

#include <lyncxdp/image.h>

#include "address.h"
#include "user/core/text/schema.h"

/* The MAC addresses that an address is bound to, in order; count 0: it may be behind any. */
struct lx_bound {
    uint8_t cards[LX_NEIGHBOUR_CARDS][6];
    size_t count;
};

/* One of the addresses, as it is written. */
struct lx_bypass_entry {
    char *group;             /* owned; the group that it names, or NULL */
    struct lx_prefix prefix; /* where it names none */
    struct lx_bound bound;
    struct lx_place place;
};

struct lx_site_bypass {
    struct lx_bypass_entry *entries; /* owned */
    size_t count;
    bool has_vlans;
    uint8_t vlans[512]; /* bitmap by VLAN id */
    struct lx_place place;
};

/*
 * Reads `bypass:`. `file` is the owner's copy of the site's name, `judged` the bitmap of the VLANs that the site lists
 * as let in, or NULL.
 */
void lx_read_bypass(struct lx_reader *reader, const struct lx_node *node, const char *file, const uint8_t *judged,
                    struct lx_site_bypass *bypass);

void lx_site_bypass_free(struct lx_site_bypass *bypass);

#define LX_CARD_TEXT 18

/*
 * Reads "52:54:00:12:34:56", with hyphens as well. False, and nothing is written, when it is none, or a group's, or all
 * zeroes.
 */
bool lx_card_parse(const char *text, uint8_t card[6]);

/* "52:54:00:12:34:56". Returns `text`. */
char *lx_card_format(const uint8_t card[6], char text[LX_CARD_TEXT]);

#endif
