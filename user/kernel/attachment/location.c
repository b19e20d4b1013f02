/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recognises an attachment's interface by the programs on it: nothing else of an interface is its own for good. Only
 * where none of them runs its name must do.
 */
#include "location.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "place.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/process/namespace.h"

/* Of an interface whichever is filtered, or all. */
#define ANY_VLAN (~0u)

static bool hidden(int error)
{
    return error == -EPERM || error == -EACCES;
}

/* Whether an XDP program runs; a reader who may not look at programs gets what anybody can ask the interface. */
static int runs_xdp(unsigned ifindex, uint32_t counters_id, bool dispatcher, uint32_t program_id)
{
    struct lx_running running;
    int error = lx_running_with_map(ifindex, counters_id, &running);
    uint32_t id;

    if (!hidden(error))
        return error;
    id = lx_running_id(ifindex);
    /* A dispatcher's id says nothing of the programs behind it; that there is one must do. */
    return id && (dispatcher || id == program_id) ? 0 : -ENOENT;
}

static int runs_filter(unsigned ifindex, uint32_t counters_id)
{
    struct lx_filter filter;
    int error = lx_filter_with_map(ifindex, counters_id, &filter);

    return hidden(error) ? lx_filter_by_name(ifindex, &filter) : error;
}

int lx_location_runs(const struct lx_metadata *metadata, enum lx_hook hook, uint32_t counters_id)
{
    const enum lx_program program = hook == LX_HOOK_TO_ROLE ? LX_PROGRAM_TO_ROLE_XDP : LX_PROGRAM_FROM_ROLE_XDP;
    const unsigned place = lx_place_of_xdp(metadata, program);
    int error = 0;

    if (place && lx_is_at_inner(metadata, program))
        error = runs_xdp(place, counters_id, metadata->pair_dispatcher, metadata->pair_program_id);
    else if (place)
        error = runs_xdp(place, counters_id, metadata->dispatcher, metadata->program_id);
    return error || !lx_has_filter_of(metadata, hook) ? error : runs_filter(metadata->ifindex, counters_id);
}

/* The counters by which the programs on one side of an attachment are recognised; 0: none stands there. */
struct side {
    uint32_t xdp, filter;
};

/* 0 when it cannot be determined: then the name of the interface must do. */
static uint32_t counters_of(const char *directory, enum lx_hook hook)
{
    uint32_t id;

    return lx_pin_map_id(directory, lx_map_name(lx_map_of_counters(hook)), &id) ? 0 : id;
}

static struct side outer_side(const char *directory)
{
    const uint32_t to_role = counters_of(directory, LX_HOOK_TO_ROLE);
    const uint32_t from_role = counters_of(directory, LX_HOOK_FROM_ROLE);
    struct lx_metadata metadata;

    if (!lx_metadata_find(directory, &metadata) && lx_is_behind(&metadata))
        return (struct side){.xdp = from_role, .filter = to_role};
    return (struct side){.xdp = to_role, .filter = from_role};
}

static struct side inner_side(const char *directory)
{
    return (struct side){.xdp = counters_of(directory, LX_HOOK_FROM_ROLE)};
}

static bool runs_any(const struct lx_metadata *metadata, const struct side *side)
{
    return !runs_xdp(metadata->ifindex, side->xdp, metadata->dispatcher, metadata->program_id) ||
           (side->filter && !runs_filter(metadata->ifindex, side->filter));
}

/* In the namespace of the metadata: whether the interface in that place is still the one. Puts its name right. */
static bool still_there(const struct side *side, struct lx_metadata *metadata)
{
    char name[LX_INTERFACE_NAME];

    if (lx_interface_name(metadata->ifindex, name))
        return false;
    if (strcmp(name, metadata->interface) && !runs_any(metadata, side))
        return false;
    memcpy(metadata->interface, name, sizeof(metadata->interface));
    if (if_indextoname(metadata->pair_ifindex, name))
        memcpy(metadata->pair, name, sizeof(metadata->pair));
    return true;
}

struct wanted_program {
    const char *directory;
    const struct side *side;
    struct lx_metadata *metadata;
};

/* Whether an interface of this namespace is the place of another member, or of its inner side. */
static bool is_anothers(const struct wanted_program *wanted, unsigned ifindex)
{
    const uint64_t own = lx_namespace_own();
    struct lx_metadata first;
    struct lx_members members;
    bool others;

    lx_members_find(wanted->directory, &members);
    others = wanted->metadata->member && !lx_metadata_find(wanted->directory, &first) && first.netns == own &&
             (first.ifindex == ifindex || first.pair_ifindex == ifindex);
    for (size_t i = 0; i < members.count; i++)
        others = others || (members.items[i].member != wanted->metadata->member && members.items[i].netns == own &&
                            (members.items[i].ifindex == ifindex || members.items[i].pair_ifindex == ifindex));
    return others;
}

