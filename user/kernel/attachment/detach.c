/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Detaching: the programs come off first and the pins go after them, so that a command killed in between leaves pins
 * that the next one finds and removes, never a program that nothing can find.
 */
#include "detach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"
#include "location.h"
#include "lock.h"
#include "publish.h"
#include "rebuild.h"
#include "user/kernel/link/link_settings.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/object/pins.h"
#include "user/kernel/process/namespace.h"
#include "user/kernel/process/privilege.h"

/* Stops one side in the namespace where it is now. One that is gone has taken its program with it. */
static int stop_side(const struct lx_metadata *now, enum lx_pair_side side, const char *directory,
                     struct lx_failure *failure)
{
    int error, came_from = lx_namespace_enter(now->netns);

    if (came_from == -ENOENT)
        return -ENOENT;
    if (came_from < 0)
        return lx_fail(failure, LX_EXIT_FAILED, -came_from, "cannot enter the interface's network namespace: %s",
                       strerror(-came_from));
    /* What this cannot do is taken off here, and removed below. */
    if (side == LX_OUTER && !now->member)
        lx_rebuild_recover(now->ifindex, directory, failure);
    error = side == LX_INNER ? lx_hooks_stop_inner(now, now->ifindex, directory, failure)
                             : lx_hooks_stop(now, directory, true, failure);
    lx_namespace_leave(came_from);
    return error;
}

/* An interface that was moved has its programs still. */
static int stop_both(struct lx_metadata *metadata, const char *directory, struct lx_failure *failure)
{
    struct lx_metadata inner = *metadata;
    int outer = 0, error = -ENOENT;

    if (metadata->magic)
        outer = lx_location_find(directory, metadata);
    if (inner.pair_ifindex)
        error = lx_location_find_inner(directory, &inner);
    if (!outer)
        outer = stop_side(metadata, LX_OUTER, directory, failure);
    if (outer && outer != -ENOENT && outer != -EUCLEAN)
        return outer;
    if (!error)
        error = stop_side(&inner, LX_INNER, directory, failure);
    return error == -ENOENT || (!error && outer == -EUCLEAN) ? outer : error;
}

/* True when it has come to nothing worse than that there was nothing to stop. */
static bool is_off(int error)
{
    return !error || error == -ENOENT || error == -EUCLEAN;
}

/* The interface that gives the attachment its name goes last: what is left of it is found by that. */
static int stop(const struct lx_pin_name *name, const char *directory, struct lx_failure *failure)
{
    struct lx_metadata metadata = {.netns = name->netns, .ifindex = name->ifindex, .vlan = name->vlan};
    struct lx_members members;
    int last, result = -ENOENT;

    lx_metadata_find(directory, &metadata);
    lx_members_find(directory, &members);
    for (size_t i = 0; i < members.count && is_off(result); i++) {
        last = stop_both(&members.items[i], directory, failure);
        result = last == -ENOENT || result == -EUCLEAN ? result : last;
    }
    if (!is_off(result))
        return result;
    last = stop_both(&metadata, directory, failure);
    return is_off(last) && (last == -ENOENT || result == -EUCLEAN) ? result : last;
}

int lx_leave(int map, const struct lx_metadata *member, const char *directory, struct lx_failure *failure)
{
    const struct lx_metadata none = {.member = member->member};
    struct lx_metadata now = *member;
    int error = stop_both(&now, directory, failure);

    return is_off(error) ? lx_publish_metadata(map, &none, failure) : error;
}

/* The indices of all interfaces of an attachment. Returns how many they are. */
static size_t list_interfaces(const struct lx_pin_name *name, const char *directory, unsigned ifindexes[2 * LX_MEMBERS])
{
    struct lx_metadata metadata = {0};
    struct lx_members members;
    size_t count = 0;

    lx_metadata_find(directory, &metadata);
    lx_members_find(directory, &members);
    ifindexes[count++] = name->ifindex;
    ifindexes[count++] = metadata.pair_ifindex;
    for (size_t i = 0; i < members.count; i++) {
        ifindexes[count++] = members.items[i].ifindex;
        ifindexes[count++] = members.items[i].pair_ifindex;
    }
    return count;
}

/* `what` is what a person calls it: an interface or a directory. */
static int detach(const char *directory, const char *what, struct lx_failure *failure)
{
    unsigned ifindexes[2 * LX_MEMBERS];
    char next[LX_PINS_PATH];
    struct lx_pin_name name;
    struct lx_locks locks = {0};
    bool stopped, pinned, left;
    int error;

    if (lx_pins_name(directory, &name))
        return lx_fail(failure, LX_EXIT_FAILED, EINVAL, "%s is not the directory of an attachment", directory);
    lx_pins_next(directory, next);
    error = lx_privilege_check("detaching", failure);
    if (error)
        return error;
    /* The way out is open where nothing can be locked, too. */
    error = lx_locks_take(&name, ifindexes, list_interfaces(&name, directory, ifindexes), &locks, failure);
    if (error == -EWOULDBLOCK)
        return error;
    error = stop(&name, directory, failure);
    left = error == -EUCLEAN;
    stopped = !error || left;
    if (error == -ENOENT || left)
        error = 0;
    if (!error && !lx_pins_look(next))
        error = lx_pins_remove(next, failure);
    pinned = !lx_pins_look(directory);
    error = error ?: lx_pins_remove(directory, failure); /* an empty root that a killed command left, too */
    if (!error && !pinned && !stopped)
        error = lx_bpffs_refuse_hidden(failure);
    if (!error && !pinned && !stopped)
        error = lx_fail(failure, LX_EXIT_FAILED, ENOENT, "nothing is attached to %s", what);
    lx_locks_free(&locks);
    if (!error && left)
        error = -EUCLEAN;
    return error;
}

