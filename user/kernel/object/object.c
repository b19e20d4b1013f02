/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens the objects through their skeletons, which know the layout of the constants, and gives their maps the sizes
 * that the attachment needs, or the attachment's own maps.
 */
#include "object.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <lyncxdp/flow.h>
#include <lyncxdp/image.h>

#include "from_role_tc.skel.h"
#include "from_role_xdp.skel.h"
#include "kernel_log.h"
#include "to_role_tc.skel.h"
#include "to_role_xdp.skel.h"

#define OLDEST_MAJOR 6
#define OLDEST_MINOR 1

/* All objects have the same constants, laid out as it pleased the compiler; the skeletons know how. */
#define CONSTANTS (sizeof(struct to_role_xdp__rodata))

struct layout {
    size_t image_mask, dry_run, paired, forward;
};

#define LAYOUT(object)                                                                                                 \
    {                                                                                                                  \
        offsetof(struct object##__rodata, image_mask), offsetof(struct object##__rodata, dry_run),                     \
            offsetof(struct object##__rodata, paired), offsetof(struct object##__rodata, forward)                      \
    }

_Static_assert(CONSTANTS == sizeof(struct from_role_tc__rodata) && CONSTANTS == sizeof(struct from_role_xdp__rodata) &&
                   CONSTANTS == sizeof(struct to_role_tc__rodata),
               "the same");

static const struct {
    const void *(*bytes)(size_t *size);
    struct layout layout;
} programs[LX_PROGRAM_COUNT] = {
    [LX_PROGRAM_TO_ROLE_XDP] = {to_role_xdp__elf_bytes, LAYOUT(to_role_xdp)},
    [LX_PROGRAM_FROM_ROLE_TC] = {from_role_tc__elf_bytes, LAYOUT(from_role_tc)},
    [LX_PROGRAM_FROM_ROLE_XDP] = {from_role_xdp__elf_bytes, LAYOUT(from_role_xdp)},
    [LX_PROGRAM_TO_ROLE_TC] = {to_role_tc__elf_bytes, LAYOUT(to_role_tc)},
};

const char *lx_program_name(enum lx_program program)
{
    return lx_program_hook(program) == LX_HOOK_TO_ROLE ? "lyncxdp_to_role" : "lyncxdp_from_role";
}

static struct bpf_object *open_bytes(enum lx_program program)
{
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = lx_program_pins[program]);
    const void *bytes;
    size_t size;

    bytes = programs[program].bytes(&size);
    return bpf_object__open_mem(bytes, size, &options);
}

struct bpf_program *lx_object_program(const struct bpf_object *object, enum lx_program program)
{
    return bpf_object__find_program_by_name(object, lx_program_name(program));
}

struct bpf_map *lx_object_map(const struct bpf_object *object, enum lx_map map)
{
    switch (map) {
    case LX_MAP_CONTROL:
        return bpf_object__find_map_by_name(object, ".data.control");
    case LX_MAP_FLOW_GATE:
        return bpf_object__find_map_by_name(object, ".data.flow_gate");
    case LX_MAP_TO_ROLE_COUNTERS:
    case LX_MAP_FROM_ROLE_COUNTERS:
        return bpf_object__find_map_by_name(object, "counters");
    case LX_MAP_TO_ROLE_PORTS:
    case LX_MAP_FROM_ROLE_PORTS:
        return bpf_object__find_map_by_name(object, "ports");
    default:
        return bpf_object__find_map_by_name(object, lx_map_name(map));
    }
}

static int shape_maps(struct bpf_object *object, const struct lx_shape *shape)
{
    struct bpf_map *image = bpf_map__inner_map(lx_object_map(object, LX_MAP_IMAGES));
    __u32 cpus = (__u32)libbpf_num_possible_cpus();
    int error = bpf_map__set_value_size(image, shape->capacity + LX_IMAGE_SLACK);

    error = error ?: bpf_map__set_max_entries(lx_object_map(object, LX_MAP_TO_ROLE_COUNTERS), cpus);
    error = error ?: bpf_map__set_max_entries(lx_object_map(object, LX_MAP_TO_ROLE_PORTS), lx_port_page(cpus, 0, 0));
    error = error ?: bpf_map__set_max_entries(lx_object_map(object, LX_MAP_COMPARISONS), cpus);
    error = error ?: bpf_map__set_max_entries(lx_object_map(object, LX_MAP_SAMPLE_COUNTS), cpus);
    return error ?: bpf_map__set_max_entries(lx_object_map(object, LX_MAP_FLOWS), shape->flows);
}

static int set_constants(struct bpf_object *object, enum lx_program program, const struct lx_shape *shape, bool dry_run)
{
    const struct layout *layout = &programs[program].layout;
    struct bpf_map *rodata = bpf_object__find_map_by_name(object, ".rodata");
    const __u32 image_mask = shape->capacity - 1;
    unsigned char constants[CONSTANTS] = {0};

    if (bpf_map__value_size(rodata) > sizeof(constants))
        return -EPROTO;
    memcpy(constants + layout->image_mask, &image_mask, sizeof(image_mask));
    constants[layout->dry_run] = dry_run;
    constants[layout->paired] = shape->paired;
    constants[layout->forward] = shape->forward;
    return bpf_map__set_initial_value(rodata, constants, bpf_map__value_size(rodata));
}

struct bpf_object *lx_object_open(enum lx_program program, const struct lx_shape *shape, bool dry_run)
{
    struct bpf_object *object = open_bytes(program);
    int error;

    if (!object)
        return NULL;
    error = set_constants(object, program, shape, dry_run);
    error = error ?: shape_maps(object, shape);
    if (lx_program_hook(program) == LX_HOOK_TO_ROLE)
        error = error ?: bpf_map__set_autocreate(lx_object_map(object, LX_MAP_OWN_PORTS), false);
    if (!error)
        return object;
    bpf_object__close(object);
    errno = -error;
    return NULL;
}

/* Lets `map` be an existing one. libbpf takes whatever it is given, so the shapes are compared here. */
static int share(struct bpf_map *map, int fd)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);

    if (bpf_obj_get_info_by_fd(fd, &info, &length))
        return -errno;
    if (info.type == BPF_MAP_TYPE_DEVMAP)
        info.map_flags &= ~(__u32)BPF_F_RDONLY_PROG; /* the kernel adds it by itself */
    if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
        info.value_size != bpf_map__value_size(map) || info.max_entries != bpf_map__max_entries(map) ||
        info.map_flags != bpf_map__map_flags(map))
        return -EPROTO;
    return bpf_map__reuse_fd(map, fd);
}