/* Looks through the interfaces of a namespace. Returns 1 when the program runs on one of them. */
static int look_here(void *data)
{
    struct wanted_program *wanted = data;
    struct if_nameindex *all = if_nameindex();
    struct lx_running running;
    struct lx_filter filter;
    int found = 0;

    for (struct if_nameindex *one = all; one && one->if_index && !found; one++) {
        if ((lx_running_with_map(one->if_index, wanted->side->xdp, &running) &&
             lx_filter_with_map(one->if_index, wanted->side->filter, &filter)) ||
            is_anothers(wanted, one->if_index))
            continue;
        found = 1;
        wanted->metadata->ifindex = one->if_index;
        wanted->metadata->netns = lx_namespace_own();
        snprintf(wanted->metadata->interface, sizeof(wanted->metadata->interface), "%s", one->if_name);
    }
    if (all)
        if_freenameindex(all);
    return found;
}

static int find(const char *directory, const struct side *side, struct lx_metadata *metadata)
{
    struct wanted_program wanted = {.directory = directory, .side = side, .metadata = metadata};
    int came_from = lx_namespace_enter(metadata->netns);
    bool there = false;

    if (came_from >= 0) {
        there = still_there(side, metadata);
        /* Another may have its index and its name, while it goes on elsewhere. */
        if (there && !runs_any(metadata, side))
            lx_namespace_each(look_here, &wanted);
        lx_namespace_leave(came_from);
    } else if (came_from != -ENOENT) {
        return 0; /* who may not enter it must take it as it was */
    }
    return there || lx_namespace_each(look_here, &wanted) == 1 ? 0 : -ENOENT;
}

int lx_location_find(const char *directory, struct lx_metadata *metadata)
{
    const struct side side = outer_side(directory);

    return find(directory, &side, metadata);
}

/* The inner side, reported as an attachment by itself. */
static struct lx_metadata as_inner(const struct lx_metadata *metadata)
{
    struct lx_metadata inner = *metadata;

    inner.ifindex = metadata->pair_ifindex;
    inner.program_id = metadata->pair_program_id;
    inner.dispatcher = metadata->pair_dispatcher;
    inner.pair_ifindex = 0;
    memcpy(inner.interface, metadata->pair, sizeof(inner.interface));
    return inner;
}

int lx_location_find_inner(const char *directory, struct lx_metadata *metadata)
{
    const struct side side = inner_side(directory);

    *metadata = as_inner(metadata);
    return find(directory, &side, metadata);
}

bool lx_location_is_inner(const struct lx_interface *interface, const char *directory)
{
    const struct side side = inner_side(directory);
    struct lx_members members;
    struct lx_metadata metadata;

    if (lx_metadata_find(directory, &metadata) || !metadata.pair_ifindex)
        return false;
    lx_members_find(directory, &members);
    for (size_t i = 0; i < members.count; i++)
        if (members.items[i].netns == interface->netns && members.items[i].pair_ifindex == interface->index)
            return true;
    metadata = as_inner(&metadata);
    if (metadata.netns == interface->netns && metadata.ifindex == interface->index)
        return true;
    metadata.ifindex = interface->index;
    return runs_any(&metadata, &side);
}

/* Whether the metadata is of an interface of that name that is gone. */
static bool left_by(const struct lx_metadata *metadata, const struct lx_interface *interface)
{
    char name[LX_INTERFACE_NAME];

    return metadata->netns == interface->netns && !strcmp(metadata->interface, interface->device) &&
           (lx_interface_name(metadata->ifindex, name) || strcmp(name, interface->device) != 0);
}

bool lx_location_is_member(const struct lx_interface *interface, const char *directory, struct lx_metadata *member)
{
    struct lx_members members;

    lx_members_find(directory, &members);
    for (size_t i = 0; i < members.count; i++) {
        *member = members.items[i];
        if ((interface->index && member->pair_ifindex == interface->index && member->netns == interface->netns) ||
            left_by(member, interface))
            return true;
        if (!lx_location_find(directory, member) && member->netns == interface->netns &&
            member->ifindex == interface->index)
            return true;
    }
    return false;
}

bool lx_location_joined(const char *directory, const struct lx_metadata *member)
{
    return !member->joining || !lx_location_runs(member, LX_HOOK_TO_ROLE, counters_of(directory, LX_HOOK_TO_ROLE));
}

