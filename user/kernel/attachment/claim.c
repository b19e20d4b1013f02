/* SPDX-License-Identifier: GPL-2.0-only */
/* Refuses first, and tidies up then: what is refused has changed nothing. */
#include "claim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hooks.h"
#include "location.h"
#include "rebuild.h"
#include "user/kernel/link/bond.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/pins.h"
#include "user/kernel/process/clock.h"
#include "user/kernel/process/namespace.h"

int lx_fail_for_foreign(const struct lx_interface *interface, const struct lx_running *other,
                        struct lx_failure *failure)
{
    if (other->lyncxdp)
        return lx_fail(failure, LX_EXIT_BUSY, EBUSY,
                       "%s runs lyncxdp's program %u without its pins (was " LX_BPFFS " unmounted?); "
                       "take it off with: lyncxdp detach %s",
                       interface->name, other->id, interface->name);
    return lx_fail(failure, LX_EXIT_BUSY, EBUSY,
                   "%s runs another XDP program, %u (%s), without libxdp's dispatcher, so that none can run beside it; "
                   "take it off with: ip link set dev %s %s off",
                   interface->device, other->id, other->name, interface->device,
                   other->mode == LX_MODE_GENERIC ? "xdpgeneric" : "xdpdrv");
}

static int fail_for_another(const struct lx_interface *interface, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_BUSY, EEXIST,
                   "lyncxdp is attached to %s already; change it with: lyncxdp update %s", interface->name,
                   interface->name);
}

/* Interfaces are moved between network namespaces with their XDP programs: this one perhaps, or the one that the pins
 * in its place belong to.
 */
static int refuse_moved(const struct lx_interface *interface, const char *own, const char *joined,
                        struct lx_failure *failure)
{
    struct lx_metadata metadata;
    char directory[LX_PINS_PATH], path[LX_NAMESPACE_PATH];

    if (strcmp(lx_location_directory(interface, directory), own))
        return strcmp(directory, joined) ? fail_for_another(interface, failure) : 0;
    if (lx_metadata_find(directory, &metadata) || lx_location_find(directory, &metadata) ||
        (metadata.netns == interface->netns && metadata.ifindex == interface->index))
        return 0;
    if (lx_namespace_path(metadata.netns, path))
        snprintf(path, sizeof(path), "NAMESPACE");
    return lx_fail(failure, LX_EXIT_BUSY, EBUSY,
                   "%s has the index of an interface that was moved to another network namespace and is filtered "
                   "there, as %s; take that one off first with: nsenter --net=%s lyncxdp detach %s",
                   interface->name, metadata.interface, path, metadata.interface);
}

static int refuse_inner_side(const struct lx_interface *interface, struct lx_failure *failure)
{
    struct lx_metadata metadata;
    char directory[LX_PINS_PATH];

    if (!lx_location_is_inner(interface, lx_location_directory(interface, directory)) ||
        lx_metadata_find(directory, &metadata))
        return 0;
    lx_location_find(directory, &metadata);
    return lx_fail(
        failure, LX_EXIT_BUSY, EEXIST,
        "%s is the inner side of the pair %s - %s; change the pair with: lyncxdp update %s, or take it off first "
        "with: lyncxdp detach %s",
        interface->name, metadata.interface, interface->name, metadata.interface, metadata.interface);
}

static int refuse_member(const struct lx_interface *interface, const char *joined, struct lx_failure *failure)
{
    struct lx_metadata metadata, member;
    char directory[LX_PINS_PATH];

    lx_location_directory(interface, directory);
    if (!strcmp(directory, joined) || !lx_location_is_member(interface, directory, &member) ||
        lx_metadata_find(directory, &metadata))
        return 0;
    lx_location_find(directory, &metadata);
    return lx_fail(failure, LX_EXIT_BUSY, EEXIST,
                   "%s is filtered with %s already; change both with: lyncxdp update %s, or take it off first with: "
                   "lyncxdp detach %s",
                   interface->name, metadata.interface, metadata.interface, interface->name);
}

/* Whether its interfaces had not all got their programs when the command died that attached it. */
static bool is_unfinished(const char *directory)
{
    struct lx_maps maps;
    struct lx_publication publication;
    uint64_t word;
    bool unfinished;

    if (lx_maps_open(directory, false, &maps))
        return false;
    unfinished = !lx_control_read(&maps, &word) &&
                 !lx_publication_read(&maps, lx_control_in_force(word, lx_boottime_ms()), &publication) &&
                 !publication.generation;
    lx_maps_close(&maps);
    return unfinished;
}