struct bpf_object *lx_object_open_over(enum lx_program program, const struct lx_maps *maps, bool dry_run)
{
    struct bpf_object *object = lx_object_open(program, &maps->shape, dry_run);
    enum lx_hook hook = lx_program_hook(program);
    int error = 0;

    if (!object)
        return NULL;
    for (enum lx_map map = 0; map < LX_MAP_TO_ROLE_COUNTERS && !error; map++) {
        /* A devmap belongs to programs of one kind; under a dispatcher the dry run is of another, and forwards nothing.
         */
        if (map == LX_MAP_PEERS && dry_run)
            continue;
        error = share(lx_object_map(object, map), maps->fds[map]);
    }
    error = error ?: share(lx_object_map(object, lx_map_of_counters(hook)), maps->fds[lx_map_of_counters(hook)]);
    error = error ?: share(lx_object_map(object, lx_map_of_ports(hook)), maps->fds[lx_map_of_ports(hook)]);
    if (hook == LX_HOOK_FROM_ROLE)
        error = error ?: share(lx_object_map(object, LX_MAP_OWN_PORTS), maps->fds[LX_MAP_OWN_PORTS]);
    if (!error)
        return object;
    bpf_object__close(object);
    errno = -error;
    return NULL;
}

int lx_fail_to_load(int error, struct lx_failure *failure)
{
    unsigned major = 0, minor = 0;
    struct utsname name;

    uname(&name);
    if (sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
        (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)))
        return lx_fail(failure, LX_EXIT_FAILED, error, "Linux %s is too old: lyncxdp needs %d.%d or later",
                       name.release, OLDEST_MAJOR, OLDEST_MINOR);
    if (error == EPERM)
        return lx_fail(failure, LX_EXIT_FAILED, error,
                       "the kernel does not let this process load BPF programs (%s); lyncxdp needs CAP_BPF and "
                       "CAP_NET_ADMIN of the host, outside any container, and no lockdown",
                       strerror(error));
    if (error == ENOMEM || lx_failure_cause(error))
        return lx_fail(failure, LX_EXIT_FAILED, error, "cannot load the program: %s", strerror(error));
    return lx_fail(failure, LX_EXIT_FAILED, error,
                   "the kernel (Linux %s) refuses the program: %s; please report this with the lines below\n%s",
                   name.release, strerror(error), lx_kernel_log());
}
