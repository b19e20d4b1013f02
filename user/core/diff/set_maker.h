/* SPDX-License-Identifier: GPL-2.0-only */
/* Address sets made out of classes, each once however many regions need it. */
#ifndef LYNCXDP_CORE_SET_MAKER_H
#define LYNCXDP_CORE_SET_MAKER_H

#include "address_classes.h"

struct lx_set_maker {
    const struct lx_address_classes *classes;
    struct lx_rule_sets asked;   /* the sets of classes that were asked for */
    struct lx_prefix_set **sets; /* owned, by id in `asked` */
    size_t prefixes;             /* of all sets together */
};

/* Returns 0 or -ENOMEM. The classes must outlive the maker. */
int lx_set_maker_init(struct lx_set_maker *maker, const struct lx_address_classes *classes);
void lx_set_maker_free(struct lx_set_maker *maker);

/* The addresses of the classes in `bits`, a set of asked.words words. It belongs to the maker. */
int lx_set_maker_make(struct lx_set_maker *maker, const uint64_t *bits, const struct lx_prefix_set **set);

/* Hands over the sets that were made; the maker is then as good as freed. Returns how many they are. */
size_t lx_set_maker_finish(struct lx_set_maker *maker, struct lx_prefix_set ***sets);

#endif
