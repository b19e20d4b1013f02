/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The successor is pinned in a directory beside the attachment's. The images map, which successors never share, tells
 * whose programs run, and so which of the two directories is the attachment.
 */
#include "rebuild.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"
#include "publish.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/program.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/pins.h"

static const char *images_pin(void)
{
    return lx_map_name(LX_MAP_IMAGES);
}

static int fail_to_look(int error, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot find out what runs on the interface: %s", strerror(-error));
}

/* --- What a killed command left --------------------------------------------------------------------------------- */

/* The interface that a program of XDP stands on; 0 where the attachment has no such program. */
static unsigned place_of(const struct lx_metadata *metadata, enum lx_program which)
{
    if (which == LX_PROGRAM_TO_ROLE)
        return metadata->ifindex;
    return metadata->from_role ? metadata->pair_ifindex : 0;
}

static struct lx_interface interface_of(const struct lx_metadata *metadata, enum lx_program which)
{
    struct lx_interface interface = {.index = place_of(metadata, which), .netns = metadata->netns};

    snprintf(interface.name, sizeof(interface.name), "%s",
             which == LX_PROGRAM_INNER ? metadata->pair : metadata->interface);
    return interface;
}

/* Writes down, and pins, what only the running program shows. */
static int complete(const char *path, enum lx_program which, struct lx_failure *failure)
{
    struct lx_maps maps = LX_MAPS_NONE;
    struct lx_metadata metadata;
    int program, error = lx_maps_open(path, true, &maps);

    error = error ?: lx_metadata_read(&maps, &metadata);
    error = error ?: lx_metadata_complete(&metadata, which, &maps);
    if (error) {
        lx_maps_close(&maps);
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open %s: %s", path, strerror(-error));
    }
    error = lx_publish_metadata(maps.fds[LX_MAP_METADATA], &metadata, failure);
    lx_maps_close(&maps);
    error = error ?: lx_unpin(path, lx_program_pins[which], failure);
    if (error)
        return error;
    program = bpf_prog_get_fd_by_id(which == LX_PROGRAM_INNER ? metadata.pair_program_id : metadata.program_id);
    if (program < 0)
        return fail_to_look(-errno, failure);
    error = lx_pin_program(program, path, lx_program_pins[which], failure);
    close(program);
    return error;
}

/* Takes the program with those images off an interface, if it is there. */
static int stop(unsigned ifindex, uint32_t images, struct lx_failure *failure)
{
    struct lx_running running;
    int error = lx_running_with_map(ifindex, images, &running);

    if (error)
        return error == -ENOENT ? 0 : fail_to_look(error, failure);
    return lx_running_stop(ifindex, &running, failure);
}

/* The successor runs: what is left of the old one goes, and its pins after it. */
static int finish(const char *path, const char *next, struct lx_failure *failure)
{
    static const enum lx_program programs[] = {LX_PROGRAM_TO_ROLE, LX_PROGRAM_INNER};
    struct lx_metadata metadata;
    uint32_t images;
    int error = lx_pin_map_id(path, images_pin(), &images);

    error = error ?: lx_metadata_find(next, &metadata);
    if (error)
        return fail_to_look(error, failure);
    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs) && !error; i++) {
        unsigned ifindex = place_of(&metadata, programs[i]);

        if (!ifindex)
            continue;
        error = stop(ifindex, images, failure);
        error = error ?: complete(next, programs[i], failure);
    }
    error = error ?: lx_pins_exchange(path, next, failure);
    return error ?: lx_pins_remove(next, failure);
}

/* The old inner program comes back to where the successor's stands. */
static int bring_back(const char *path, const struct lx_metadata *metadata, const struct lx_running *successor,
                      struct lx_failure *failure)
{
    const struct lx_interface inner = interface_of(metadata, LX_PROGRAM_INNER);
    struct lx_maps maps;
    int program, error = lx_maps_open(path, true, &maps);

    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open %s: %s", path, strerror(-error));
    program = lx_program_replace(&maps, LX_PROGRAM_INNER, &inner, successor, failure);
    lx_maps_close(&maps);
    if (program < 0)
        return program;
    close(program);
    return complete(path, LX_PROGRAM_INNER, failure);
}

