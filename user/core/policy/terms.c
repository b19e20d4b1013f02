/* SPDX-License-Identifier: GPL-2.0-only */
/* Declared names: how they are found and how they end. term_text.h reads them. */
#include "terms.h"

#include <stdlib.h>
#include <string.h>

const struct lx_term *lx_terms_find(const struct lx_terms *terms, const char *name)
{
    for (size_t i = 0; i < terms->count; i++)
        if (!strcmp(terms->items[i].name, name))
            return &terms->items[i];
    return NULL;
}

void lx_terms_free(struct lx_terms *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        free(terms->items[i].name);
        free(terms->items[i].text);
    }
    free(terms->items);
    *terms = (struct lx_terms){0};
}
