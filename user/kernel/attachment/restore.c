/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks for each program of the hook by the counters that it uses, and puts back what is missing. */
#include "restore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"
#include "publish.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/program.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/pins.h"

static int fail_to_look(int error, const char *interface, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot find out what runs on %s: %s", interface, strerror(-error));
}

/* The very program that was taken off, which its pin has kept. */
static int put_filter(const struct lx_maps *maps, const char *directory, const struct lx_interface *interface,
                      struct lx_metadata *metadata, struct lx_failure *failure)
{
    int error, program = lx_pin_open_program(directory, lx_program_pins[LX_PROGRAM_FROM_ROLE]);

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
static int put_inner(const struct lx_maps *maps, const char *directory, struct lx_metadata *metadata,
                     struct lx_failure *failure)
{
    const char *pin = lx_program_pins[LX_PROGRAM_INNER];
    struct lx_interface inner = {.index = metadata->pair_ifindex};
    int error, program;

    if (lx_interface_name(inner.index, inner.name))
        return lx_fail(failure, LX_EXIT_FAILED, ENODEV,
                       "%s, the inner side of the pair, is not here any more; 'lyncxdp detach %s' takes off the rest, "
                       "then attach anew",
                       metadata->pair, metadata->interface);
    program =
        lx_program_attach(maps, LX_PROGRAM_INNER, &inner,
                          metadata->pair_mode == LX_MODE_GENERIC ? LX_MODE_ONLY_GENERIC : LX_MODE_ONLY_NATIVE, failure);
    if (program < 0)
        return program;
    error = lx_unpin(directory, pin, failure);
    error = error ?: lx_pin_program(program, directory, pin, failure);
    close(program);
    if (!error && (error = lx_metadata_complete(metadata, LX_PROGRAM_INNER, maps)))
        error = fail_to_look(error, inner.name, failure);
    error = error ?: lx_publish_metadata(maps->fds[LX_MAP_METADATA], metadata, failure);
    return error ?: 1;
}

int lx_restore_from_role(const struct lx_maps *maps, const char *directory, const struct lx_interface *interface,
                         struct lx_metadata *metadata, struct lx_failure *failure)
{
    struct lx_running running;
    struct lx_filter filter;
    uint32_t counters;
    int error, restored = 0;

    if (!metadata->from_role)
        return 0;
    error = lx_map_id(maps->fds[LX_MAP_FROM_ROLE_COUNTERS], &counters);
    if (!error && metadata->pair_ifindex)
        error = lx_running_with_map(metadata->pair_ifindex, counters, &running);
    if (error == -ENOENT)
        error = restored = put_inner(maps, directory, metadata, failure);
    else if (error)
        return fail_to_look(error, interface->name, failure);
    if (error < 0 || !lx_has_filter(metadata))
        return error < 0 ? error : restored;
    error = lx_filter_with_map(interface->index, counters, &filter);
    if (error == -ENOENT)
        return put_filter(maps, directory, interface, metadata, failure);
    return error ? fail_to_look(error, interface->name, failure) : restored;
}
