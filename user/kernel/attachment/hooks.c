/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes hooks off in the order that leaves nothing half in force: what drops packets first, what lets replies in last.
 */
#include "hooks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "location.h"
#include "publish.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/link_settings.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/object/pins.h"

int lx_metadata_complete(struct lx_metadata *metadata, enum lx_program program, const struct lx_maps *maps)
{
    bool inner = lx_is_at_inner(metadata, program);
    struct lx_running running;
    uint32_t counters;
    int error = lx_map_id(maps->fds[lx_map_of_counters(lx_program_hook(program))], &counters);

    error = error ?: lx_running_with_map(inner ? metadata->pair_ifindex : metadata->ifindex, counters, &running);
    if (error)
        return error;
    *(inner ? &metadata->pair_program_id : &metadata->program_id) = running.id;
    *(inner ? &metadata->pair_mode : &metadata->mode) = running.mode;
    *(inner ? &metadata->pair_dispatcher : &metadata->dispatcher) = running.dispatcher;
    return 0;
}

int lx_hooks_tcx(const struct lx_metadata *metadata, const struct lx_members *members, struct lx_tcx *first)
{
    int error = lx_has_filter(metadata) ? lx_tcx_at_egress(metadata->ifindex, first) : -ENOENT;

    for (size_t i = 0; i < members->count && error == -ENOENT; i++)
        if (lx_has_filter(&members->items[i]) && members->items[i].ifindex)
            error = lx_tcx_at_egress(members->items[i].ifindex, first);
    return error;
}

static int stop_xdp(unsigned ifindex, uint32_t map_id, bool orphans, struct lx_failure *failure)
{
    struct lx_running running;
    int error = lx_running_with_map(ifindex, map_id, &running);

    if (error == -ENOENT && orphans)
        error = lx_running_by_name(ifindex, &running);
    if (error == -ENOENT)
        return lx_running_stop_abandoned(ifindex, failure);
    if (!error)
        return lx_running_stop(ifindex, &running, failure);
    return error == -ENOENT ? error : lx_fail_to_look(error, "the interface", failure);
}

static int stop_filter(unsigned ifindex, uint32_t map_id, bool orphans, struct lx_failure *failure)
{
    struct lx_filter filter;
    int error = lx_filter_with_map(ifindex, map_id, &filter);

    if (error == -ENOENT && orphans)
        error = lx_filter_by_name(ifindex, &filter);
    if (!error)
        return lx_filter_detach(ifindex, &filter, failure);
    return error == -ENOENT ? error : lx_fail_to_look(error, "the interface", failure);
}

/* The program of a hook on the interface itself. */
static int stop_hook(const struct lx_metadata *metadata, const char *directory, enum lx_hook hook, bool orphans,
                     struct lx_failure *failure)
{
    uint32_t counters;
    int error = lx_pin_map_id(directory, lx_map_name(lx_map_of_counters(hook)), &counters);

    if (error)
        return lx_fail_to_look(error, "the interface", failure);
    return hook == lx_filter_hook(metadata) ? stop_filter(metadata->ifindex, counters, orphans, failure)
                                            : stop_xdp(metadata->ifindex, counters, orphans, failure);
}

/* What is to be undone when nothing is filtered on the interface any more is the business of what goes on there. */
static int hand_over(const struct lx_metadata *metadata, struct lx_metadata *beside, const char *directory,
                     struct lx_failure *failure)
{
    int error, map;

    if (!metadata->clsact && !metadata->restore)
        return 0;
    beside->clsact |= metadata->clsact;
    beside->restore |= metadata->restore;
    map = lx_metadata_open(directory);
    error = map < 0 ? lx_fail_to_open(map, directory, metadata->interface, failure)
                    : lx_publish_metadata(map, beside, failure);
    if (map >= 0)
        close(map);
    return error;
}

int lx_hooks_stop(const struct lx_metadata *metadata, const char *directory, bool orphans, struct lx_failure *failure)
{
    const struct lx_interface interface = lx_interface_of(metadata);
    const unsigned ifindex = metadata->ifindex;
    int error, stopped = -ENOENT, filter = -ENOENT;
    char path[LX_PINS_PATH];
    struct lx_metadata beside;
    bool created, shared = lx_location_beside(&interface, directory, &beside, path);

    for (int hook = 0; hook < LX_HOOK_COUNT; hook++) {
        error = stop_hook(metadata, directory, hook, orphans && !shared, failure);
        if (error && error != -ENOENT && error != -EUCLEAN)
            return error;
        if (hook == (int)lx_filter_hook(metadata))
            filter = error;
        if (stopped != -EUCLEAN && error != -ENOENT)
            stopped = error;
    }
    if (shared)
        return hand_over(metadata, &beside, path, failure) ?: stopped;
    /* A command that was killed may have created the qdisc and put nothing on it. Where the pins that would show are
     * lost, it is taken for ours if ours was the last filter on it. */
    created = metadata->magic ? metadata->clsact : !filter;
    error = created ? lx_clsact_remove(ifindex, failure) : 0;
    error = error ?: lx_link_settings_restore(metadata, LX_OUTER, ifindex, failure);
    return error ?: stopped;
}

int lx_hooks_stop_inner(const struct lx_metadata *metadata, unsigned ifindex, const char *directory,
                        struct lx_failure *failure)
{
    uint32_t from_role;
    int stopped, error = lx_pin_map_id(directory, lx_map_name(LX_MAP_FROM_ROLE_COUNTERS), &from_role);

    if (error)
        return lx_fail_to_look(error, "the interface", failure);
    /* Where that pin is lost, its name must do. */
    stopped = stop_xdp(ifindex, from_role, !from_role, failure);
    if (stopped && stopped != -ENOENT && stopped != -EUCLEAN)
        return stopped;
    error = lx_link_settings_restore(metadata, LX_INNER, ifindex, failure);
    return error ?: stopped;
}

int lx_hooks_stop_both(const struct lx_metadata *metadata, const char *directory, struct lx_failure *failure)
{
    int error = lx_hooks_stop(metadata, directory, false, failure);

    if (metadata->pair_ifindex && (!error || error == -ENOENT))
        error = lx_hooks_stop_inner(metadata, metadata->pair_ifindex, directory, failure);
    return error == -ENOENT ? 0 : error;
}

int lx_hooks_remove(const struct lx_metadata *metadata, const char *directory, struct lx_failure *failure)
{
    struct lx_members members;
    int error = 0;

    lx_members_find(directory, &members);
    for (size_t i = 0; i < members.count && !error; i++)
        error = lx_hooks_stop_both(&members.items[i], directory, failure);
    error = error ?: lx_hooks_stop_both(metadata, directory, failure);
    return error ?: lx_pins_remove(directory, failure);
}
