/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads each hook's program twice over one set of maps, and lets libxdp put the to-role one on the interface: natively
 * where the driver can, else (and only when asked to choose) in the generic path.
 */
#include "program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <xdp/libxdp.h>

#include "from_role.skel.h"
#include "kernel_log.h"
#include "to_role.skel.h"

#define OLDEST_MAJOR 6
#define OLDEST_MINOR 1

#define TO_ROLE_PROGRAM "lyncxdp_to_role"
#define FROM_ROLE_PROGRAM "lyncxdp_from_role"

static const char *const program_names[LX_HOOK_COUNT] = {TO_ROLE_PROGRAM, FROM_ROLE_PROGRAM};

static const char *const shared_names[LX_SHARED_MAP_COUNT] = {
    [LX_MAP_CONTROL] = ".data.control", [LX_MAP_IMAGES] = "images",       [LX_MAP_FLOWS] = "flows",
    [LX_MAP_FLOW_GATE] = "flow_gate",   [LX_MAP_FRAGMENTS] = "fragments", [LX_MAP_LABELS] = "labels",
    [LX_MAP_METADATA] = "metadata",
};

/* Both objects have the same constants; the skeletons know their layout. */
_Static_assert(sizeof(struct to_role__rodata) == sizeof(struct from_role__rodata), "one layout");
_Static_assert(offsetof(struct to_role__rodata, twin) == offsetof(struct from_role__rodata, twin), "one layout");

static struct bpf_object *open_bytes(enum lx_hook hook)
{
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = hook == LX_HOOK_TO_ROLE ? "to_role" : "from_role");
    const void *bytes;
    size_t size;

    bytes = hook == LX_HOOK_TO_ROLE ? to_role__elf_bytes(&size) : from_role__elf_bytes(&size);
    return bpf_object__open_mem(bytes, size, &options);
}

static struct bpf_map *map_of(struct bpf_object *object, const char *name)
{
    return bpf_object__find_map_by_name(object, name);
}

static int map_fd(struct bpf_object *object, const char *name)
{
    return bpf_map__fd(map_of(object, name));
}

/* Opens an object and sets what must be set before loading: the constants, and the shapes of the maps. */
static struct bpf_object *open_object(enum lx_hook hook, const struct lx_shape *shape, bool twin)
{
    const struct to_role__rodata constants = {.twin = twin, .image_mask = shape->capacity - 1};
    struct bpf_object *object = open_bytes(hook);
    struct bpf_map *rodata;
    int error;

    if (!object)
        return NULL;
    rodata = map_of(object, ".rodata");
    error = bpf_map__value_size(rodata) <= sizeof(constants) ? 0 : -EPROTO;
    error = error ?: bpf_map__set_initial_value(rodata, &constants, bpf_map__value_size(rodata));
    error = error
                ?: bpf_map__set_value_size(bpf_map__inner_map(map_of(object, shared_names[LX_MAP_IMAGES])),
                                           shape->capacity + LX_IMAGE_SLACK);
    error = error ?: bpf_map__set_max_entries(map_of(object, "counters"), libbpf_num_possible_cpus());
    error = error ?: bpf_map__set_max_entries(map_of(object, shared_names[LX_MAP_FLOWS]), shape->flows);
    if (!error)
        return object;
    bpf_object__close(object);
    errno = -error;
    return NULL;
}

static int fail_to_load(int error, struct lx_failure *failure)
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
    return lx_fail(failure, LX_EXIT_FAILED, error,
                   "the kernel (Linux %s) refuses the program: %s; please report this with the lines below\n%s",
                   name.release, strerror(error), lx_kernel_log());
}

/* Lets `map` be an existing one. libbpf takes whatever it is given, so the shapes are compared here. */
static int share(struct bpf_map *map, int fd)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);

    if (bpf_obj_get_info_by_fd(fd, &info, &length))
        return -errno;
    if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
        info.value_size != bpf_map__value_size(map) || info.max_entries != bpf_map__max_entries(map) ||
        info.map_flags != bpf_map__map_flags(map))
        return -EPROTO;
    return bpf_map__reuse_fd(map, fd);
}

/* A program over the twins' maps, not loaded yet. The first twin of all has no counters to share: `counters` is -1. */
static struct bpf_object *open_over(enum lx_hook hook, const struct lx_twins *twins, bool twin, int counters)
{
    struct bpf_object *object = open_object(hook, &twins->shape, twin);
    int error = 0;

    if (!object)
        return NULL;
    for (size_t i = 0; i < LX_SHARED_MAP_COUNT && !error; i++)
        error = share(map_of(object, shared_names[i]), twins->maps[i]);
    if (counters >= 0)
        error = error ?: share(map_of(object, "counters"), counters);
    if (!error)
        return object;
    bpf_object__close(object);
    errno = -error;
    return NULL;
}

static int program_fd(struct bpf_object *object, enum lx_hook hook)
{
    return bpf_program__fd(bpf_object__find_program_by_name(object, program_names[hook]));
}

