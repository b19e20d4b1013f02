/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes what is in force. Everything that can fail happens in a slot that no packet looks at; then one store switches
 * to it. A command that dies on the way has changed nothing, and the next one writes over what it left.
 */
#include "update.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detach.h"
#include "hooks.h"
#include "location.h"
#include "pick_up.h"
#include "publish.h"
#include "rebuild.h"
#include "restore.h"
#include "shadow.h"
#include "user/core/image/row_slots.h"
#include "user/core/resolve/request_words.h"
#include "user/kernel/link/link_settings.h"
#include "user/kernel/link/running.h"
#include "user/kernel/process/clock.h"
#include "user/kernel/process/privilege.h"

static int fail_to_open(int error, const struct lx_update *update, struct lx_failure *failure)
{
    const struct lx_interface *interface = update->interface;
    struct lx_metadata beside;
    char path[LX_PINS_PATH];

    if (error == -ENOENT && lx_bpffs_refuse_hidden(failure))
        return -ENOTSUP;
    if (error == -ENOENT && lx_location_beside(interface, update->directory, &beside, path))
        return lx_fail_for_beside(interface, &beside, failure);
    if (error == -ENOENT)
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT, "nothing is attached to %s; attach first", interface->name);
    return lx_fail_to_open(error, update->directory, interface->name, failure);
}

/* A change that no packet would see must not look as if it had been made. */
static int refuse_idle(struct lx_update *update, struct lx_failure *failure)
{
    struct lx_metadata metadata = update->metadata;
    uint32_t counters;
    int error = lx_map_id(update->maps.fds[LX_MAP_TO_ROLE_COUNTERS], &counters);

    metadata.ifindex = update->interface->index;
    error = error ?: lx_location_runs(&metadata, LX_HOOK_TO_ROLE, counters);
    if (error == -ENOENT && lx_location_goes_on(update->directory, 0)) {
        /* It is put back, or joins again if it was gone. */
        if (update->metadata.ifindex != update->interface->index)
            update->metadata.ifindex = 0;
        return 0;
    }
    if (error == -ENOENT)
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT,
                       "%s is not filtered: its program does not run on it any more; attach it again, which tidies up, "
                       "too",
                       update->interface->name);
    return error ? lx_fail_to_look(error, update->interface->name, failure) : 0;
}

/* The names that the interfaces have now. */
static void name_interfaces(struct lx_update *update)
{
    char name[LX_INTERFACE_NAME];

    memcpy(update->metadata.interface, update->interface->device, sizeof(update->metadata.interface));
    if (update->metadata.pair_ifindex && !lx_interface_name(update->metadata.pair_ifindex, name))
        memcpy(update->metadata.pair, name, sizeof(update->metadata.pair));
}

void lx_update_read_members(struct lx_update *update)
{
    lx_members_read(update->maps.fds[LX_MAP_METADATA], &update->members);
    for (size_t i = 0; i < update->members.count; i++)
        if (lx_location_find(update->directory, &update->members.items[i]) == -ENOENT ||
            update->members.items[i].netns != update->interface->netns)
            update->members.items[i].ifindex = 0;
}

/*
 * What only the role's own packets meet is put back: a change is to be seen by them, too. Of several interfaces, all
 * that is missing while one goes on.
 */
static int restore(struct lx_update *update, struct lx_failure *failure)
{
    int restored;

    if (!update->members.count)
        restored =
            lx_restore_from_role(&update->maps, update->directory, update->interface, &update->metadata, failure);
    else
        restored = lx_restore_member(&update->maps, update->directory, &update->metadata, failure);
    update->restored = restored > 0;
    for (size_t i = 0; i < update->members.count && restored >= 0; i++) {
        restored = lx_restore_member(&update->maps, update->directory, &update->members.items[i], failure);
        update->restored = update->restored || restored > 0;
    }
    if (restored < 0)
        return restored;
    if (update->restored && lx_metadata_read(&update->maps, &update->metadata))
        return fail_to_open(-EPROTO, update, failure);
    name_interfaces(update);
    lx_update_read_members(update);
    return 0;
}

static int read_publications(struct lx_update *update, struct lx_failure *failure)
{
    int error = 0;

    update->publications = calloc(LX_IMAGE_SLOTS, sizeof(*update->publications));
    if (!update->publications)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    for (uint32_t slot = 0; slot < LX_IMAGE_SLOTS && !error; slot++)
        error = lx_publication_read(&update->maps, slot, &update->publications[slot]);
    error = error ?: lx_control_read(&update->maps, &update->control);
    return error ? fail_to_open(error, update, failure) : 0;
}

