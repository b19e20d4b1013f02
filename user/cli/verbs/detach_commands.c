/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands on its interfaces is looked for by name, as somebody without the pins would. What drops goes first. */
#include "detach_commands.h"

#include <errno.h>
#include <stdio.h>

#include "user/cli/print/output.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/attachment/location.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/process/namespace.h"

/* What a command in another network namespace begins with; empty in this one. */
static void prefix(uint64_t netns, char text[LX_NAMESPACE_PATH + 16])
{
    char path[LX_NAMESPACE_PATH];

    text[0] = '\0';
    if (netns != lx_namespace_own() && !lx_namespace_path(netns, path))
        snprintf(text, LX_NAMESPACE_PATH + 16, "nsenter --net=%s ", path);
}

static void print_xdp(const char *before, unsigned ifindex, const char *name)
{
    struct lx_running running;

    if (lx_running_by_name(ifindex, &running))
        return;
    if (running.dispatcher)
        lx_print("# libxdp's dispatcher goes too, and whatever else it runs on %s\n", name);
    lx_print("%sip link set dev %s %s off\n", before, name, running.mode == LX_MODE_GENERIC ? "xdpgeneric" : "xdpdrv");
}

/* By its counters, for several may stand there; 0: by its name, where its pins are lost. */
static void print_filter(const char *before, unsigned ifindex, uint32_t counters_id, const char *name)
{
    struct lx_filter filter;

    if (counters_id ? !lx_filter_with_map(ifindex, counters_id, &filter) : !lx_filter_by_name(ifindex, &filter))
        lx_print("%stc filter delete dev %s egress pref %u\n", before, name, filter.priority);
}

/* Both sides of a pair, in the namespace where they are. */
static void print_place(const struct lx_metadata *place, uint32_t counters_id)
{
    char before[LX_NAMESPACE_PATH + 16];
    int came_from;

    prefix(place->netns, before);
    came_from = lx_namespace_enter(place->netns);
    if (came_from < 0)
        return;
    print_xdp(before, place->ifindex, place->interface);
    if (place->pair_ifindex)
        print_xdp(before, place->pair_ifindex, place->pair);
    print_filter(before, place->ifindex, counters_id, place->interface);
    lx_namespace_leave(came_from);
}

void lx_print_detach_commands(const char *directory)
{
    struct lx_metadata metadata;
    struct lx_members members;
    uint32_t counters_id;

    if (lx_pin_map_id(directory, lx_map_name(LX_MAP_FROM_ROLE_COUNTERS), &counters_id))
        counters_id = 0;
    if (!lx_metadata_find(directory, &metadata)) {
        lx_location_find(directory, &metadata);
        lx_members_find(directory, &members);
        print_place(&metadata, counters_id);
        for (size_t i = 0; i < members.count; i++)
            print_place(&members.items[i], counters_id);
    }
    lx_print("rm -r %s\n", directory);
    lx_print("rmdir --ignore-fail-on-non-empty %s\n", LX_PINS_ROOT);
}

void lx_print_orphan_commands(void)
{
    struct lx_metadata orphan = {.netns = lx_namespace_own()};

    while ((orphan.ifindex = lx_orphan_after(orphan.ifindex, orphan.interface)))
        print_place(&orphan, 0);
}
