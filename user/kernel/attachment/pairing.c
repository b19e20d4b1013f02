/* SPDX-License-Identifier: GPL-2.0-only */
/* The attachment is made anew in its own place (rebuild.h), with metadata that names the other inner side. */
#include "pairing.h"

#include <errno.h>
#include <string.h>

#include "claim.h"
#include "pair.h"
#include "user/kernel/link/link_settings.h"

struct lx_pairing lx_pairing_of(const struct lx_metadata *metadata)
{
    struct lx_pairing pairing = {.forward = metadata->forward};

    if (metadata->pair_ifindex)
        lx_interface_find(metadata->pair, &pairing.inner, NULL);
    return pairing;
}

bool lx_pairing_is(const struct lx_metadata *metadata, const struct lx_pairing *pairing)
{
    return metadata->pair_ifindex == pairing->inner.index && (metadata->forward != 0) == pairing->forward;
}

bool lx_pairing_fits(const struct lx_interface *outer, const struct lx_metadata *metadata,
                     const struct lx_members *members, const struct lx_pairing *pairing)
{
    if (members->count)
        return false;
    return !pairing->forward ||
           (metadata->from_role && (metadata->mode == LX_MODE_GENERIC || lx_pair_fits_natively(outer)));
}

/* What was changed of the old inner side is not the new one's to set back. */
static int describe(const struct lx_update *update, const struct lx_pairing *pairing, struct lx_successor *successor,
                    struct lx_failure *failure)
{
    const bool tags = lx_update_in_force(update)->traits & LX_TRAIT_VLANS;
    const struct lx_interface *inner = pairing->inner.index ? &pairing->inner : NULL;
    struct lx_metadata *metadata = &successor->metadata;

    *successor = (struct lx_successor){
        .shape = update->maps.shape,
        .metadata = update->metadata,
        .needs = (pairing->forward ? LX_NEED_FORWARD : 0) | (tags ? LX_NEED_TAGS : 0),
    };
    successor->shape.paired = inner != NULL;
    successor->shape.forward = pairing->forward;
    metadata->forward = pairing->forward;
    metadata->placement = inner ? LX_PLACEMENT_PAIR : LX_PLACEMENT_HOST;
    if (metadata->pair_ifindex != pairing->inner.index) {
        metadata->pair_ifindex = pairing->inner.index;
        metadata->pair_program_id = metadata->pair_mode = metadata->pair_dispatcher = 0;
        memcpy(metadata->pair, pairing->inner.device, sizeof(metadata->pair));
        lx_link_settings_forget_inner(metadata);
    }
    return lx_link_settings_look(update->interface, inner, successor->needs, metadata, failure);
}

static int claim(const struct lx_update *update, const struct lx_pairing *pairing, struct lx_failure *failure)
{
    int error = 0;

    if (!pairing->inner.index)
        return 0;
    error = lx_pair_check(update->interface, &pairing->inner, pairing->forward, failure);
    if (error || pairing->inner.index == update->metadata.pair_ifindex)
        return error;
    return lx_claim(&pairing->inner, update->directory, failure);
}

int lx_pairing_change(struct lx_update *update, const struct lx_pairing *pairing, struct lx_failure *failure)
{
    struct lx_successor successor;
    struct lx_locks locks;
    int error = lx_locks_take(&(struct lx_pin_name){.netns = update->interface->netns}, &pairing->inner.index, 1,
                              &locks, failure);

    if (error)
        return error;
    error = claim(update, pairing, failure);
    error = error ?: describe(update, pairing, &successor, failure);
    error = error ?: lx_update_rebuild(update, &successor, failure);
    lx_locks_free(&locks);
    return error;
}