static int store(struct lx_update *update, uint64_t word, struct lx_failure *failure)
{
    int error = lx_publish_control(update->maps.fds[LX_MAP_CONTROL], word, failure);

    if (!error)
        update->control = word;
    return error;
}

/* What a trial that ran out fell back to is the policy from now on. Packets see no difference. */
static int settle(struct lx_update *update, struct lx_failure *failure)
{
    uint64_t word = update->control;
    uint8_t fallback = lx_control_fallback(word);

    if (!lx_control_deadline(word) || lx_boottime_ms() < lx_control_deadline(word))
        return 0;
    update->ended = true;
    return store(update, lx_control_word(fallback, fallback, lx_control_shadow(word), 0), failure);
}

/* What a killed command did not let join to its end leaves again. */
static int tidy_up(struct lx_update *update, struct lx_failure *failure)
{
    int error = 0;

    for (size_t i = 0; i < update->members.count && !error; i++)
        if (!lx_location_joined(update->directory, &update->members.items[i]))
            error = lx_leave(update->maps.fds[LX_MAP_METADATA], &update->members.items[i], update->directory, failure);
    lx_update_read_members(update);
    return error;
}

static int refuse_unfinished(const struct lx_update *update, struct lx_failure *failure)
{
    if (lx_update_in_force(update)->generation)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, ENOENT,
                   "%s is not filtered: attaching it was interrupted; attach it again, which tidies up, too",
                   update->interface->name);
}

static int begin_locked(struct lx_update *update, struct lx_failure *failure)
{
    int error = lx_rebuild_recover(update->interface->index, update->directory, failure);

    if (error)
        return error;
    error = lx_pins_look(update->directory);
    error = error ?: lx_maps_open(update->directory, true, &update->maps);
    error = error ?: lx_metadata_read(&update->maps, &update->metadata);
    if (error)
        return fail_to_open(error, update, failure);
    name_interfaces(update);
    lx_update_read_members(update);
    error = refuse_idle(update, failure);
    error = error ?: read_publications(update, failure);
    error = error ?: refuse_unfinished(update, failure);
    error = error ?: tidy_up(update, failure);
    error = error ?: restore(update, failure);
    return error ?: settle(update, failure);
}

int lx_update_begin(const struct lx_interface *interface, struct lx_update *update, struct lx_failure *failure)
{
    struct lx_update begun = {.interface = interface, .maps = LX_MAPS_NONE};
    struct lx_pin_name name = {.netns = interface->netns, .ifindex = interface->index, .vlan = interface->vlan};
    int error = lx_privilege_check("changing a policy", failure);

    if (error)
        return error;
    lx_pins_name(lx_location_directory(interface, begun.directory), &name);
    if (lx_location_is_member(interface, begun.directory, &begun.metadata) &&
        !lx_metadata_find(begun.directory, &begun.metadata))
        return lx_fail(failure, LX_EXIT_USAGE, EINVAL, "%s is filtered with %s; name that one: lyncxdp update %s",
                       interface->name, begun.metadata.interface, begun.metadata.interface);
    if (lx_location_is_inner(interface, begun.directory))
        return lx_fail(failure, LX_EXIT_USAGE, EINVAL,
                       "%s is the inner side of a pair; name the outer one, which 'lyncxdp status %s' shows",
                       interface->name, interface->name);
    error = lx_lock_take(&name, &begun.lock, failure);
    if (error)
        return error;
    error = begin_locked(&begun, failure);
    if (error)
        lx_update_end(&begun);
    else
        *update = begun;
    return error;
}

void lx_update_end(struct lx_update *update)
{
    lx_maps_close(&update->maps);
    free(update->publications);
    update->publications = NULL;
    lx_lock_free(&update->lock);
}

const struct lx_publication *lx_update_in_force(const struct lx_update *update)
{
    return &update->publications[lx_control_in_force(update->control, lx_boottime_ms())];
}

int lx_update_request(const struct lx_update *update, struct lx_words *words, struct lx_failure *failure)
{
    int error = lx_request_published(lx_update_in_force(update), words);

    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, error == -EINVAL ? EPROTO : -error,
                   "cannot read the options that %s got its policy by: %s", update->interface->name,
                   error == -EINVAL ? "the pins are damaged; detach and attach anew" : strerror(-error));
}

