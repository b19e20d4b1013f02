/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The successor is pinned in a directory beside the attachment's. The images map, which successors never share, tells
 * whose programs run, and so which of the two directories is the attachment.
 */
#include "rebuild.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* What only the running program tells. */
static int complete(const char *path, const struct lx_running *running, struct lx_failure *failure)
{
    struct lx_maps maps = LX_MAPS_NONE;
    struct lx_metadata metadata;
    int error = lx_maps_open(path, true, &maps), program;

    error = error ?: lx_metadata_read(&maps, &metadata);
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open %s: %s", path, strerror(-error));
    metadata.program_id = running->id;
    metadata.mode = running->mode;
    metadata.dispatcher = running->dispatcher;
    error = lx_publish_metadata(maps.fds[LX_MAP_METADATA], &metadata, failure);
    lx_maps_close(&maps);
    program = error ? -1 : lx_pin_open_program(path, lx_program_pins[LX_PROGRAM_TO_ROLE]);
    if (error || program >= 0) {
        if (program >= 0)
            close(program);
        return error;
    }
    program = bpf_prog_get_fd_by_id(running->id);
    if (program < 0)
        return fail_to_look(-errno, failure);
    error = lx_pin_program(program, path, lx_program_pins[LX_PROGRAM_TO_ROLE], failure);
    close(program);
    return error;
}

/* The successor runs: what is left of the old one goes, and its pins after it. */
static int finish(unsigned ifindex, const char *path, const char *next, const struct lx_running *running,
                  struct lx_failure *failure)
{
    struct lx_running old;
    uint32_t images;
    int error = lx_pin_map_id(path, images_pin(), &images);

    error = error ?: lx_running_with_map(ifindex, images, &old);
    if (!error)
        error = lx_running_stop(ifindex, &old, failure);
    else if (error == -ENOENT)
        error = 0;
    else
        return fail_to_look(error, failure);
    error = error ?: complete(next, running, failure);
    error = error ?: lx_pins_exchange(path, next, failure);
    return error ?: lx_pins_remove(next, failure);
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
    /* The qdisc goes as well if the successor was the first to need it. */
    if (!lx_metadata_find(next, &metadata) && metadata.clsact && !lx_metadata_find(path, &metadata) && !metadata.clsact)
        error = lx_clsact_remove(ifindex, failure);
    else
        error = 0;
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
        return finish(ifindex, directory, next, &running, failure);
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

    if (!rebuilding->maps.shape.from_role)
        return 0;
    program = lx_program_load(&rebuilding->maps, LX_PROGRAM_FROM_ROLE, false, failure);
    if (program < 0)
        return program;
    error = lx_pin_program(program, rebuilding->next, lx_program_pins[LX_PROGRAM_FROM_ROLE], failure);
    error = error ?: put_filter(rebuilding, program, failure);
    close(program);
    return error;
}

static int let_in(const struct rebuilding *rebuilding, struct lx_failure *failure)
{
    const struct lx_update *update = rebuilding->update;
    struct lx_running running;
    uint32_t images;
    int program, error = lx_map_id(update->maps.fds[LX_MAP_IMAGES], &images);

    error = error ?: lx_running_with_map(update->interface->index, images, &running);
    if (error)
        return fail_to_look(error, failure);
    program = lx_program_replace(&rebuilding->maps, update->interface, &running, failure);
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
    if (shape->from_role && !update->metadata.from_role)
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
    error = error ?: let_out(&rebuilding, failure);
    error = error ?: let_in(&rebuilding, failure);
    lx_maps_close(&rebuilding.maps);
    /* From here on, forth or back, it is what a command would do that came after a killed one. */
    recovered = lx_rebuild_recover(update->interface->index, update->directory, &second);
    if (!error && recovered) {
        *failure = second;
        error = recovered;
    }
    return error ?: reopen(update, failure);
}