static int load_twin(struct lx_twins *twins, enum lx_hook hook, struct lx_failure *failure)
{
    struct bpf_object *object;
    int error;

    lx_kernel_log_begin();
    object = hook == LX_HOOK_TO_ROLE ? open_object(hook, &twins->shape, true) : open_over(hook, twins, true, -1);
    if (!object)
        return fail_to_load(errno, failure);
    twins->objects[hook] = object;
    error = bpf_object__load(object);
    if (error)
        return fail_to_load(-error, failure);
    twins->programs[hook] = program_fd(object, hook);
    twins->counters[hook] = map_fd(object, "counters");
    return 0;
}

int lx_twins_load(const struct lx_shape *shape, bool from_role, struct lx_twins *twins, struct lx_failure *failure)
{
    struct lx_twins loaded = {.shape = *shape, .programs = {-1, -1}, .counters = {-1, -1}};
    int error = load_twin(&loaded, LX_HOOK_TO_ROLE, failure);

    for (size_t i = 0; i < LX_SHARED_MAP_COUNT && !error; i++)
        loaded.maps[i] = map_fd(loaded.objects[LX_HOOK_TO_ROLE], shared_names[i]);
    if (from_role)
        error = error ?: load_twin(&loaded, LX_HOOK_FROM_ROLE, failure);
    if (error)
        lx_twins_free(&loaded);
    else
        *twins = loaded;
    return error;
}

void lx_twins_free(struct lx_twins *twins)
{
    for (int hook = 0; hook < LX_HOOK_COUNT; hook++)
        bpf_object__close(twins->objects[hook]);
    *twins = (struct lx_twins){0};
}

int lx_program_load_from_role(const struct lx_twins *twins, struct lx_failure *failure)
{
    struct bpf_object *object;
    int error, fd = -1;

    lx_kernel_log_begin();
    object = open_over(LX_HOOK_FROM_ROLE, twins, false, twins->counters[LX_HOOK_FROM_ROLE]);
    if (!object)
        return fail_to_load(errno, failure);
    error = bpf_object__load(object);
    if (!error) {
        fd = fcntl(program_fd(object, LX_HOOK_FROM_ROLE), F_DUPFD_CLOEXEC, 3);
        error = fd < 0 ? -errno : 0;
    }
    bpf_object__close(object);
    return error ? fail_to_load(-error, failure) : fd;
}

/* One attempt in one mode, with an object of its own: libxdp may have loaded that of a failed one as something else. */
static int attach_once(const struct lx_twins *twins, unsigned ifindex, enum xdp_attach_mode mode)
{
    struct xdp_program *program = NULL;
    struct bpf_object *object;
    int error, fd = -1;

    lx_kernel_log_begin();
    object = open_over(LX_HOOK_TO_ROLE, twins, false, twins->counters[LX_HOOK_TO_ROLE]);
    if (!object)
        return -errno;
    DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = object, .prog_name = TO_ROLE_PROGRAM);
    program = xdp_program__create(&options);
    error = libxdp_get_error(program);
    if (error) {
        program = NULL;
        goto out;
    }
    /* Jumbo frames: libbpf reads it from the section's name, libxdp's dispatcher must be told. */
    error = xdp_program__set_xdp_frags_support(program, true);
    error = error ?: xdp_program__attach(program, ifindex, mode, 0);
    if (error)
        goto out;
    fd = fcntl(xdp_program__fd(program), F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        error = -errno;
        xdp_program__detach(program, ifindex, mode, 0);
    }
out:
    xdp_program__close(program);
    bpf_object__close(object);
    return error ?: fd;
}

/* Errors that another mode would only meet again. */
static bool hopeless(int error)
{
    return error == -EBUSY || error == -EEXIST || error == -EPERM || error == -EACCES || error == -ENODEV;
}

int lx_program_attach(const struct lx_twins *twins, const struct lx_interface *interface, enum lx_mode_choice choice,
                      struct lx_failure *failure)
{
    const char *mode = choice == LX_MODE_ONLY_GENERIC ? "generic" : "native";
    int fd = -EOPNOTSUPP;

    if (choice != LX_MODE_ONLY_GENERIC)
        fd = attach_once(twins, interface->index, XDP_MODE_NATIVE);
    if (choice == LX_MODE_ONLY_GENERIC || (choice == LX_MODE_AUTO && fd < 0 && !hopeless(fd))) {
        mode = "generic";
        fd = attach_once(twins, interface->index, XDP_MODE_SKB);
    }
    if (fd >= 0)
        return fd;
    return lx_fail(failure, fd == -EBUSY || fd == -EEXIST ? LX_EXIT_BUSY : LX_EXIT_FAILED, -fd,
                   "cannot attach to %s in %s mode: %s%s%s%s", interface->name, mode, strerror(-fd),
                   choice == LX_MODE_ONLY_NATIVE ? "; leave the mode to lyncxdp, or ask for generic" : "",
                   *lx_kernel_log() ? "\n" : "", lx_kernel_log());
}