static bool trial_pending(const struct lx_update *update)
{
    return lx_control_deadline(update->control) != 0;
}

/* True for a slot whose image is, or may come to be, in force or judged beside it. */
static bool is_live(uint64_t word, uint32_t slot, bool fallback)
{
    return slot == lx_control_active(word) || slot == lx_control_shadow(word) ||
           (fallback && slot == lx_control_fallback(word));
}

static struct lx_slot_set live_rows(const struct lx_update *update, bool fallback)
{
    struct lx_slot_set live = {0};

    for (uint32_t slot = 0; slot < LX_IMAGE_SLOTS; slot++)
        for (size_t i = 0; i < LX_ROW_SLOTS / 64 && is_live(update->control, slot, fallback); i++)
            live.words[i] |= update->publications[slot].rows.words[i];
    return live;
}

int lx_update_assign(struct lx_update *update, struct lx_policy *policy, struct lx_failure *failure)
{
    struct lx_row_label *labels = calloc(LX_ROW_SLOTS, sizeof(*labels));
    struct lx_slot_set live = live_rows(update, true);
    int error = labels ? lx_labels_read(&update->maps, labels) : -ENOMEM;

    update->drop_fallback = false;
    update->reclaimed = (struct lx_slot_set){0};
    if (!error)
        error = lx_row_slots_assign(labels, &live, policy, &update->reclaimed);
    if (error == -ENOSPC && !trial_pending(update)) {
        update->drop_fallback = true;
        live = live_rows(update, false);
        error = lx_row_slots_assign(labels, &live, policy, &update->reclaimed);
    }
    free(labels);
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot give %zu rows their counters: %s", policy->rule_count,
                   error == -ENOSPC
                       ? "the policies that may still come into force need them; confirm or roll back first"
                       : strerror(-error));
}

/* The slot that has been out of force for the longest time. There is one: no more than three are live. */
static uint32_t free_slot(const struct lx_update *update)
{
    uint32_t oldest = LX_IMAGE_SLOTS;

    for (uint32_t slot = 0; slot < LX_IMAGE_SLOTS; slot++)
        if (!is_live(update->control, slot, true) &&
            (oldest == LX_IMAGE_SLOTS ||
             update->publications[slot].generation < update->publications[oldest].generation))
            oldest = slot;
    return oldest;
}

static uint64_t next_generation(const struct lx_update *update)
{
    uint64_t last = 0;

    for (uint32_t slot = 0; slot < LX_IMAGE_SLOTS; slot++)
        if (update->publications[slot].generation > last)
            last = update->publications[slot].generation;
    return last + 1;
}

int lx_update_rebuild(struct lx_update *update, const struct lx_successor *successor, struct lx_failure *failure)
{
    const struct lx_predecessor old = {.ifindex = update->interface->index,
                                       .directory = update->directory,
                                       .maps = &update->maps,
                                       .metadata = &update->metadata,
                                       .members = &update->members};
    struct lx_maps maps;
    int error = lx_rebuild(&old, successor, failure);

    if (error)
        return error;
    error = lx_maps_open(update->directory, true, &maps);
    error = error ?: lx_metadata_read(&maps, &update->metadata);
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open %s: %s", update->directory, strerror(-error));
    lx_maps_close(&update->maps);
    update->maps = maps;
    lx_update_read_members(update);
    return 0;
}

/* Makes the attachment anew when the policy does not fit it, or its programs are not those of this lyncxdp. */
static int make_room(struct lx_update *update, const struct lx_proposal *proposal, struct lx_failure *failure)
{
    struct lx_successor successor = {.shape = update->maps.shape, .metadata = update->metadata};
    bool grows = proposal->compiled->capacity > successor.shape.capacity;

    if (grows)
        successor.shape.capacity = proposal->compiled->capacity;
    if (proposal->policy->egress != LX_EGRESS_OFF && !successor.shape.from_role) {
        successor.shape.from_role = grows = true;
        successor.shape.flows = LX_DEFAULT_FLOWS;
    }
    grows = grows || update->metadata.program_version != LX_PROGRAM_VERSION;
    return grows ? lx_update_rebuild(update, &successor, failure) : 0;
}

