/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The successor is pinned in a directory beside the attachment's. The images map, which successors never share, shows
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
#include "pair.h"
#include "publish.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/link_settings.h"
#include "user/kernel/link/program.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/pins.h"

static const char *images_pin(void)
{
    return lx_map_name(LX_MAP_IMAGES);
}

/* --- What a killed command left --------------------------------------------------------------------------------- */

/* All that an attachment stands on: its own interface, or pair, and those that are filtered with it. */
struct places {
    struct lx_metadata items[LX_MEMBERS];
    size_t count; /* 0: nothing is known */
};

static struct places join_places(const struct lx_metadata *own, const struct lx_members *members)
{
    struct places places = {.items = {*own}, .count = 1 + members->count};

    memcpy(&places.items[1], members->items, members->count * sizeof(*members->items));
    return places;
}

static struct places find_places(const char *path)
{
    struct lx_metadata own;
    struct lx_members members;

    if (lx_metadata_find(path, &own))
        return (struct places){.count = 0};
    lx_members_find(path, &members);
    return join_places(&own, &members);
}

/* The programs of XDP. */
static const enum lx_program programs[] = {LX_PROGRAM_TO_ROLE_XDP, LX_PROGRAM_FROM_ROLE_XDP};

#define PROGRAMS (sizeof(programs) / sizeof(*programs))

static struct lx_interface interface_of(const struct lx_metadata *metadata, enum lx_program which)
{
    struct lx_interface interface = {.index = lx_place_of_xdp(metadata, which), .netns = metadata->netns};

    snprintf(interface.name, sizeof(interface.name), "%s", /* no more of it is shown */
             lx_is_at_inner(metadata, which) ? metadata->pair : metadata->interface);
    return interface;
}

static int pin_program(const char *path, enum lx_program which, uint32_t id, struct lx_failure *failure)
{
    int error, program = bpf_prog_get_fd_by_id(id);

    if (program < 0)
        return lx_fail_to_look(-errno, "the interface", failure);
    error = lx_repin_program(program, path, lx_program_pins[which], failure);
    close(program);
    return error;
}

static int fail_to_open(int error, const char *path, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open %s: %s", path, strerror(-error));
}

/* Writes down, and pins, what only the running program shows. One of several interfaces may be gone. */
static int complete(const char *path, const struct lx_maps *maps, struct lx_metadata *metadata, enum lx_program which,
                    struct lx_failure *failure)
{
    int error = lx_metadata_complete(metadata, which, maps);

    if (error == -ENOENT && metadata->member)
        return 0;
    if (error)
        return fail_to_open(error, path, failure);
    error = lx_publish_metadata(maps->fds[LX_MAP_METADATA], metadata, failure);
    if (error || metadata->member)
        return error;
    return pin_program(path, which, lx_is_at_inner(metadata, which) ? metadata->pair_program_id : metadata->program_id,
                       failure);
}

/* Takes the program with those images off an interface, if it is there. */
static int stop(unsigned ifindex, uint32_t images, struct lx_failure *failure)
{
    struct lx_running running;
    int error = lx_running_with_map(ifindex, images, &running);

    if (error)
        return error == -ENOENT ? 0 : lx_fail_to_look(error, "the interface", failure);
    return lx_running_stop(ifindex, &running, failure);
}

static int finish_at(const char *next, const struct lx_maps *maps, struct lx_metadata *metadata, uint32_t old,
                     struct lx_failure *failure)
{
    int error = 0;

    for (size_t i = 0; i < PROGRAMS && !error; i++) {
        unsigned ifindex = lx_place_of_xdp(metadata, programs[i]);

        if (!ifindex)
            continue;
        error = stop(ifindex, old, failure);
        error = error ?: complete(next, maps, metadata, programs[i], failure);
    }
    return error;
}

static int take_filter(unsigned ifindex, const struct lx_metadata *metadata, uint32_t images,
                       struct lx_failure *failure)
{
    struct lx_filter filter;
    int error = lx_filter_with_map(ifindex, images, &filter);

    if (error && error != -ENOENT)
        return lx_fail_to_look(error, metadata->interface, failure);
    error = error ? 0 : lx_filter_detach(ifindex, &filter, failure);
    return error || !metadata->clsact ? error : lx_clsact_remove(ifindex, failure);
}

/* The old one leaves what the successor does not stand on: an inner side, or the egress of its interface. */
static int leave(const struct lx_metadata *old, const struct lx_metadata *successor, uint32_t images,
                 struct lx_failure *failure)
{
    const unsigned inner = old->pair_ifindex;
    int error = 0;

