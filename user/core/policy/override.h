/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a site changes in the rows of the tables: a narrower far end, other ports, closed. The row stays the one that is
 * printed, with its id, its counters and its citation, and names the site's line.
 */
#ifndef LYNCXDP_CORE_OVERRIDE_H
#define LYNCXDP_CORE_OVERRIDE_H

#include "row.h"

/* The keys, in the order in which they are applied. One more is a line here, in override.c and in override_text.c. */
enum lx_override_key {
    LX_OVERRIDE_FROM,
    LX_OVERRIDE_TO,
    LX_OVERRIDE_PORT,
    LX_OVERRIDE_EXCEPT_PORT,
    LX_OVERRIDE_SOURCE_PORT,
    LX_OVERRIDE_EXCEPT_SOURCE_PORT,
    LX_OVERRIDE_CLOSED,
};

#define LX_OVERRIDE_KEYS (LX_OVERRIDE_CLOSED + 1)

/* An entry of `override:`, about every row that its pattern matches. All owned. */
struct lx_override {
    char *pattern; /* a row's id; in its last part, * stands for any letters */
    struct lx_place place;
    bool included;                            /* of a file that the site includes: the site's own keys win over it */
    struct lx_place places[LX_OVERRIDE_KEYS]; /* of the keys; line 0: the key is not given */
    struct lx_endpoint ends[2];               /* of LX_OVERRIDE_FROM and LX_OVERRIDE_TO */
    struct lx_ports ports[LX_OVERRIDE_KEYS];  /* of the keys that are about ports */
    bool closed;
};

struct lx_overrides {
    struct lx_override *items; /* owned */
    size_t count;
};

/* The most that a site may have. */
#define LX_OVERRIDE_LIMIT 4096

/* Whether the id of a row is meant. A row that opens nothing, for want of a port, is meant by its full id alone. */
bool lx_override_matches(const struct lx_override *override, const struct lx_row *row);

/* Whose key holds for a row, by key; NULL: nobody's. */
struct lx_overriding {
    const struct lx_override *by[LX_OVERRIDE_KEYS];
};

/* Called when a key is given twice for a row, by the site itself or by files that it includes. */
typedef void lx_override_twice(void *context, enum lx_override_key key, const struct lx_override *first,
                               const struct lx_override *second);

/* Finds them. Returns whether there is any. `twice` may be NULL. */
bool lx_override_find(const struct lx_overrides *overrides, const struct lx_row *row, struct lx_overriding *overriding,
                      lx_override_twice *twice, void *context);

/* Why a key cannot be applied to a row, as a sentence that follows the row's id; NULL when it can. */
const char *lx_override_problem(const struct lx_overriding *overriding, enum lx_override_key key,
                                const struct lx_row *row);

/*
 * Copies a row, as the overrides that were found for it change it. Keys that cannot be applied are left out: who reads
 * a site has had them diagnosed. Returns 0 or -ENOMEM.
 */
int lx_override_apply(const struct lx_overriding *overriding, const struct lx_row *row, struct lx_row *changed);

void lx_overrides_free(struct lx_overrides *overrides);

/* "from", "except-port", ... */
extern const char *const lx_override_key_names[LX_OVERRIDE_KEYS];

#endif