/*
 * A policy that lists VLANs needs their tags in the frames. An update that lists none leaves them there: what it
 * replaces may come back by itself. They are taken off again, if they were before, when the attachment goes.
 */
static int keep_tags_at(const struct lx_update *update, struct lx_metadata *metadata, bool force,
                        struct lx_failure *failure)
{
    struct lx_interface outer = lx_interface_of(metadata), inner = {.index = metadata->pair_ifindex};
    const uint32_t before = metadata->restore;
    int error;

    snprintf(inner.name, sizeof(inner.name), "%s", metadata->pair);
    error = lx_link_settings_look(&outer, inner.index ? &inner : NULL, LX_NEED_TAGS, metadata, failure);
    if (!error && metadata->restore != before)
        error = lx_publish_metadata(update->maps.fds[LX_MAP_METADATA], metadata, failure);
    return error ?: lx_link_settings_change(metadata, LX_NEED_TAGS, force, failure);
}

static int keep_tags(struct lx_update *update, const struct lx_proposal *proposal, struct lx_failure *failure)
{
    int error;

    if (!lx_policy_reads_tags(proposal->policy))
        return 0;
    error = keep_tags_at(update, &update->metadata, proposal->force, failure);
    for (size_t i = 0; i < update->members.count && !error; i++)
        if (update->members.items[i].ifindex)
            error = keep_tags_at(update, &update->members.items[i], proposal->force, failure);
    return error;
}

static struct lx_publishing candidate_of(const struct lx_update *update, const struct lx_proposal *proposal)
{
    return (struct lx_publishing){
        .policy = proposal->policy,
        .compiled = proposal->compiled,
        .request = proposal->request,
        .reclaimed = &update->reclaimed,
        .slot = free_slot(update),
        .generation = next_generation(update),
    };
}

/* Publishes what is proposed into a slot that no packet looks at. */
static int publish(struct lx_update *update, const struct lx_publishing *candidate, struct lx_failure *failure)
{
    uint8_t active = lx_control_active(update->control);
    int error = 0;

    /* Its rows' counters are about to count other rows: nothing may return to it from now on. */
    if (update->drop_fallback)
        error = store(update, lx_control_word(active, active, lx_control_shadow(update->control), 0), failure);
    error = error ?: lx_publish(&update->maps, candidate, failure);
    if (error)
        return error;
    error = lx_publication_read(&update->maps, candidate->slot, &update->publications[candidate->slot]);
    return error ? fail_to_open(error, update, failure) : 0;
}

/* Names another candidate, or none, beside what is in force. */
static int name_candidate(struct lx_update *update, uint8_t slot, struct lx_failure *failure)
{
    uint64_t word = update->control;

    return store(update,
                 lx_control_word(lx_control_active(word), lx_control_fallback(word), slot, lx_control_deadline(word)),
                 failure);
}

/*
 * A candidate is compared with the policy in force: with another one the counts begin anew. It is not compared until
 * the control word names it again, with the other policy.
 */
static int begin_anew(struct lx_update *update, struct lx_failure *failure)
{
    uint8_t shadow = lx_control_shadow(update->control);
    int error;

    if (shadow == LX_NO_SHADOW)
        return 0;
    error = name_candidate(update, LX_NO_SHADOW, failure);
    error = error ?: lx_shadow_prepare(&update->maps, update->directory, failure);
    if (error)
        name_candidate(update, shadow, NULL);
    return error;
}

static void pick_up(const struct lx_update *update, const struct lx_compiled *compiled)
{
    lx_pick_up(&update->maps, update->interface, compiled);
    for (size_t i = 0; i < update->members.count; i++) {
        const struct lx_interface interface = lx_interface_of(&update->members.items[i]);

        if (interface.index)
            lx_pick_up(&update->maps, &interface, compiled);
    }
}

