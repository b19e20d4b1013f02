/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the maps by loading the objects without their programs, so that bpf/maps.h stays the one place that says what
 * they are, and finds them again by their pins.
 */
#include "maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <lyncxdp/flow.h>
#include <lyncxdp/image.h>

#include "kernel_log.h"
#include "object.h"
#include "pins.h"

/* Takes a file descriptor of its own, so that the object can go. */
static int keep(const struct bpf_object *object, enum lx_map map, struct lx_maps *maps)
{
    int fd = fcntl(bpf_map__fd(lx_object_map(object, map)), F_DUPFD_CLOEXEC, 3);

    if (fd < 0)
        return -errno;
    maps->fds[map] = fd;
    return 0;
}

/* Opens the object of a program and loads it for the sake of its maps, without the program. */
static int load_maps(enum lx_program program, const struct lx_shape *shape, struct bpf_object **object)
{
    struct bpf_object *opened = lx_object_open(program, shape, false);
    int error = opened ? 0 : -errno;

    error = error ?: bpf_program__set_autoload(lx_object_program(opened, program), false);
    error = error ?: bpf_object__load(opened);
    if (error)
        bpf_object__close(opened);
    else
        *object = opened;
    return error;
}

static int create_to_role(struct lx_maps *maps)
{
    struct bpf_object *object = NULL;
    int error = load_maps(LX_PROGRAM_TO_ROLE_XDP, &maps->shape, &object);

    for (enum lx_map map = 0; map <= LX_MAP_TO_ROLE_PORTS && !error; map++)
        error = keep(object, map, maps);
    bpf_object__close(object);
    return error;
}

static int create_from_role(struct lx_maps *maps)
{
    struct bpf_object *object = NULL;
    int error = load_maps(LX_PROGRAM_FROM_ROLE_TC, &maps->shape, &object);

    for (enum lx_map map = LX_MAP_FROM_ROLE_COUNTERS; map < LX_MAP_COUNT && !error; map++)
        error = keep(object, map, maps);
    bpf_object__close(object);
    return error;
}

/* What an outsider would have to know to make two flows fall on one key. */
static int draw_key(const struct lx_maps *maps)
{
    struct lx_flow_gate *gate = calloc(1, sizeof(*gate));
    const uint32_t first = 0;
    int error = 0;

    if (!gate)
        return -ENOMEM;
    if (getrandom(gate->key, sizeof(gate->key), 0) != sizeof(gate->key))
        error = -errno;
    error = error ?: bpf_map_update_elem(maps->fds[LX_MAP_FLOW_GATE], &first, gate, BPF_ANY);
    free(gate);
    return error;
}

int lx_maps_create(const struct lx_shape *shape, struct lx_maps *maps, struct lx_failure *failure)
{
    struct lx_maps created = LX_MAPS_NONE;
    int error;

    created.shape = *shape;
    lx_kernel_log_begin();
    error = create_to_role(&created);
    if (shape->from_role)
        error = error ?: create_from_role(&created);
    error = error ?: draw_key(&created);
    if (error) {
        lx_maps_close(&created);
        return lx_fail_to_load(-error, failure);
    }
    *maps = created;
    return 0;
}

/* Whether a successor goes on with the old map. */
static bool inherits(enum lx_map map, const struct lx_maps *old, const struct lx_shape *shape)
{
    if (map == LX_MAP_IMAGES || map == LX_MAP_METADATA || map == LX_MAP_PEERS || old->fds[map] < 0)
        return false;
    return map != LX_MAP_FLOWS || old->shape.flows == shape->flows;
}

int lx_maps_succeed(const struct lx_maps *old, const struct lx_shape *shape, struct lx_maps *maps,
                    struct lx_failure *failure)
{
    struct lx_shape made = *shape;
    struct lx_maps next;
    int error = 0, fd;

    if (inherits(LX_MAP_FLOWS, old, shape))
        made.flows = 1; /* not to be used, so not to take memory */
    error = lx_maps_create(&made, &next, failure);
    if (error)
        return error;
    next.shape = *shape;
    for (enum lx_map map = 0; map < LX_MAP_COUNT && !error; map++) {
        if (!inherits(map, old, shape))
            continue;
        fd = fcntl(old->fds[map], F_DUPFD_CLOEXEC, 3);
        if (fd < 0) {
            error = lx_fail(failure, LX_EXIT_FAILED, errno, "cannot share the attachment's maps: %s", strerror(errno));
            continue;
        }
        if (next.fds[map] >= 0)
            close(next.fds[map]);
        next.fds[map] = fd;
    }
    if (error)
        lx_maps_close(&next);
    else
        *maps = next;
    return error;
}

