/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that a policy declares with a line of text each: the documents that its rows cite, and what its options and
 * workloads stand for.
 */
#ifndef LYNCXDP_CORE_TERMS_H
#define LYNCXDP_CORE_TERMS_H

#include "user/core/text/diagnostic.h"

struct lx_term {
    char *name;
    char *text;  /* the title of a document; what an option or a workload is for */
    bool closed; /* an option that is off unless somebody opens it */
    struct lx_place place;
};

/* Owned, in the order in which they were declared. */
struct lx_terms {
    struct lx_term *items;
    size_t count;
};

/* The term of that name, or NULL. */
const struct lx_term *lx_terms_find(const struct lx_terms *terms, const char *name);

void lx_terms_free(struct lx_terms *terms);

#endif