/* The successor does not run: on the inner interface of a pair its program gives way to the old one, if there was. */
static int undo_inner(const char *path, const char *next, uint32_t successor, struct lx_failure *failure)
{
    struct lx_metadata metadata = {0};
    struct lx_running running, old;
    uint32_t images;
    unsigned inner;
    int error = lx_metadata_find(next, &metadata) ?: lx_pin_map_id(path, images_pin(), &images);

    inner = place_of(&metadata, LX_PROGRAM_INNER);
    if (error || !inner)
        return error == -ENOENT ? 0 : error;
    error = lx_running_with_map(inner, successor, &running);
    if (error)
        return error == -ENOENT ? 0 : fail_to_look(error, failure);
    error = lx_metadata_find(path, &metadata);
    if (!error && place_of(&metadata, LX_PROGRAM_INNER) && lx_running_with_map(inner, images, &old) == -ENOENT)
        return bring_back(path, &metadata, &running, failure);
    return error ?: lx_running_stop(inner, &running, failure);
}

/* The successor does not run: its filter gives way to the old one, if there was one, and its pins go. */
static int undo(unsigned ifindex, const char *path, const char *next, struct lx_failure *failure)
{
    struct lx_metadata metadata;
    struct lx_filter filter;
    uint32_t images;
    int program, error = lx_pin_map_id(next, images_pin(), &images);

    error = error ?: lx_filter_with_map(ifindex, images, &filter);
    if (error && error != -ENOENT)
        return fail_to_look(error, failure);
    if (!error) {
        program = lx_pin_open_program(path, lx_program_pins[LX_PROGRAM_FROM_ROLE]);
        error = program < 0 ? lx_filter_detach(ifindex, &filter, failure)
                            : lx_filter_replace(ifindex, &filter, program, failure);
        if (program >= 0)
            close(program);
        if (error)
            return error;
    }
    error = undo_inner(path, next, images, failure);
    if (error)
        return error;
    /* The qdisc goes as well if the successor was the first to need it. */
    if (!lx_metadata_find(next, &metadata) && metadata.clsact && !lx_metadata_find(path, &metadata) && !metadata.clsact)
        error = lx_clsact_remove(ifindex, failure);
    return error ?: lx_pins_remove(next, failure);
}

int lx_rebuild_recover(unsigned ifindex, const char *directory, struct lx_failure *failure)
{
    struct lx_running running;
    char next[LX_PINS_PATH];
    uint32_t images;
    int error;

    lx_pins_next(directory, next);
    if (lx_pins_look(next))
        return 0;
    if (lx_pins_look(directory))
        return lx_pins_remove(next, failure); /* the attachment is gone, and with it what a successor is for */
    error = lx_pin_map_id(next, images_pin(), &images);
    error = error ?: lx_running_with_map(ifindex, images, &running);
    if (!error)
        return finish(directory, next, failure);
    return error == -ENOENT ? undo(ifindex, directory, next, failure) : fail_to_look(error, failure);
}

/* --- The successor ---------------------------------------------------------------------------------------------- */

struct rebuilding {
    struct lx_update *update;
    char next[LX_PINS_PATH];
    struct lx_maps maps;
    struct lx_metadata metadata;
};

static int copy_image(const struct lx_maps *from, const struct lx_maps *to, uint32_t slot, void *buffer,
                      struct lx_failure *failure)
{
    int error = lx_image_read(from, slot, buffer);

    if (error == -ENOENT)
        return 0;
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the image in force: %s", strerror(-error));
    return lx_publish_image(to, slot, buffer, failure);
}

/* Every slot, so that the control word means the same to both. The buffer's end, which no image reaches, stays zero. */
static int copy_images(const struct rebuilding *rebuilding, struct lx_failure *failure)
{
    void *buffer = calloc(1, (size_t)rebuilding->maps.shape.capacity + LX_IMAGE_SLACK);
    int error = buffer ? 0 : lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");

    for (uint32_t slot = 0; slot < LX_IMAGE_SLOTS && !error; slot++)
        error = copy_image(&rebuilding->update->maps, &rebuilding->maps, slot, buffer, failure);
    free(buffer);
    return error;
}

static int pin(struct rebuilding *rebuilding, struct lx_failure *failure)
{
    int map = rebuilding->maps.fds[LX_MAP_METADATA];
    int error = lx_pins_create(rebuilding->next, failure);

    error = error ?: lx_publish_metadata(map, &rebuilding->metadata, failure);
    error = error ?: lx_maps_pin(&rebuilding->maps, rebuilding->next, failure);
    return error ?: lx_pin_map(map, rebuilding->next, LX_PIN_METADATA, failure);
}