    if (inner && inner != successor->pair_ifindex) {
        error = stop(inner, images, failure);
        error = error ?: lx_link_settings_restore(old, LX_INNER, inner, failure);
    }
    if (lx_has_filter(old) && !lx_has_filter(successor))
        error = error ?: take_filter(successor->ifindex, old, images, failure);
    return error;
}

/* The successor runs: what is left of the old one goes, and its pins after it. */
static int finish(const char *path, const char *next, struct lx_failure *failure)
{
    struct places places = find_places(next);
    const struct places before = find_places(path);
    struct lx_maps maps;
    uint32_t images;
    int error = lx_pin_map_id(path, images_pin(), &images);

    if (error || !places.count)
        return lx_fail_to_look(error ?: -ENOENT, "the interface", failure);
    error = lx_maps_open(next, true, &maps);
    if (error)
        return fail_to_open(error, next, failure);
    for (size_t i = 0; i < places.count && !error; i++)
        error = finish_at(next, &maps, &places.items[i], images, failure);
    if (before.count)
        error = error ?: leave(&before.items[0], &places.items[0], images, failure);
    lx_maps_close(&maps);
    error = error ?: lx_pins_exchange(path, next, failure);
    return error ?: lx_pins_remove(next, failure);
}

/* The old program of XDP comes back to where the successor's stands. */
static int bring_back(const char *path, struct lx_metadata *metadata, enum lx_program which,
                      const struct lx_running *successor, struct lx_failure *failure)
{
    const struct lx_interface interface = interface_of(metadata, which);
    struct lx_maps maps;
    int program, error = lx_maps_open(path, true, &maps);

    if (error)
        return fail_to_open(error, path, failure);
    program = lx_pair_replace(&maps, which, &interface, metadata, successor, failure);
    if (program >= 0)
        close(program);
    error = program < 0 ? program : complete(path, &maps, metadata, which, failure);
    lx_maps_close(&maps);
    return error;
}

/* What the attachment was at the place of its successor, or NULL. */
static struct lx_metadata *old_at(struct places *old, const struct lx_metadata *successor)
{
    for (size_t i = 0; i < old->count; i++)
        if (old->items[i].member == successor->member)
            return &old->items[i];
    return NULL;
}

/* A program of XDP gives way to the old one, if there was, which a dispatcher may still run beside it. */
static int undo_xdp(const char *path, const struct lx_metadata *successor, struct lx_metadata *old,
                    enum lx_program which, uint32_t images, struct lx_failure *failure)
{
    const unsigned ifindex = lx_place_of_xdp(successor, which);
    struct lx_running running, other;
    uint32_t old_images;
    int error;

    if (!ifindex)
        return 0;
    error = lx_running_with_map(ifindex, images, &running);
    if (error)
        return error == -ENOENT ? 0 : lx_fail_to_look(error, "the interface", failure);
    error = lx_pin_map_id(path, images_pin(), &old_images);
    if (!error && old && lx_place_of_xdp(old, which) == ifindex &&
        lx_running_with_map(ifindex, old_images, &other) == -ENOENT)
        return bring_back(path, old, which, &running, failure);
    return error ?: lx_running_stop(ifindex, &running, failure);
}

/* The program of tc, of which an attachment has one at most. */
static int open_filter(const char *path)
{
    int program = lx_pin_open_program(path, lx_program_pins[LX_PROGRAM_FROM_ROLE_TC]);

    return program < 0 ? lx_pin_open_program(path, lx_program_pins[LX_PROGRAM_TO_ROLE_TC]) : program;
}

static int undo_filter(const char *path, unsigned ifindex, uint32_t images, struct lx_failure *failure)
{
    struct lx_filter filter;
    int program, error = lx_filter_with_map(ifindex, images, &filter);

    if (error)
        return error == -ENOENT ? 0 : lx_fail_to_look(error, "the interface", failure);
    program = open_filter(path);
    error = program < 0 ? lx_filter_detach(ifindex, &filter, failure)
                        : lx_filter_replace(ifindex, &filter, program, failure);
    if (program >= 0)
        close(program);
    return error;
}