int lx_maps_pin(const struct lx_maps *maps, const char *directory, struct lx_failure *failure)
{
    int error = 0;

    for (enum lx_map map = 0; map < LX_MAP_COUNT && !error; map++)
        if (map != LX_MAP_METADATA && maps->fds[map] >= 0)
            error = lx_pin_map(maps->fds[map], directory, lx_map_name(map), failure);
    return error;
}

static int read_metadata(int map, __u32 member, struct lx_metadata *metadata)
{
    struct lx_metadata read;

    if (bpf_map_lookup_elem(map, &member, &read))
        return -errno;
    if (read.magic != LX_MAGIC)
        return -EPROTO;
    *metadata = read;
    return 0;
}

static int open_metadata(const char *directory, bool writing)
{
    return lx_pin_open_map(directory, lx_map_name(LX_MAP_METADATA), writing, lx_map_kinds[LX_MAP_METADATA].key_size,
                           lx_map_kinds[LX_MAP_METADATA].value_size);
}

/* What shaped the maps, read off them. */
static int read_shape(struct lx_maps *maps, const struct lx_metadata *metadata)
{
    struct bpf_map_info flows = {0};
    __u32 length = sizeof(flows);

    if (bpf_obj_get_info_by_fd(maps->fds[LX_MAP_FLOWS], &flows, &length))
        return -errno;
    maps->shape = (struct lx_shape){
        .capacity = (uint32_t)metadata->image_capacity,
        .flows = flows.max_entries,
        .from_role = metadata->from_role,
        .paired = metadata->pair_ifindex != 0,
        .forward = metadata->forward,
        .behind = metadata->placement == LX_PLACEMENT_BEHIND,
    };
    for (enum lx_map map = LX_MAP_FROM_ROLE_COUNTERS; map < LX_MAP_COUNT; map++)
        if (metadata->from_role && maps->fds[map] < 0)
            return -ENODATA;
    return 0;
}

int lx_maps_open(const char *directory, bool writing, struct lx_maps *maps)
{
    struct lx_maps opened = LX_MAPS_NONE;
    struct lx_metadata metadata;
    int error, fd;

    /* The metadata is looked at first: it says whether the rest is there, and of this version. */
    opened.fds[LX_MAP_METADATA] = open_metadata(directory, writing);
    if (opened.fds[LX_MAP_METADATA] < 0)
        return opened.fds[LX_MAP_METADATA];
    error = lx_metadata_read(&opened, &metadata);
    for (enum lx_map map = 0; map < LX_MAP_COUNT && !error; map++) {
        if (map == LX_MAP_METADATA)
            continue;
        fd = lx_pin_open_map(directory, lx_map_name(map), writing, lx_map_kinds[map].key_size,
                             lx_map_kinds[map].value_size);
        if (fd >= 0)
            opened.fds[map] = fd;
        else if (map < LX_MAP_FROM_ROLE_COUNTERS || fd != -ENOENT)
            error = fd == -ENOENT ? -ENODATA : fd;
    }
    error = error ?: read_shape(&opened, &metadata);
    if (error == -ENODATA && lx_metadata_find(directory, &metadata) == -ENOENT)
        error = -ENOENT; /* it is being detached */
    if (error)
        lx_maps_close(&opened);
    else
        *maps = opened;
    return error;
}

void lx_maps_close(struct lx_maps *maps)
{
    for (enum lx_map map = 0; map < LX_MAP_COUNT; map++)
        if (maps->fds[map] >= 0)
            close(maps->fds[map]);
    *maps = LX_MAPS_NONE;
}

int lx_metadata_read(const struct lx_maps *maps, struct lx_metadata *metadata)
{
    struct lx_metadata read = {0};
    int error = read_metadata(maps->fds[LX_MAP_METADATA], 0, &read);

    if (error || read.abi_version != LX_ABI_VERSION)
        return error ?: -EPROTO;
    *metadata = read;
    return 0;
}

int lx_metadata_find(const char *directory, struct lx_metadata *metadata)
{
    int error, fd = open_metadata(directory, false);

    if (fd < 0)
        return fd;
    error = read_metadata(fd, 0, metadata);
    close(fd);
    return error;
}

