/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of classes are interned like sets of rules; a new one is turned into prefixes at once. */
#include "set_maker.h"

#include <errno.h>
#include <stdlib.h>

#define MOST_BYTES (256u << 20)
#define MOST_PREFIXES (8u << 20)

int lx_set_maker_init(struct lx_set_maker *maker, const struct lx_address_classes *classes)
{
    struct lx_set_maker fresh = {.classes = classes};
    size_t words = classes->holders.count / 64 + 1;
    int error = lx_rule_sets_init(&fresh.asked, classes->holders.count, MOST_BYTES / (words * sizeof(uint64_t)));

    if (!error)
        *maker = fresh;
    return error;
}

size_t lx_set_maker_finish(struct lx_set_maker *maker, struct lx_prefix_set ***sets)
{
    size_t count = maker->sets ? maker->asked.count : 0;

    *sets = maker->sets;
    lx_rule_sets_free(&maker->asked);
    *maker = (struct lx_set_maker){0};
    return count;
}

void lx_set_maker_free(struct lx_set_maker *maker)
{
    struct lx_prefix_set **sets;
    size_t count = lx_set_maker_finish(maker, &sets);

    for (size_t i = 0; i < count; i++) {
        if (sets[i])
            free(sets[i]->items);
        free(sets[i]);
    }
    free(sets);
}

static struct lx_prefix_set *set_of_classes(const struct lx_set_maker *maker, const uint64_t *bits)
{
    uint32_t *ids = calloc(maker->classes->holders.count + 1, sizeof(*ids));
    struct lx_prefix_set *set;
    size_t count = 0;

    if (!ids)
        return NULL;
    for (size_t id = 0; (id = lx_rule_bits_next(bits, maker->asked.words, id)) != LX_NO_RULE; id++)
        ids[count++] = (uint32_t)id;
    set = lx_address_classes_set(maker->classes, ids, count);
    free(ids);
    return set;
}

int lx_set_maker_make(struct lx_set_maker *maker, const uint64_t *bits, const struct lx_prefix_set **set)
{
    uint32_t known = maker->asked.count, id;
    struct lx_prefix_set **sets = reallocarray(maker->sets, known + 1, sizeof(*sets));
    int error;

    if (!sets)
        return -ENOMEM;
    maker->sets = sets;
    sets[known] = NULL; /* in case the one that is made now cannot be made */
    error = lx_rule_sets_intern(&maker->asked, bits, &id);
    if (error)
        return error;
    if (id == known) {
        sets[id] = set_of_classes(maker, bits);
        if (!sets[id])
            return -ENOMEM;
        maker->prefixes += sets[id]->count;
        if (maker->prefixes > MOST_PREFIXES)
            return -E2BIG;
    }
    *set = sets[id];
    return 0;
}