/* The successor does not run: its filters and programs give way to the old ones, where there were, and its pins go. */
static int undo(unsigned ifindex, const char *path, const char *next, struct lx_failure *failure)
{
    const struct places places = find_places(next);
    struct places before = find_places(path);
    uint32_t images;
    int error = lx_pin_map_id(next, images_pin(), &images);

    if (error)
        return lx_fail_to_look(error, "the interface", failure);
    if (!places.count)
        error = undo_filter(path, ifindex, images, failure);
    for (size_t i = 0; i < places.count && !error; i++) {
        const struct lx_metadata *place = &places.items[i];
        struct lx_metadata *old = old_at(&before, place);
        const unsigned outer = place->member ? place->ifindex : ifindex;

        error = undo_filter(path, outer, images, failure);
        if (place->member)
            error = error ?: undo_xdp(path, place, old, LX_PROGRAM_TO_ROLE_XDP, images, failure);
        error = error ?: undo_xdp(path, place, old, LX_PROGRAM_FROM_ROLE_XDP, images, failure);
        /* The qdisc goes as well if the successor was the first to need it, and so do settings. */
        if (!error && place->clsact && old && !old->clsact)
            error = lx_clsact_remove(outer, failure);
        if (old)
            error = error ?: lx_link_settings_undo(place, old, failure);
    }
    return error ?: lx_pins_remove(next, failure);
}

/* Whether the successor's to-role program, which comes last, is there. */
static int is_done(const char *next, unsigned ifindex, uint32_t images)
{
    struct lx_metadata metadata;
    struct lx_running running;
    struct lx_filter filter;

    if (!lx_metadata_find(next, &metadata) && lx_is_behind(&metadata))
        return lx_filter_with_map(ifindex, images, &filter);
    return lx_running_with_map(ifindex, images, &running);
}

int lx_rebuild_recover(unsigned ifindex, const char *directory, struct lx_failure *failure)
{
    char next[LX_PINS_PATH];
    uint32_t images;
    int error;

    lx_pins_next(directory, next);
    if (lx_pins_look(next))
        return 0;
    if (lx_pins_look(directory))
        return lx_pins_remove(next, failure); /* the attachment is gone, and with it what a successor is for */
    error = lx_pin_map_id(next, images_pin(), &images);
    error = error ?: is_done(next, ifindex, images);
    if (!error)
        return finish(directory, next, failure);
    return error == -ENOENT ? undo(ifindex, directory, next, failure)
                            : lx_fail_to_look(error, "the interface", failure);
}

/* --- The successor ---------------------------------------------------------------------------------------------- */

struct rebuilding {
    const struct lx_predecessor *old;
    unsigned needs;
    char next[LX_PINS_PATH];
    struct lx_maps maps;
    struct places places;
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
        error = copy_image(rebuilding->old->maps, &rebuilding->maps, slot, buffer, failure);
    free(buffer);
    return error;
}

static int pin(struct rebuilding *rebuilding, struct lx_failure *failure)
{
    int map = rebuilding->maps.fds[LX_MAP_METADATA];
    int error = lx_pins_create(rebuilding->next, failure);

    for (size_t i = 0; i < rebuilding->places.count && !error; i++)
        error = lx_publish_metadata(map, &rebuilding->places.items[i], failure);
    error = error ?: lx_maps_pin(&rebuilding->maps, rebuilding->next, failure);
    return error ?: lx_pin_map(map, rebuilding->next, LX_PIN_METADATA, failure);
}

/* Before the first packet is handed from one side to the other. */
static int connect(const struct rebuilding *rebuilding, struct lx_failure *failure)
{
    const struct lx_metadata *metadata = &rebuilding->places.items[0];
    int error = metadata->forward ? lx_pair_connect(rebuilding->maps.fds[LX_MAP_PEERS], metadata, failure) : 0;

    return error ?: lx_link_settings_change(metadata, rebuilding->needs, true, failure);
}

/* Into the place of the old filter, or onto the interface if there was none. */
static int put_filter(const struct lx_maps *old, const struct lx_metadata *metadata, int program,
                      struct lx_failure *failure)
{
    const struct lx_interface place = lx_interface_of(metadata), *interface = &place;
    const int map = old->fds[lx_map_of_counters(lx_filter_hook(metadata))];
    struct lx_filter filter;
    uint32_t counters;
    int error = -ENOENT;

    if (!interface->index)
        return 0;
    if (map >= 0) {
        error = lx_map_id(map, &counters);
        error = error ?: lx_filter_with_map(interface->index, counters, &filter);
    }
    if (!error)
        return lx_filter_replace(interface->index, &filter, program, failure);
    if (error != -ENOENT)
        return lx_fail_to_look(error, "the interface", failure);
    error = lx_clsact_create(interface, failure);
    return error < 0 ? error : lx_filter_attach(interface, program, failure);
}

