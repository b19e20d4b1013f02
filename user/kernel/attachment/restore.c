/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks for each program of the hook by the counters that it uses, and puts back what is missing. */
#include "restore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "hooks.h"
#include "location.h"
#include "pair.h"
#include "publish.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/program.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/pins.h"

/* The very program that was taken off, which its pin has kept. */
static int put_filter(const struct lx_maps *maps, const char *directory, const struct lx_interface *interface,
                      struct lx_metadata *metadata, struct lx_failure *failure)
{
    int error, program = lx_pin_open_program(directory, lx_program_pins[lx_filter_program(metadata)]);

    if (program < 0)
        return lx_fail(failure, LX_EXIT_FAILED, -program, "cannot open the program of %s's egress: %s", interface->name,
                       strerror(-program));
    error = lx_clsact_create(interface, failure);
    if (error == 1) {
        metadata->clsact = 1;
        error = lx_publish_metadata(maps->fds[LX_MAP_METADATA], metadata, failure);
    }
    error = error < 0 ? error : lx_filter_attach(interface, program, failure);
    close(program);
    return error < 0 ? error : 1;
}

/* XDP programs are loaded for where libxdp puts them. */
static int put_xdp(const struct lx_maps *maps, const char *directory, struct lx_metadata *metadata,
                   struct lx_failure *failure)
{
    const bool paired = lx_is_at_inner(metadata, LX_PROGRAM_FROM_ROLE_XDP);
    struct lx_interface place = {.index = lx_place_of_xdp(metadata, LX_PROGRAM_FROM_ROLE_XDP)};
    int error, program;

    if (lx_interface_name(place.index, place.name))
        return lx_fail(failure, LX_EXIT_FAILED, ENODEV,
                       "%s, the inner side of the pair, is not here any more; 'lyncxdp detach %s' takes off the rest, "
                       "then attach anew",
                       metadata->pair, metadata->interface);
    program = lx_pair_attach(maps, LX_PROGRAM_FROM_ROLE_XDP, &place, metadata,
                             lx_mode_again(paired ? metadata->pair_mode : metadata->mode), failure);
    if (program < 0)
        return program;
    error =
        metadata->member ? 0 : lx_repin_program(program, directory, lx_program_pins[LX_PROGRAM_FROM_ROLE_XDP], failure);
    close(program);
    if (!error && (error = lx_metadata_complete(metadata, LX_PROGRAM_FROM_ROLE_XDP, maps)))
        error = lx_fail_to_look(error, place.name, failure);
    error = error ?: lx_publish_metadata(maps->fds[LX_MAP_METADATA], metadata, failure);
    return error ?: 1;
}

int lx_restore_from_role(const struct lx_maps *maps, const char *directory, const struct lx_interface *interface,
                         struct lx_metadata *metadata, struct lx_failure *failure)
{
    const unsigned place = lx_place_of_xdp(metadata, LX_PROGRAM_FROM_ROLE_XDP);
    struct lx_running running;
    struct lx_filter filter;
    uint32_t counters;
    int error, restored = 0;

    if (!metadata->from_role)
        return 0;
    error = lx_map_id(maps->fds[LX_MAP_FROM_ROLE_COUNTERS], &counters);
    if (!error && place)
        error = lx_running_with_map(place, counters, &running);
    if (error == -ENOENT)
        error = restored = put_xdp(maps, directory, metadata, failure);
    else if (error)
        return lx_fail_to_look(error, interface->name, failure);
    if (error < 0 || !lx_has_filter_of(metadata, LX_HOOK_FROM_ROLE))
        return error < 0 ? error : restored;
    error = lx_filter_with_map(interface->index, counters, &filter);
    if (error == -ENOENT)
        return put_filter(maps, directory, interface, metadata, failure);
    return error ? lx_fail_to_look(error, interface->name, failure) : restored;
}

static int rejoin(const struct lx_maps *maps, const char *directory, struct lx_metadata *metadata,
                  struct lx_failure *failure)
{
    struct lx_wire wire;
    int error;

    if (lx_wire_find(metadata, &wire))
        return 0;
    error = lx_join(maps, directory, &wire, metadata->member, failure);
    if (error)
        return error;
    metadata->ifindex = wire.interface.index;
    metadata->pair_ifindex = wire.pair.index;
    return 1;
}

int lx_restore_member(const struct lx_maps *maps, const char *directory, struct lx_metadata *metadata,
                      struct lx_failure *failure)
{
    const struct lx_interface interface = lx_interface_of(metadata);
    uint32_t counters;
    int error, restored;

    if (!metadata->ifindex)
        return rejoin(maps, directory, metadata, failure);
    restored = lx_restore_from_role(maps, directory, &interface, metadata, failure);
    if (restored < 0)
        return restored;
    error = lx_map_id(maps->fds[LX_MAP_TO_ROLE_COUNTERS], &counters);
    error = error ?: lx_location_runs(metadata, LX_HOOK_TO_ROLE, counters);
    if (error != -ENOENT)
        return error ? lx_fail_to_look(error, interface.name, failure) : restored;
    error = lx_let_in_again(maps, directory, metadata, failure);
    return error ?: 1;
}
