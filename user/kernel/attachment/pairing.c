/* SPDX-License-Identifier: GPL-2.0-only */
/* The attachment is made anew in its own place (rebuild.h), with metadata that names the other inner side. */
#include "pairing.h"

#include <errno.h>
#include <string.h>

#include "claim.h"
#include "user/kernel/link/link_settings.h"

struct lx_pair lx_pairing_of(const struct lx_metadata *metadata)
{
    struct lx_pair pair = {.forward = metadata->forward};

    if (metadata->pair_ifindex)
        lx_interface_find(metadata->pair, &pair.inner, NULL);
    return pair;
}

bool lx_pairing_is(const struct lx_metadata *metadata, const struct lx_pair *pair)
{
    return metadata->pair_ifindex == pair->inner.index && (metadata->forward != 0) == pair->forward;
}

bool lx_pairing_fits(const struct lx_metadata *metadata, const struct lx_members *members, const struct lx_pair *pair)
{
    if (members->count)
        return false;
    return !pair->forward ||
           (metadata->from_role && (metadata->mode == LX_MODE_GENERIC || lx_pair_fits_natively(&pair->outer)));
}

/* What was changed of the old inner side is not the new one's to set back. */
static int describe(const struct lx_update *update, const struct lx_pair *pair, struct lx_successor *successor,
                    struct lx_failure *failure)
{
    const bool tags = lx_update_in_force(update)->traits & LX_TRAIT_VLANS;
    const struct lx_interface *inner = pair->inner.index ? &pair->inner : NULL;
    struct lx_metadata *metadata = &successor->metadata;

    *successor = (struct lx_successor){
        .shape = update->maps.shape,
        .metadata = update->metadata,
        .needs = (pair->forward ? LX_NEED_FORWARD : 0) | (tags ? LX_NEED_TAGS : 0),
    };
    successor->shape.paired = inner != NULL;
    successor->shape.forward = pair->forward;
    metadata->forward = pair->forward;
    metadata->placement = inner ? LX_PLACEMENT_PAIR : LX_PLACEMENT_HOST;
    if (metadata->pair_ifindex != pair->inner.index) {
        metadata->pair_ifindex = pair->inner.index;
        metadata->pair_program_id = metadata->pair_mode = metadata->pair_dispatcher = 0;
        memcpy(metadata->pair, pair->inner.device, sizeof(metadata->pair));
        lx_link_settings_forget_inner(metadata);
    }
    return lx_link_settings_look(update->interface, inner, successor->needs, metadata, failure);
}

static int claim(const struct lx_update *update, const struct lx_pair *pair, struct lx_failure *failure)
{
    int error = 0;

    if (!pair->inner.index)
        return 0;
    error = lx_pair_check(update->interface, &pair->inner, pair->forward, failure);
    if (error || pair->inner.index == update->metadata.pair_ifindex)
        return error;
    return lx_claim(&pair->inner, update->directory, failure);
}

int lx_pairing_change(struct lx_update *update, const struct lx_pair *pair, struct lx_failure *failure)
{
    struct lx_successor successor;
    struct lx_locks locks;
    int error =
        lx_locks_take(&(struct lx_pin_name){.netns = update->interface->netns}, &pair->inner.index, 1, &locks, failure);

    if (error)
        return error;
    error = claim(update, pair, failure);
    error = error ?: describe(update, pair, &successor, failure);
    error = error ?: lx_update_rebuild(update, &successor, failure);
    lx_locks_free(&locks);
    return error;
}