static int detach_member(const struct lx_interface *interface, const char *directory, struct lx_metadata *first,
                         struct lx_failure *failure)
{
    unsigned ifindexes[2 * LX_MEMBERS];
    struct lx_locks locks = {0};
    struct lx_pin_name name;
    struct lx_metadata member;
    int error, map;

    if (lx_pins_name(directory, &name) || lx_metadata_find(directory, first) ||
        !lx_location_is_member(interface, directory, &member))
        return -ENOENT;
    error = lx_privilege_check("detaching", failure);
    error = error ?: lx_locks_take(&name, ifindexes, list_interfaces(&name, directory, ifindexes), &locks, failure);
    if (error)
        return error;
    lx_location_find(directory, first);
    lx_rebuild_recover(first->ifindex, directory, failure);
    map = lx_metadata_open(directory);
    error = map < 0 ? lx_fail_to_open(map, directory, interface->name, failure)
                    : lx_leave(map, &member, directory, failure);
    if (map >= 0)
        close(map);
    lx_locks_free(&locks);
    return error;
}

int lx_detach_member(const struct lx_interface *interface, struct lx_metadata *first, struct lx_failure *failure)
{
    char directory[LX_PINS_PATH];

    return detach_member(interface, lx_location_directory(interface, directory), first, failure);
}

int lx_detach(const struct lx_interface *interface, struct lx_failure *failure)
{
    char directory[LX_PINS_PATH], path[LX_PINS_PATH];
    struct lx_metadata beside;
    int error = detach(lx_location_directory(interface, directory), interface->name, failure);

    if (error == -ENOENT && lx_location_beside(interface, directory, &beside, path))
        return lx_fail_for_beside(interface, &beside, failure);
    return error;
}

int lx_detach_directory(const char *directory, struct lx_failure *failure)
{
    return detach(directory, directory, failure);
}

/* Whether the pins are those of an interface that is gone and had that name: in one namespace, or (0) in any. */
static bool left_by(const char *directory, const char *name, uint64_t netns)
{
    struct lx_metadata metadata;

    return !lx_metadata_find(directory, &metadata) && (!netns || metadata.netns == netns) &&
           !strcmp(lx_called(metadata.interface, metadata.vlan).text, name) &&
           lx_location_find(directory, &metadata) == -ENOENT;
}

/* Where `living`, also what goes on at interfaces that were filtered with it. */
static int detach_left_by(const char *name, uint64_t netns, bool living, struct lx_failure *failure)
{
    struct lx_words directories = {0};
    int error = lx_pins_list(&directories, failure), found = -ENOENT;

    for (size_t i = 0; i < directories.count && !error; i++) {
        if (!left_by(directories.items[i], name, netns) || (!living && lx_location_goes_on(directories.items[i], 0)))
            continue;
        error = lx_detach_directory(directories.items[i], failure);
        found = 0;
    }
    lx_words_free(&directories);
    return error ?: found;
}

void lx_detach_leftovers(const struct lx_interface *interface)
{
    detach_left_by(interface->name, interface->netns, false, NULL);
}

/* Strikes off one that is gone and was filtered with another. */
static int leave_by_name(const char *name, struct lx_failure *failure)
{
    struct lx_words directories = {0};
    struct lx_interface interface = {.netns = lx_namespace_own()};
    struct lx_metadata first;
    int error = lx_pins_list(&directories, failure), found = -ENOENT;

    snprintf(interface.device, sizeof(interface.device), "%s", name);
    for (size_t i = 0; i < directories.count && !error && found == -ENOENT; i++)
        found = detach_member(&interface, directories.items[i], &first, failure);
    lx_words_free(&directories);
    return error ?: found;
}

/* The interface of that name that went elsewhere, if one did. */
static bool went_elsewhere(const char *name, struct lx_metadata *now)
{
    struct lx_words directories = {0};
    bool found = false;

    lx_pins_list(&directories, NULL);
    for (size_t i = 0; i < directories.count && !found; i++)
        found = !lx_metadata_find(directories.items[i], now) && now->netns == lx_namespace_own() &&
                !strcmp(lx_called(now->interface, now->vlan).text, name) &&
                !lx_location_find(directories.items[i], now) && now->netns != lx_namespace_own();
    lx_words_free(&directories);
    return found;
}

int lx_detach_gone(const char *name, struct lx_failure *failure)
{
    char path[LX_NAMESPACE_PATH];
    struct lx_metadata now;
    int error = detach_left_by(name, 0, true, failure);

    if (error == -ENOENT)
        error = leave_by_name(name, failure);
    if (error == -ENOENT && went_elsewhere(name, &now) && !lx_namespace_path(now.netns, path))
        return lx_fail(failure, LX_EXIT_FAILED, EXDEV,
                       "%s was moved to another network namespace and is filtered there, as %s; take it off with: "
                       "nsenter --net=%s lyncxdp detach %s",
                       name, lx_called(now.interface, now.vlan).text, path, lx_called(now.interface, now.vlan).text);
    return error;
}