void lx_members_read(int map, struct lx_members *members)
{
    members->count = 0;
    for (__u32 member = 1; member < LX_MEMBERS; member++)
        members->count += !read_metadata(map, member, &members->items[members->count]);
}

void lx_members_find(const char *directory, struct lx_members *members)
{
    int fd = open_metadata(directory, false);

    members->count = 0;
    if (fd < 0)
        return;
    lx_members_read(fd, members);
    close(fd);
}

int lx_metadata_open(const char *directory)
{
    return open_metadata(directory, true);
}

int lx_fail_to_open(int error, const char *directory, const char *what, struct lx_failure *failure)
{
    struct lx_metadata metadata = {0};
    char version[32] = "which this one cannot read";

    if (error == -ENODATA)
        return lx_fail(failure, LX_EXIT_FAILED, ENODATA,
                       "some of the pins of %s are gone from %s; what it filters by goes on, but nothing can change it "
                       "or show it; 'lyncxdp detach %s' takes off the rest, then attach it again",
                       what, directory, what);
    if (error != -EPROTO)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open the attachment of %s: %s", what, strerror(-error));
    if (!lx_metadata_find(directory, &metadata) && metadata.abi_version != LX_ABI_VERSION)
        snprintf(version, sizeof(version), "ABI %u, this is %d", metadata.abi_version, LX_ABI_VERSION);
    return lx_fail(failure, LX_EXIT_FAILED, EPROTO,
                   "%s was attached by an incompatible lyncxdp (%s), and is filtered on as that one left it; use that "
                   "one for it, or take it over with 'lyncxdp detach %s' and attach, unfiltered in between",
                   what, version, what);
}

int lx_control_read(const struct lx_maps *maps, uint64_t *word)
{
    struct lx_control control;
    const __u32 first = 0;

    if (bpf_map_lookup_elem(maps->fds[LX_MAP_CONTROL], &first, &control))
        return -errno;
    *word = control.word;
    return 0;
}

int lx_publication_read(const struct lx_maps *maps, uint32_t slot, struct lx_publication *publication)
{
    return bpf_map_lookup_elem(maps->fds[LX_MAP_PUBLICATIONS], &slot, publication) ? -errno : 0;
}

int lx_image_read(const struct lx_maps *maps, uint32_t slot, void *image)
{
    struct bpf_map_info info = {0};
    __u32 id, first = 0, length = sizeof(info);
    int error = 0, fd;

    if (bpf_map_lookup_elem(maps->fds[LX_MAP_IMAGES], &slot, &id))
        return -errno;
    fd = bpf_map_get_fd_by_id(id);
    if (fd < 0)
        return -errno;
    if (bpf_obj_get_info_by_fd(fd, &info, &length))
        error = -errno;
    else if (info.value_size != maps->shape.capacity + LX_IMAGE_SLACK)
        error = -EPROTO;
    else if (bpf_map_lookup_elem(fd, &first, image))
        error = -errno;
    close(fd);
    return error;
}

int lx_compiled_read(const struct lx_maps *maps, uint32_t slot, struct lx_compiled *compiled)
{
    void *image = calloc(1, (size_t)maps->shape.capacity + LX_IMAGE_SLACK);
    int error = image ? lx_image_read(maps, slot, image) : -ENOMEM;

    if (error)
        free(image);
    else
        *compiled = (struct lx_compiled){.image = image, .capacity = maps->shape.capacity};
    return error;
}

int lx_labels_read(const struct lx_maps *maps, struct lx_row_label labels[LX_ROW_SLOTS])
{
    __u32 keys[LX_ROW_SLOTS], position, count = LX_ROW_SLOTS;

    /* -ENOENT shows that there are no more. */
    if (bpf_map_lookup_batch(maps->fds[LX_MAP_LABELS], NULL, &position, keys, labels, &count, NULL) && errno != ENOENT)
        return -errno;
    if (count != LX_ROW_SLOTS)
        return -EIO;
    for (__u32 slot = 0; slot < LX_ROW_SLOTS; slot++) {
        labels[slot].id[sizeof(labels[slot].id) - 1] = '\0';
        labels[slot].source[sizeof(labels[slot].source) - 1] = '\0';
        labels[slot].override[sizeof(labels[slot].override) - 1] = '\0';
    }
    return 0;
}
