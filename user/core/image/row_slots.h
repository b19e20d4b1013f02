/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which counter each row of a policy gets when it takes the place of another. A row that was counted before keeps its
 * counter; a new one takes a counter that no policy in force uses.
 */
#ifndef LYNCXDP_CORE_ROW_SLOTS_H
#define LYNCXDP_CORE_ROW_SLOTS_H

#include "user/core/resolve/policy.h"

static inline bool lx_slot_set_has(const struct lx_slot_set *set, uint32_t slot)
{
    return set->words[slot / 64] >> (slot % 64) & 1;
}

static inline void lx_slot_set_add(struct lx_slot_set *set, uint32_t slot)
{
    set->words[slot / 64] |= UINT64_C(1) << (slot % 64);
}

/* What a slot is called that counts a row. Text that is too long is cut. */
void lx_row_label(const struct lx_row *row, struct lx_row_label *label);

/* Copies text into a field of the ABI, cut if need be, though never inside a UTF-8 character. NULL is empty. */
void lx_field_copy(char *field, size_t room, const char *text);

/*
 * Gives every rule of the policy its slot. `labels` are LX_ROW_SLOTS, as they are now; `live` are the slots that some
 * policy that is in force, or may come into force, counts in. First comes the slot that has the row's name, then slots
 * that nothing was ever counted in, then slots of rows that are gone, which are added to `reclaimed`: their counters
 * begin anew. Returns 0, -ENOSPC when there are too few, or -ENOMEM; the outputs are untouched unless 0.
 */
int lx_row_slots_assign(const struct lx_row_label *labels, const struct lx_slot_set *live, struct lx_policy *policy,
                        struct lx_slot_set *reclaimed);

#endif