int lx_update_commit(struct lx_update *update, const struct lx_proposal *proposal, struct lx_failure *failure)
{
    uint8_t active = lx_control_active(update->control), shadow = lx_control_shadow(update->control);
    uint8_t fallback = trial_pending(update) ? lx_control_fallback(update->control) : active;
    const struct lx_publishing candidate = candidate_of(update, proposal);
    bool looks = proposal->policy->egress != LX_EGRESS_OFF,
         looked = lx_update_in_force(update)->egress != LX_EGRESS_OFF;
    int error = make_room(update, proposal, failure);
    uint64_t replaced;

    error = error ?: keep_tags(update, proposal, failure);

    error = error ?: publish(update, &candidate, failure);
    if (!error && looks && (!looked || proposal->pick_up))
        pick_up(update, proposal->compiled);
    replaced = update->control;
    error = error ?: begin_anew(update, failure);
    if (error)
        return error;
    update->replaced = replaced;
    return store(update,
                 lx_control_word((uint8_t)candidate.slot, fallback, shadow,
                                 proposal->try_seconds ? lx_boottime_ms() + proposal->try_seconds * 1000ull : 0),
                 failure);
}

int lx_update_undo(struct lx_update *update, struct lx_failure *failure)
{
    return store(update, update->replaced, failure);
}

const struct lx_publication *lx_update_candidate(const struct lx_update *update)
{
    uint8_t shadow = lx_control_shadow(update->control);

    return shadow < LX_IMAGE_SLOTS ? &update->publications[shadow] : NULL;
}

int lx_update_candidate_image(const struct lx_update *update, struct lx_compiled *compiled, struct lx_failure *failure)
{
    int error = lx_compiled_read(&update->maps, lx_control_shadow(update->control), compiled);

    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the candidate: %s", strerror(-error));
}

/* Forgets the candidate and what was counted of it. */
static int discard(struct lx_update *update, struct lx_failure *failure)
{
    int error = name_candidate(update, LX_NO_SHADOW, failure);

    return error ?: lx_shadow_remove(&update->maps, update->directory, failure);
}

int lx_update_shadow(struct lx_update *update, const struct lx_proposal *proposal, struct lx_failure *failure)
{
    struct lx_publishing candidate;
    int error;

    if (proposal->policy->egress != LX_EGRESS_OFF && lx_update_in_force(update)->egress == LX_EGRESS_OFF)
        return lx_fail(failure, LX_EXIT_USAGE, EINVAL,
                       "what the role sends through %s is not looked at, so a candidate with --egress %s cannot be "
                       "compared; update --egress first, or load the candidate with --egress off",
                       update->interface->name, proposal->policy->egress == LX_EGRESS_TRACK ? "track" : "enforce");
    error = discard(update, failure);
    error = error ?: make_room(update, proposal, failure);
    error = error ?: keep_tags(update, proposal, failure);
    candidate = candidate_of(update, proposal);
    error = error ?: publish(update, &candidate, failure);
    error = error ?: lx_shadow_prepare(&update->maps, update->directory, failure);
    return error ?: name_candidate(update, (uint8_t)candidate.slot, failure);
}

int lx_update_promote(struct lx_update *update, struct lx_failure *failure)
{
    uint64_t word = update->control;
    int error;

    if (!lx_update_candidate(update))
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT,
                       "there is no candidate on %s; load one with: lyncxdp update %s --shadow ...",
                       update->interface->name, update->interface->name);
    if (trial_pending(update))
        return lx_fail(failure, LX_EXIT_FAILED, EBUSY, "a trial is pending on %s: confirm it or roll it back first",
                       update->interface->name);
    error = store(update, lx_control_word(lx_control_shadow(word), lx_control_active(word), LX_NO_SHADOW, 0), failure);
    return error ?: lx_shadow_remove(&update->maps, update->directory, failure);
}

int lx_update_confirm(struct lx_update *update, struct lx_failure *failure)
{
    uint64_t word = update->control;

    if (update->ended)
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT,
                       "too late: the trial on %s has run out, and what it fell back to stays in force",
                       update->interface->name);
    if (!trial_pending(update))
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT, "no trial is pending on %s", update->interface->name);
    return store(update,
                 lx_control_word(lx_control_active(word), lx_control_fallback(word), lx_control_shadow(word), 0),
                 failure);
}

int lx_update_rollback(struct lx_update *update, struct lx_failure *failure)
{
    uint64_t word = update->control;
    uint8_t fallback = lx_control_fallback(word);
    int error;

    if (update->ended)
        return 0;
    if (!trial_pending(update) && lx_update_candidate(update))
        return discard(update, failure);
    if (fallback == lx_control_active(word))
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT,
                       "there is nothing to return to on %s: what is in force has replaced nothing",
                       update->interface->name);
    error = begin_anew(update, failure);
    return error ?: store(update, lx_control_word(fallback, fallback, lx_control_shadow(word), 0), failure);
}