bool lx_location_goes_on(const char *directory, uint32_t without)
{
    const struct side side = outer_side(directory);
    struct lx_members members;
    struct lx_metadata metadata;
    bool runs;

    lx_members_find(directory, &members);
    runs = members.count && without && !lx_metadata_find(directory, &metadata) && runs_any(&metadata, &side);
    for (size_t i = 0; i < members.count && !runs; i++)
        runs = members.items[i].member != without && runs_any(&members.items[i], &side);
    return runs;
}

/* Whether an interface was gone and is there again, while what was filtered with it goes on. */
static bool is_back(const struct lx_interface *interface, const char *directory)
{
    struct lx_members members;
    struct lx_metadata metadata;

    lx_members_find(directory, &members);
    if (!members.count || lx_metadata_find(directory, &metadata))
        return false;
    for (size_t i = 0; i < members.count; i++)
        if (left_by(&members.items[i], interface))
            return lx_location_goes_on(directory, members.items[i].member);
    return left_by(&metadata, interface) && lx_location_goes_on(directory, 0);
}

/* Whether the pins in a directory are those of an interface of this namespace, or of the VLAN of it that is meant. */
static bool belongs(const struct lx_interface *interface, const char *directory)
{
    const struct side side = outer_side(directory);
    struct lx_metadata metadata;

    if (lx_metadata_find(directory, &metadata) || (interface->vlan != ANY_VLAN && interface->vlan != metadata.vlan))
        return false;
    metadata.ifindex = interface->index;
    return runs_any(&metadata, &side) || lx_location_is_inner(interface, directory) || is_back(interface, directory);
}

char *lx_location_directory(const struct lx_interface *interface, char path[LX_PINS_PATH])
{
    const struct lx_pin_name own = {.netns = interface->netns,
                                    .ifindex = interface->index,
                                    .vlan = interface->vlan == ANY_VLAN ? 0 : interface->vlan};
    struct lx_words others = {0};
    struct lx_failure failure;

    lx_pins_path(&own, path);
    if (belongs(interface, path) || lx_pins_list(&others, &failure))
        return path;
    for (size_t i = 0; i < others.count; i++) {
        if (strlen(others.items[i]) >= LX_PINS_PATH || !belongs(interface, others.items[i]))
            continue;
        strcpy(path, others.items[i]);
        break;
    }
    lx_words_free(&others);
    return path;
}

bool lx_location_beside(const struct lx_interface *interface, const char *directory, struct lx_metadata *beside,
                        char path[LX_PINS_PATH])
{
    struct lx_words all = {0};
    struct lx_failure failure;
    struct lx_metadata other;
    bool found = false;

    if (lx_pins_list(&all, &failure))
        return false;
    for (size_t i = 0; i < all.count && !found; i++) {
        const char *one = all.items[i];
        const struct side side = outer_side(one);

        if (!strcmp(one, directory) || strlen(one) >= LX_PINS_PATH || lx_metadata_find(one, &other))
            continue;
        other.ifindex = interface->index;
        found = (other.vlan || interface->vlan) && runs_any(&other, &side);
        if (found) {
            *beside = other;
            strcpy(path, one);
        }
    }
    lx_words_free(&all);
    return found;
}

int lx_fail_for_beside(const struct lx_interface *interface, const struct lx_metadata *beside,
                       struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, ENOENT, "nothing is attached to %s; what is filtered there is called %s",
                   interface->name, lx_called(beside->interface, beside->vlan).text);
}

static bool orphaned(const struct lx_interface *interface)
{
    char path[LX_PINS_PATH];
    struct lx_running running;
    struct lx_filter filter;

    if (lx_running_by_name(interface->index, &running) && lx_filter_by_name(interface->index, &filter))
        return false;
    return !belongs(interface, lx_location_directory(interface, path));
}

unsigned lx_orphan_after(unsigned index, char name[LX_INTERFACE_NAME])
{
    struct lx_interface interface = {.netns = lx_namespace_own(), .vlan = ANY_VLAN};
    struct if_nameindex *all = if_nameindex();
    unsigned found = 0;

    for (struct if_nameindex *one = all; one && one->if_index; one++) {
        interface.index = one->if_index;
        if (one->if_index <= index || (found && one->if_index >= found) || !orphaned(&interface))
            continue;
        found = one->if_index;
        snprintf(name, LX_INTERFACE_NAME, "%s", one->if_name);
    }
    if (all)
        if_freenameindex(all);
    return found;
}