/* Into the place of the old filter, or onto the interface if there was none. */
static int put_filter(const struct rebuilding *rebuilding, int program, struct lx_failure *failure)
{
    const struct lx_update *update = rebuilding->update;
    struct lx_filter filter;
    uint32_t counters;
    int error = -ENOENT;

    if (update->maps.fds[LX_MAP_FROM_ROLE_COUNTERS] >= 0) {
        error = lx_map_id(update->maps.fds[LX_MAP_FROM_ROLE_COUNTERS], &counters);
        error = error ?: lx_filter_with_map(update->interface->index, counters, &filter);
    }
    if (!error)
        return lx_filter_replace(update->interface->index, &filter, program, failure);
    if (error != -ENOENT)
        return fail_to_look(error, failure);
    error = lx_clsact_create(update->interface, failure);
    return error < 0 ? error : lx_filter_attach(update->interface, program, failure);
}

static int let_out(const struct rebuilding *rebuilding, struct lx_failure *failure)
{
    int error, program;

    if (!lx_has_filter(&rebuilding->metadata))
        return 0;
    program = lx_program_load(&rebuilding->maps, LX_PROGRAM_FROM_ROLE, false, failure);
    if (program < 0)
        return program;
    error = lx_pin_program(program, rebuilding->next, lx_program_pins[LX_PROGRAM_FROM_ROLE], failure);
    error = error ?: put_filter(rebuilding, program, failure);
    close(program);
    return error;
}

/* In the place of the old program of XDP, or onto the inner interface if there was none. */
static int let_in(const struct rebuilding *rebuilding, enum lx_program which, struct lx_failure *failure)
{
    const struct lx_metadata *metadata = &rebuilding->metadata;
    const struct lx_interface interface = interface_of(metadata, which);
    struct lx_running running;
    uint32_t images;
    int program, error = lx_map_id(rebuilding->update->maps.fds[LX_MAP_IMAGES], &images);

    if (!interface.index)
        return 0;
    error = error ?: lx_running_with_map(interface.index, images, &running);
    if (!error)
        program = lx_program_replace(&rebuilding->maps, which, &interface, &running, failure);
    else if (error == -ENOENT && which == LX_PROGRAM_INNER)
        program =
            lx_program_attach(&rebuilding->maps, which, &interface,
                              metadata->mode == LX_MODE_GENERIC ? LX_MODE_ONLY_GENERIC : LX_MODE_ONLY_NATIVE, failure);
    else
        return fail_to_look(error, failure);
    if (program < 0)
        return program;
    close(program);
    return 0;
}

static void describe(struct rebuilding *rebuilding, const struct lx_shape *shape)
{
    const struct lx_update *update = rebuilding->update;
    struct lx_metadata *metadata = &rebuilding->metadata;

    *metadata = update->metadata;
    metadata->program_id = 0;
    metadata->image_capacity = shape->capacity;
    metadata->from_role = shape->from_role;
    metadata->flow_capacity = shape->from_role ? shape->flows : 0;
    metadata->program_version = LX_PROGRAM_VERSION;
    if (lx_has_filter(metadata) && !update->metadata.from_role)
        metadata->clsact = lx_clsact_look(update->interface->index) == -ENOENT;
}

/* The update goes on with what is the attachment now. */
static int reopen(struct lx_update *update, struct lx_failure *failure)
{
    struct lx_maps maps;
    int error = lx_maps_open(update->directory, true, &maps);

    error = error ?: lx_metadata_read(&maps, &update->metadata);
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open %s: %s", update->directory, strerror(-error));
    lx_maps_close(&update->maps);
    update->maps = maps;
    return 0;
}

int lx_rebuild(struct lx_update *update, const struct lx_shape *shape, struct lx_failure *failure)
{
    struct rebuilding rebuilding = {.update = update, .maps = LX_MAPS_NONE};
    struct lx_failure second;
    int error, recovered;

    lx_pins_next(update->directory, rebuilding.next);
    describe(&rebuilding, shape);
    error = lx_maps_succeed(&update->maps, shape, &rebuilding.maps, failure);
    error = error ?: copy_images(&rebuilding, failure);
    error = error ?: pin(&rebuilding, failure);
    error = error ?: let_in(&rebuilding, LX_PROGRAM_INNER, failure);
    error = error ?: let_out(&rebuilding, failure);
    error = error ?: let_in(&rebuilding, LX_PROGRAM_TO_ROLE, failure);
    lx_maps_close(&rebuilding.maps);
    /* From here on, forth or back, it is what a command would do that came after a killed one. */
    recovered = lx_rebuild_recover(update->interface->index, update->directory, &second);
    if (!error && recovered) {
        *failure = second;
        error = recovered;
    }
    return error ?: reopen(update, failure);
}