/* The attachment's own interface last, as below: the program may be the one by which the successor is known to be done.
 */
static int let_out(const struct rebuilding *rebuilding, struct lx_failure *failure)
{
    const struct places *places = &rebuilding->places;
    const enum lx_program which = lx_filter_program(&places->items[0]);
    int error, program;

    if (!lx_has_filter(&places->items[0]))
        return 0;
    program = lx_program_load(&rebuilding->maps, which, false, failure);
    if (program < 0)
        return program;
    error = lx_pin_program(program, rebuilding->next, lx_program_pins[which], failure);
    for (size_t i = places->count; i-- > 0 && !error;)
        error = put_filter(rebuilding->old->maps, &places->items[i], program, failure);
    close(program);
    return error;
}

/* In the place of the old program of XDP, or where there was none for what the role sends. */
static int let_in_at(const struct rebuilding *rebuilding, const struct lx_metadata *metadata, enum lx_program which,
                     struct lx_failure *failure)
{
    const struct lx_interface interface = interface_of(metadata, which);
    struct lx_running running;
    uint32_t images;
    int program, error = lx_map_id(rebuilding->old->maps->fds[LX_MAP_IMAGES], &images);

    if (!interface.index)
        return 0;
    error = error ?: lx_running_with_map(interface.index, images, &running);
    if (!error)
        program = lx_pair_replace(&rebuilding->maps, which, &interface, metadata, &running, failure);
    else if (error == -ENOENT && which == LX_PROGRAM_FROM_ROLE_XDP)
        program =
            lx_pair_attach(&rebuilding->maps, which, &interface, metadata, lx_mode_again(metadata->mode), failure);
    else
        return lx_fail_to_look(error, "the interface", failure);
    if (program < 0)
        return program;
    close(program);
    return 0;
}

/* The attachment's own interface last: once the successor's program stands there, it stands everywhere. */
static int let_in(const struct rebuilding *rebuilding, enum lx_program which, struct lx_failure *failure)
{
    int error = 0;

    for (size_t i = rebuilding->places.count; i-- > 0 && !error;)
        error = let_in_at(rebuilding, &rebuilding->places.items[i], which, failure);
    return error;
}

static void describe(struct lx_metadata *metadata, const struct lx_shape *shape, const struct lx_metadata *old)
{
    const bool looked = lx_has_filter(old);

    metadata->program_id = 0;
    metadata->image_capacity = shape->capacity;
    metadata->from_role = shape->from_role;
    metadata->flow_capacity = shape->from_role ? shape->flows : 0;
    metadata->program_version = LX_PROGRAM_VERSION;
    if (lx_has_filter(metadata) && !looked)
        metadata->clsact = lx_clsact_look(metadata->ifindex) == -ENOENT;
}

int lx_rebuild(const struct lx_predecessor *old, const struct lx_successor *successor, struct lx_failure *failure)
{
    const struct places before = join_places(old->metadata, old->members);
    struct rebuilding rebuilding = {.old = old,
                                    .needs = successor->needs,
                                    .maps = LX_MAPS_NONE,
                                    .places = join_places(&successor->metadata, old->members)};
    struct lx_failure second;
    int error, recovered;

    lx_pins_next(old->directory, rebuilding.next);
    rebuilding.places.items[0].ifindex = old->ifindex;
    for (size_t i = 0; i < rebuilding.places.count; i++)
        describe(&rebuilding.places.items[i], &successor->shape, &before.items[i]);
    error = lx_maps_succeed(old->maps, &successor->shape, &rebuilding.maps, failure);
    error = error ?: copy_images(&rebuilding, failure);
    error = error ?: pin(&rebuilding, failure);
    error = error ?: connect(&rebuilding, failure);
    error = error ?: let_in(&rebuilding, LX_PROGRAM_FROM_ROLE_XDP, failure);
    error = error ?: let_out(&rebuilding, failure);
    error = error ?: let_in(&rebuilding, LX_PROGRAM_TO_ROLE_XDP, failure);
    lx_maps_close(&rebuilding.maps);
    /* From here on, forth or back, it is what a command would do that came after a killed one. */
    recovered = lx_rebuild_recover(old->ifindex, old->directory, &second);
    if (!error && recovered) {
        *failure = second;
        error = recovered;
    }
    return error;
}