/* Refuses when an interface has an attachment; removes what is left of one that no longer runs. */
static int remove_stale(const struct lx_interface *interface, const char *directory, struct lx_failure *failure)
{
    uint32_t counters;
    struct lx_metadata metadata = {.ifindex = interface->index};
    int error;

    error = lx_rebuild_recover(interface->index, directory, failure);
    if (error || lx_pins_look(directory))
        return error;
    lx_metadata_find(directory, &metadata);
    metadata.ifindex = interface->index;
    error = lx_pin_map_id(directory, lx_map_name(LX_MAP_TO_ROLE_COUNTERS), &counters);
    error = error ?: lx_location_runs(&metadata, LX_HOOK_TO_ROLE, counters);
    if (!error && !is_unfinished(directory))
        return fail_for_another(interface, failure);
    if (error && error != -ENOENT)
        return lx_fail_to_look(error, interface->name, failure);
    return lx_hooks_remove(&metadata, directory, failure);
}

/* Asked before anything is tidied up: what is refused changes nothing. */
static int refuse_replacement(const struct lx_interface *interface, struct lx_failure *failure)
{
    struct lx_running other;

    if (!lx_running_alone(interface->index, &other) && !other.lyncxdp)
        return lx_fail_for_foreign(interface, &other, failure);
    return 0;
}

static int refuse_foreign(const struct lx_interface *interface, struct lx_failure *failure)
{
    struct lx_running other = {.lyncxdp = true};
    struct lx_filter filter;
    int error;

    /* One of ours that lost its pins may also stand behind a dispatcher, where another would run beside it. */
    error = lx_running_by_name(interface->index, &other);
    if (error == -ENOENT)
        error = lx_running_alone(interface->index, &other);
    if (error == -ENOENT) {
        error = lx_filter_by_name(interface->index, &filter);
        other.id = error ? 0 : filter.program;
    }
    if (!error)
        return lx_fail_for_foreign(interface, &other, failure);
    return error == -ENOENT ? 0 : lx_fail_to_look(error, interface->name, failure);
}

static int fail_for_sharing(const struct lx_interface *interface, const struct lx_metadata *beside,
                            struct lx_failure *failure)
{
    const struct lx_called called = lx_called(beside->interface, beside->vlan);

    if (!beside->vlan)
        return lx_fail(failure, LX_EXIT_BUSY, EEXIST,
                       "%s is filtered whole already, where VLAN %u would be judged twice; take that off first with: "
                       "lyncxdp detach %s",
                       called.text, interface->vlan, called.text);
    if (!interface->vlan)
        return lx_fail(failure, LX_EXIT_BUSY, EEXIST,
                       "of %s VLAN %u is filtered already, which would be judged twice; name another with --vlan, or "
                       "take that off first with: lyncxdp detach %s",
                       interface->name, beside->vlan, called.text);
    return lx_fail(failure, LX_EXIT_BUSY, EBUSY,
                   "%s is filtered by the single XDP program that %s can have here, because libxdp's dispatcher, which "
                   "runs several, did not load; attach to the devices of the VLANs instead (--mode generic), or run a "
                   "kernel that takes the dispatcher",
                   called.text, interface->device);
}

/* Whether what filters a VLAN of the interface, or the whole, lets another stand beside it. `beside`: there is one. */
static int refuse_beside(const struct lx_interface *interface, const char *joined, bool *beside,
                         struct lx_failure *failure)
{
    struct lx_interface whole = *interface;
    struct lx_metadata other;
    char directory[LX_PINS_PATH];

    *beside = lx_location_beside(interface, joined, &other, directory);
    if (*beside)
        return other.dispatcher && other.vlan && interface->vlan ? 0 : fail_for_sharing(interface, &other, failure);
    whole.vlan = 0;
    memcpy(whole.name, lx_called(whole.device, 0).text, sizeof(whole.name));
    return interface->vlan ? refuse_inner_side(&whole, failure) : 0;
}

int lx_claim(const struct lx_interface *interface, const char *joined, struct lx_failure *failure)
{
    const struct lx_pin_name name = {.netns = interface->netns, .ifindex = interface->index, .vlan = interface->vlan};
    char directory[LX_PINS_PATH];
    bool beside = false;
    int error = refuse_replacement(interface, failure);

    error = error ?: refuse_beside(interface, joined, &beside, failure);
    error = error ?: refuse_member(interface, joined, failure);
    error = error ?: lx_bond_refuse_twice(interface, failure);
    error = error ?: refuse_inner_side(interface, failure);
    error = error ?: refuse_moved(interface, lx_pins_path(&name, directory), joined, failure);
    error = error ?: remove_stale(interface, directory, failure);
    if (!beside)
        error = error ?: refuse_foreign(interface, failure);
    /* Nothing runs behind it any more. */
    error = error ?: lx_running_stop_abandoned(interface->index, failure);
    return error == -ENOENT ? 0 : error;
}
