/* SPDX-License-Identifier: GPL-2.0-only */
/* Each has a place of its own in the metadata: written before its programs go on, struck off after they are off. */
#include "members.h"

#include <errno.h>
#include <string.h>

#include "detach.h"

/* By its name, which stays when an interface is gone. */
static bool is_wire(const struct lx_metadata *member, const struct lx_wire *wire)
{
    return !strncmp(member->interface, wire->interface.device, sizeof(member->interface)) &&
           !strncmp(member->pair, wire->pair.device, sizeof(member->pair));
}

static bool is_among(const struct lx_metadata *member, const struct lx_wire *wires, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_wire(member, &wires[i]))
            return true;
    return false;
}

static bool has_joined(const struct lx_members *members, const struct lx_wire *wire)
{
    for (size_t i = 0; i < members->count; i++)
        if (is_wire(&members->items[i], wire))
            return true;
    return false;
}

bool lx_members_are(const struct lx_members *members, const struct lx_wire *wires, size_t count)
{
    bool are = members->count == count;

    for (size_t i = 0; i < count && are; i++)
        are = has_joined(members, &wires[i]);
    return are;
}

/* The first place that nobody has, or LX_MEMBERS. */
static uint32_t free_place(const struct lx_members *members)
{
    uint32_t place = 1;

    while (lx_members_at(members, place))
        place++;
    return place;
}

static void join_again(const struct lx_update *update, const struct lx_metadata *member)
{
    struct lx_wire wire;

    if (!lx_wire_find(member, &wire))
        lx_join(&update->maps, update->directory, &wire, member->member, NULL);
}

void lx_members_take_back(struct lx_update *update, const struct lx_members *before)
{
    for (size_t i = 0; i < update->members.count; i++) {
        const struct lx_metadata *member = &update->members.items[i];

        if (!lx_members_at(before, member->member))
            lx_leave(update->maps.fds[LX_MAP_METADATA], member, update->directory, NULL);
    }
    for (size_t i = 0; i < before->count; i++)
        if (!lx_members_at(&update->members, before->items[i].member))
            join_again(update, &before->items[i]);
    lx_update_read_members(update);
}

int lx_members_add(struct lx_update *update, const struct lx_wire *wires, size_t count, struct lx_failure *failure)
{
    const struct lx_members before = update->members;
    int error = 0;

    for (size_t i = 0; i < count && !error; i++) {
        if (has_joined(&update->members, &wires[i]))
            continue;
        if (free_place(&update->members) == LX_MEMBERS)
            error = lx_fail(failure, LX_EXIT_USAGE, E2BIG, "no more than %d interfaces can be filtered together",
                            LX_MEMBERS);
        error = error ?: lx_join(&update->maps, update->directory, &wires[i], free_place(&update->members), failure);
        lx_update_read_members(update);
    }
    if (error)
        lx_members_take_back(update, &before);
    return error;
}

int lx_members_keep(struct lx_update *update, const struct lx_wire *wires, size_t count, struct lx_failure *failure)
{
    int error = 0;

    for (size_t i = 0; i < update->members.count && !error; i++)
        if (!is_among(&update->members.items[i], wires, count))
            error = lx_leave(update->maps.fds[LX_MAP_METADATA], &update->members.items[i], update->directory, failure);
    lx_update_read_members(update);
    return error;
}
